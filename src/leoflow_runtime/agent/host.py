"""The host agent: one for all DAGs of a machine, attached to the control plane as long as it lives."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from leoflow_runtime.agent.child_requests import ChildRequests
from leoflow_runtime.agent.control import ControlPlane, LaunchSession, backoff, bearer
from leoflow_runtime.agent.narration import narrate
from leoflow_runtime.agent.settings import Bounds, HostSettings
from leoflow_runtime.agent.spool import Spool
from leoflow_runtime.agent.supervision import Supervision
from leoflow_runtime.agent.zygotes import PROGRAM, ZygotePool
from leoflow_runtime.wire import agent_pb2 as wire

# A launch that was given longer ago, in seconds, is asked about before it starts: this agent may have been
# frozen, and the launch cleared meanwhile.
_FRESH_SECONDS = 0.5
# How long a task of an earlier agent is kept waiting for its launch to be taken over.
_ADOPTION_SECONDS = 60.0
_REFUSALS = {
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED,
}


class TokenRefused(Exception):
    """The control plane does not know this agent's host token."""


class HostAgent:
    """Runs until it is told to leave, or nobody needs it any more."""

    def __init__(
        self,
        settings: HostSettings,
        spool: Spool,
        *,
        agent_version: str,
        bounds: Bounds | None = None,
        program: Path = PROGRAM,
    ) -> None:
        self._settings = settings
        self._spool = spool
        self._bounds = bounds or Bounds(heartbeat_seconds=settings.heartbeat_seconds)
        self._control = ControlPlane(settings.server, agent_version=agent_version)
        self._zygotes = ZygotePool(
            limit=settings.max_zygotes,
            idle_seconds=settings.idle_zygote_seconds,
            clock=time.monotonic,
            program=program,
        )
        self._launches: dict[int, Supervision] = {}
        # The newest token of each launch that is about to be opened.
        self._opening: dict[int, str] = {}
        self._arrived = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._capacity = asyncio.Semaphore(settings.capacity)
        self._leaving = asyncio.Event()
        self._shutting_down = False
        self._stream: grpc.aio.UnaryStreamCall[Any, Any] | None = None
        self._last_contact = time.monotonic()
        # By how many seconds this clock is ahead of the control plane's, at most: the quickest order told.
        self._ahead = math.inf
        self._active = asyncio.Event()
        self._refused: TokenRefused | None = None

    async def run(self) -> None:
        """Raises `TokenRefused` if the control plane does not know the host token."""
        requests = ChildRequests(self._find)
        await requests.start(self._spool.socket_path)
        for work in (self._stay_attached(), self._tick(), self._heartbeat(), self._watch_idleness()):
            self._start(work)
        try:
            await self._leaving.wait()
        finally:
            requests.close()
            await self._wind_down()
        if self._refused is not None:
            raise self._refused

    def leave(self) -> None:
        """Leaves at once: tasks go on, and the next agent on this spool takes them over."""
        self._leaving.set()

    async def _wind_down(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._zygotes.retire_all()
        await self._control.close()

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            narrate("error", f"Part of the agent failed: {type(error).__name__}: {error}", error=error)

    # --- the standing connection

    async def _stay_attached(self) -> None:
        waits = backoff()
        while True:
            stub = self._control.stub
            try:
                async for command in self._attach():
                    waits = backoff()
                    self._last_contact = time.monotonic()
                    self._obey(command)
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                    self._refused = TokenRefused("The control plane does not accept this agent's host token.")
                    self._leaving.set()
                    return
                self._control.turn_from(stub, error)
            except asyncio.CancelledError:
                if self._leaving.is_set() or self._stream is None or not self._stream.cancelled():
                    raise
            await asyncio.sleep(next(waits))

    async def _attach(self) -> AsyncIterator[wire.HostCommand]:
        held = {directory.launch_id for directory in self._spool.held()}
        request = wire.AttachRequest(
            agent_version=self._control.agent_version,
            hostname=self._control.hostname,
            pid=os.getpid(),
            held_launches=sorted(held),
            capacity=self._settings.capacity,
            takes_opened=True,
        )
        self._stream = self._control.stub.Attach(request, metadata=bearer(self._settings.host_token))
        async for command in self._stream:
            yield command

    def _session_lost(self, session: LaunchSession, reason: str) -> None:
        """A control plane that restarted gives new tokens to who attaches again."""
        self._attach_again()

    def _attach_again(self) -> None:
        if self._stream is not None:
            self._stream.cancel()

    def _obey(self, command: wire.HostCommand) -> None:
        kind = command.WhichOneof("command")
        if kind == "attached":
            self._ahead = time.time() - command.attached.now
            for start in command.attached.adopted:
                self._start(self._readmit(start))
            for launch_id in command.attached.abandoned:
                self._start(self._abandon(launch_id))
        elif kind == "start":
            self._start(self._begin(command.start))
        elif kind == "stop":
            launch = self._launches.get(command.stop.launch_id)
            if launch is not None:
                launch.stop(command.stop.reason)
        elif kind == "shutdown":
            self._shutting_down = True
            for launch in self._launches.values():
                launch.shut_down()
            self._leave_when_done()

    # --- launches

    async def _begin(self, start: wire.StartLaunch) -> None:
        if start.HasField("opened"):
            await self._take(start.opened, start.given_at)
        else:
            await self._ask_and_begin(start)

    async def _take(self, opened: wire.OpenReply, given_at: float) -> None:
        """A launch that is this agent's: it has to be seen to its end, whatever happens here."""
        spec = opened.launch
        self._ahead = min(self._ahead, time.time() - given_at)
        launch = self._launches.get(spec.launch_id)
        if launch is not None:
            launch.session.renew(opened.session)
            return
        if not self._spool.knows(spec):
            self._attach_again()  # a new connection carries documents anew, and the launch again
            return
        directory = self._spool.take(spec)
        if directory is None:
            return  # an earlier agent's: it is adopted under a session of its own
        launch = self._supervise(opened, directory)
        self._stop_if_shutting_down(launch)
        await self._see_through(launch, self._in_turn(launch, given_at))

    async def _in_turn(self, launch: Supervision, given_at: float) -> None:
        async with self._capacity:
            await launch.run(ask_first=time.time() - self._ahead - given_at > _FRESH_SECONDS)

    async def _ask_and_begin(self, start: wire.StartLaunch) -> None:
        launch_id = start.launch_id
        if self._shutting_down or self._spool.directory(launch_id).path.exists():
            return
        if launch_id in self._opening:
            self._opening[launch_id] = start.launch_token
            return
        self._opening[launch_id] = start.launch_token
        try:
            async with self._capacity:
                reply = await self._open(launch_id, lambda: self._opening[launch_id])
                directory = self._spool.take(reply.launch) if reply is not None else None
                if reply is None or directory is None:
                    return
                launch = self._supervise(reply, directory)
                self._stop_if_shutting_down(launch)
                await self._see_through(launch, launch.run())
        finally:
            del self._opening[launch_id]

    def _stop_if_shutting_down(self, launch: Supervision) -> None:
        """A launch may be opened while the word to shut down arrives."""
        if self._shutting_down:
            launch.shut_down()

    async def _readmit(self, start: wire.StartLaunch) -> None:
        """A launch that this agent or an earlier one holds gets a session again."""
        reply = await self._open(start.launch_id, lambda: start.launch_token)
        if reply is None:
            return
        launch = self._launches.get(start.launch_id)
        if launch is not None:
            launch.session.renew(reply.session)
            return
        directory = self._spool.directory(start.launch_id)
        if directory.path.exists():
            launch = self._supervise(reply, directory)
            await self._see_through(launch, launch.adopt())

    async def _abandon(self, launch_id: int) -> None:
        launch = self._launches.get(launch_id)
        if launch is not None:
            launch.forget("the control plane has given it up")
            return
        directory = self._spool.directory(launch_id)
        if directory.path.exists():
            session = LaunchSession(self._control, launch_id, "", self._session_lost)
            session.abandon("the control plane has given it up")
            launch = self._supervision(wire.LaunchSpec(launch_id=launch_id), session)
            self._launches[launch_id] = launch
            launch.forget("the control plane has given it up")
            await self._see_through(launch, launch.adopt())

    async def _open(self, launch_id: int, newest_token: Callable[[], str]) -> wire.OpenReply | None:
        """None if the token is no longer good: then the control plane knows what became of the launch.

        An answer that was lost may have spent the token; attaching again gives another.
        """
        unanswered: set[str] = set()
        for wait in backoff():
            token, stub = newest_token(), self._control.stub
            try:
                return await self._control.open(token, bearer(self._settings.host_token))
            except grpc.aio.AioRpcError as error:
                self._control.turn_from(stub, error)
                if error.code() not in _REFUSALS:
                    unanswered.add(token)
                elif newest_token() == token:
                    narrate("warning", f"Launch {launch_id} cannot be opened: {error.details()}")
                    if token in unanswered:
                        self._attach_again()
                    return None
            await asyncio.sleep(wait)
        return None

    def _supervise(self, reply: wire.OpenReply, directory: Any) -> Supervision:
        session = LaunchSession(self._control, reply.launch.launch_id, reply.session, self._session_lost)
        launch = self._supervision(reply.launch, session)
        self._launches[launch.launch_id] = launch
        return launch

    def _supervision(self, spec: wire.LaunchSpec, session: LaunchSession) -> Supervision:
        return Supervision(
            spec=spec,
            directory=self._spool.directory(spec.launch_id),
            session=session,
            zygotes=self._zygotes,
            bounds=self._bounds,
        )

    async def _see_through(self, launch: Supervision, work: Coroutine[Any, Any, Any]) -> None:
        self._active.set()
        self._arrived.set()
        self._arrived = asyncio.Event()
        try:
            await work
        finally:
            del self._launches[launch.launch_id]
            if not self._launches:
                self._active.clear()
            self._leave_when_done()

    def _leave_when_done(self) -> None:
        if self._shutting_down and not self._launches:
            self._leaving.set()

    async def _find(self, launch_id: int) -> Supervision:
        try:
            async with asyncio.timeout(_ADOPTION_SECONDS):
                while (launch := self._launches.get(launch_id)) is None:
                    if not self._spool.directory(launch_id).path.exists():
                        raise LookupError(f"There is no launch {launch_id}.")
                    await self._arrived.wait()
        except TimeoutError:
            raise LookupError(f"Launch {launch_id} has not been taken over yet.") from None
        return launch

    # --- the clockwork

    async def _tick(self) -> None:
        while True:
            await self._active.wait()
            for launch in list(self._launches.values()):
                launch.tick()
            await asyncio.sleep(self._bounds.tick_seconds)

    async def _heartbeat(self) -> None:
        while True:
            await self._active.wait()
            await asyncio.sleep(self._bounds.heartbeat_seconds)
            request = wire.HeartbeatRequest(launch_ids=sorted(self._launches))
            if not request.launch_ids:
                continue
            try:
                reply = await self._control.stub.Heartbeat(
                    request,
                    metadata=bearer(self._settings.host_token),
                    timeout=self._bounds.heartbeat_seconds,
                )
            except grpc.aio.AioRpcError:
                continue  # the standing connection notices outages; a heartbeat has nothing to add
            self._last_contact = time.monotonic()
            for stop in reply.stop:
                launch = self._launches.get(stop.launch_id)
                if launch is not None:
                    launch.stop(stop.reason)

    async def _watch_idleness(self) -> None:
        pause = min(self._settings.idle_zygote_seconds, self._settings.orphan_seconds) / 4
        while True:
            await asyncio.sleep(pause)
            self._zygotes.retire_idle()
            if self._stream is not None and not self._stream.done():
                self._last_contact = time.monotonic()
            alone = time.monotonic() - self._last_contact > self._settings.orphan_seconds
            if alone and not self._launches and not self._spool.held():
                narrate("info", "The control plane is gone and nothing is left to do.")
                self._leaving.set()
