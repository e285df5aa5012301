"""The agent as process 1 of a pod: one launch, given by a token, then it leaves."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import grpc
import grpc.aio

from leoflow_runtime.agent.child_requests import ChildRequests
from leoflow_runtime.agent.control import ControlPlane, LaunchSession, backoff, bearer
from leoflow_runtime.agent.narration import narrate
from leoflow_runtime.agent.settings import Bounds, PodSettings
from leoflow_runtime.agent.spool import Spool
from leoflow_runtime.agent.supervision import Supervision
from leoflow_runtime.agent.zygotes import PROGRAM, ZygotePool
from leoflow_runtime.wire import agent_pb2 as wire


class LaunchNotGiven(Exception):
    """The control plane does not give out the launch; the text is one sentence that says why."""


class PodAgent:
    """One launch."""

    def __init__(
        self,
        settings: PodSettings,
        spool: Spool,
        *,
        agent_version: str,
        bounds: Bounds | None = None,
        program: Path = PROGRAM,
    ) -> None:
        self._program = program
        self._settings = settings
        self._spool = spool
        self._bounds = bounds
        # Many pods, spread over the replicas.
        begin = random.randrange(1024)  # noqa: S311 (not a secret)
        self._control = ControlPlane(settings.server, agent_version=agent_version, begin=begin)
        self._launch: Supervision | None = None
        self._stopped: str | None = None

    async def run(self) -> wire.Outcome | None:
        """The outcome that was reported; None if the launch was no longer current.

        Raises `LaunchNotGiven`.
        """
        loop = asyncio.get_running_loop()
        reply = await self._open()
        spec = reply.launch
        directory = self._spool.take(spec)
        if directory is None:
            raise LaunchNotGiven(f"Launch {spec.launch_id} has been begun in this spool before.")
        bounds = self._bounds or Bounds(heartbeat_seconds=spec.heartbeat_seconds or 5.0)
        session = LaunchSession(self._control, spec.launch_id, reply.session, _no_second_token)
        zygotes = ZygotePool(limit=1, idle_seconds=0.0, clock=loop.time, program=self._program)
        launch = self._launch = Supervision(
            spec=spec, directory=directory, session=session, zygotes=zygotes, bounds=bounds
        )
        if self._stopped is not None:
            launch.stop(self._stopped)
        requests = ChildRequests(self._find)
        await requests.start(self._spool.socket_path)
        clockwork = [
            asyncio.create_task(self._tick(launch, bounds)),
            asyncio.create_task(self._heartbeat(launch, reply.session, bounds)),
        ]
        try:
            return await launch.run()
        finally:
            for task in clockwork:
                task.cancel()
            requests.close()
            zygotes.retire_all()
            await self._control.close()

    def stop(self, reason: str) -> None:
        """The pod is being deleted: the task is stopped and its end reported."""
        self._stopped = reason
        if self._launch is not None:
            self._launch.stop(reason)

    async def _open(self) -> wire.OpenReply:
        waits = backoff()
        while True:
            stub = self._control.stub
            try:
                return await self._control.open(self._settings.launch_token)
            except grpc.aio.AioRpcError as error:
                self._control.turn_from(stub, error)
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise LaunchNotGiven(
                        f"The control plane does not give out this launch: {error.details()}."
                    ) from error
                if self._stopped is not None:
                    raise LaunchNotGiven(f"No launch was begun: {self._stopped}.") from error
                narrate("warning", f"The control plane at {self._settings.server} cannot be reached yet.")
            await asyncio.sleep(next(waits))

    async def _find(self, launch_id: int) -> Supervision:
        if self._launch is None or self._launch.launch_id != launch_id:
            raise LookupError(f"There is no launch {launch_id}.")
        return self._launch

    async def _tick(self, launch: Supervision, bounds: Bounds) -> None:
        while True:
            launch.tick()
            await asyncio.sleep(bounds.tick_seconds)

    async def _heartbeat(self, launch: Supervision, session: str, bounds: Bounds) -> None:
        request = wire.HeartbeatRequest(launch_ids=[launch.launch_id])
        while True:
            await asyncio.sleep(bounds.heartbeat_seconds)
            stub = self._control.stub
            try:
                reply = await stub.Heartbeat(
                    request, metadata=bearer(session), timeout=bounds.heartbeat_seconds
                )
            except grpc.aio.AioRpcError as error:
                self._control.turn_from(stub, error)
                continue  # an outage: reports and logs are retried, and a task need not notice
            for stop in reply.stop:
                launch.stop(stop.reason)


def _no_second_token(session: LaunchSession, reason: str) -> None:
    """A pod's token was exchanged once; without its session there is nothing left to say."""
    session.abandon(reason)
