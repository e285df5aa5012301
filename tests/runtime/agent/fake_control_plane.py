"""A strict control plane in memory: what an agent does against the contract fails its test.

Tokens are exchanged once, sessions are forgotten by `restart`, offsets of logs must meet, an outcome is
taken once. Breaches are collected in `breaches`; the fixture fails a test that left any.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio

from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_runtime.wire import agent_pb2_grpc

HOST_TOKEN = "the-host-token"


@dataclass(kw_only=True)
class KnownLaunch:
    spec: wire.LaunchSpec
    current: bool = True
    log: bytes = b""
    log_final: bool = False
    started: list[wire.StartedRequest] = field(default_factory=list)
    deferred: list[tuple[bool, str]] = field(default_factory=list)
    reports: list[wire.FinishedRequest] = field(default_factory=list)
    opened: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class FakeControlPlane(agent_pb2_grpc.AgentServiceServicer):
    def __init__(self) -> None:
        self.launches: dict[int, KnownLaunch] = {}
        self.breaches: list[str] = []
        self.refused: list[wire.FinishedRequest] = []
        self.attachments: list[wire.AttachRequest] = []
        self.heartbeats: list[list[int]] = []
        self.to_stop: dict[int, str] = {}
        self.calls: dict[str, int] = defaultdict(int)
        self.variables: dict[str, str] = {}
        self.xcoms: list[wire.Input] = []
        self.lose_next_open = False
        self.log_outage = False
        self.log_capacity: int | None = None
        self.host_token = HOST_TOKEN
        self.port = 0
        self._tokens: dict[str, int] = {}
        self._sessions: dict[str, int] = {}
        self._streams: list[asyncio.Queue[wire.HostCommand | None]] = []
        self._counter = 0
        self._changed = asyncio.Event()
        self._server: grpc.aio.Server | None = None

    # --- what tests do

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = grpc.aio.server()
        agent_pb2_grpc.add_AgentServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def vanish(self) -> None:
        """As if killed: every connection breaks, every session and unused token is forgotten."""
        self.break_connections()
        self._sessions.clear()
        self._tokens.clear()
        assert self._server is not None
        await self._server.stop(0)

    def forget_sessions(self) -> None:
        self._sessions.clear()

    def break_connections(self) -> None:
        """Ends the standing connections, and nothing else."""
        for stream in self._streams:
            stream.put_nowait(None)
        self._streams.clear()

    def know(self, spec: wire.LaunchSpec) -> KnownLaunch:
        known = self.launches[spec.launch_id] = KnownLaunch(spec=spec)
        return known

    def token(self, launch_id: int) -> str:
        self._counter += 1
        token = f"token-{launch_id}-{self._counter}"
        self._tokens[token] = launch_id
        return token

    def launch(self, spec: wire.LaunchSpec) -> KnownLaunch:
        known = self.know(spec)
        self.command(
            start=wire.StartLaunch(launch_id=spec.launch_id, launch_token=self.token(spec.launch_id))
        )
        return known

    def give(
        self, spec: wire.LaunchSpec, *, with_document: bool = True, seconds_ago: float = 0.0
    ) -> KnownLaunch:
        """Opened for the agent already."""
        known = self.know(spec)
        given = wire.LaunchSpec()
        given.CopyFrom(spec)
        if not with_document:
            given.ClearField("dag_json")
        session = f"session-{self.token(spec.launch_id)}"
        self._sessions[session] = spec.launch_id
        known.opened += 1
        opened = wire.OpenReply(session=session, launch=given)
        given_at = time.time() - seconds_ago
        self.command(start=wire.StartLaunch(launch_id=spec.launch_id, opened=opened, given_at=given_at))
        return known

    def command(self, **command: Any) -> None:
        for stream in self._streams:
            stream.put_nowait(wire.HostCommand(**command))

    async def until(self, condition: Any, *, seconds: float = 60.0) -> None:
        """Waits until `condition()` holds, looking whenever something was received."""
        async with asyncio.timeout(seconds):
            while not condition():
                changed = self._changed
                await changed.wait()

    async def finished(self, launch_id: int, *, seconds: float = 60.0) -> wire.FinishedRequest:
        known = self.launches[launch_id]
        await self.until(lambda: known.reports and known.log_final, seconds=seconds)
        return known.reports[0]

    def lines(self, launch_id: int) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.launches[launch_id].log.splitlines()]

    def output(self, launch_id: int) -> list[str]:
        """What the task itself wrote."""
        return [line["event"] for line in self.lines(launch_id) if line["logger"] != "leoflow.agent"]

    # --- the contract

    def _note(self, call: str) -> None:
        self.calls[call] += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def _refuse(self, context: Any, code: grpc.StatusCode, why: str) -> None:
        await context.abort(code, why)

    def _bearer(self, context: Any) -> str:
        metadata = dict(context.invocation_metadata())
        return metadata.get("authorization", "").removeprefix("Bearer ")

    async def _launch_of(self, request: Any, context: Any) -> KnownLaunch:
        session = self._bearer(context)
        if session not in self._sessions:
            await self._refuse(context, grpc.StatusCode.UNAUTHENTICATED, "unknown session")
        if self._sessions[session] != request.launch_id:
            self.breaches.append(f"{type(request).__name__} with the session of another launch")
            await self._refuse(context, grpc.StatusCode.PERMISSION_DENIED, "another launch's session")
        return self.launches[request.launch_id]

    async def Attach(self, request: wire.AttachRequest, context: Any) -> Any:
        if self._bearer(context) != self.host_token:
            await self._refuse(context, grpc.StatusCode.UNAUTHENTICATED, "unknown host token")
        stream: asyncio.Queue[wire.HostCommand | None] = asyncio.Queue()
        attached = wire.Attached(now=time.time())
        for launch_id in request.held_launches:
            known = self.launches.get(launch_id)
            if known is not None and known.current and not known.reports:
                attached.adopted.add(launch_id=launch_id, launch_token=self.token(launch_id))
            else:
                attached.abandoned.append(launch_id)
        yield wire.HostCommand(attached=attached)
        self._streams.append(stream)
        self.attachments.append(request)
        self._note("Attach")
        while (command := await stream.get()) is not None:
            yield command

    async def Open(self, request: wire.OpenRequest, context: Any) -> wire.OpenReply:
        launch_id = self._tokens.pop(request.launch_token, None)
        if launch_id is None:
            await self._refuse(context, grpc.StatusCode.UNAUTHENTICATED, "unknown token")
        known = self.launches[launch_id]
        if self.lose_next_open:
            self.lose_next_open = False
            await self._refuse(context, grpc.StatusCode.UNAVAILABLE, "the answer was lost")
        if not known.current:
            await self._refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "not current")
        for session in [s for s, owner in self._sessions.items() if owner == launch_id]:
            del self._sessions[session]
        session = f"session-{request.launch_token}"
        self._sessions[session] = launch_id
        known.opened += 1
        known.spec.log_offset = len(known.log)
        self._note("Open")
        return wire.OpenReply(session=session, launch=known.spec)

    async def ReportStarted(self, request: wire.StartedRequest, context: Any) -> wire.ReportReply:
        known = await self._launch_of(request, context)
        self._note("ReportStarted")
        if not known.current:
            return wire.ReportReply(accepted=False, should_stop=True, reason="not current")
        known.started.append(request)
        self._note("ReportStarted")
        return wire.ReportReply(accepted=True)

    async def ReportDeferred(self, request: wire.DeferredRequest, context: Any) -> wire.ReportReply:
        known = await self._launch_of(request, context)
        if not known.current:
            return wire.ReportReply(accepted=False, should_stop=True, reason="not current")
        known.deferred.append((request.is_deferred, request.waits_for))
        self._note("ReportDeferred")
        return wire.ReportReply(accepted=True)

    async def ReportFinished(self, request: wire.FinishedRequest, context: Any) -> wire.ReportReply:
        known = await self._launch_of(request, context)
        if not known.current:
            self.refused.append(request)
            self._note("ReportFinished")
            return wire.ReportReply(accepted=False, should_stop=True, reason="not current")
        if known.reports and known.reports[0] != request:
            self.breaches.append(f"launch {request.launch_id} reported two different outcomes")
        known.reports.append(request)
        if request.log and not self.log_outage:
            self._store(known, request.log_offset, request.log, final=True)
        self._note("ReportFinished")
        return wire.ReportReply(accepted=True, durable_offset=len(known.log) if request.log else 0)

    async def Heartbeat(self, request: wire.HeartbeatRequest, context: Any) -> wire.HeartbeatReply:
        bearer = self._bearer(context)
        if bearer != self.host_token and bearer not in self._sessions:
            await self._refuse(context, grpc.StatusCode.UNAUTHENTICATED, "unknown session")
        self.heartbeats.append(list(request.launch_ids))
        self._note("Heartbeat")
        reply = wire.HeartbeatReply()
        for launch_id in request.launch_ids:
            if launch_id in self.to_stop:
                reply.stop.add(launch_id=launch_id, reason=self.to_stop[launch_id])
        return reply

    async def AppendLog(self, request: wire.AppendLogRequest, context: Any) -> wire.AppendLogReply:
        known = await self._launch_of(request, context)
        if self.log_outage:
            await self._refuse(context, grpc.StatusCode.UNAVAILABLE, "the log store is full")
        self._store(known, request.offset, request.data, final=request.final)
        self._note("AppendLog")
        return wire.AppendLogReply(durable_offset=len(known.log), should_stop=not known.current)

    def _store(self, known: KnownLaunch, offset: int, data: bytes, *, final: bool) -> None:
        launch_id = known.spec.launch_id
        repeated = known.log[offset : offset + len(data)]
        if offset < len(known.log) and data.startswith(repeated):
            # An acknowledgement that was lost: the same bytes again, perhaps with more behind them.
            known.log += data[len(repeated) :]
            known.log_final = known.log_final or final
        elif offset != len(known.log):
            self.breaches.append(f"log of {launch_id} at {offset}, not {len(known.log)}")
        elif known.log_final:
            self.breaches.append(f"log of {launch_id} goes on after its end")
        elif not data.endswith(b"\n"):
            self.breaches.append(f"log of {launch_id} ends within a line")
        elif self.log_capacity is not None:  # a sink that takes only so much, even part of a line
            known.log += data[: self.log_capacity]
            known.log_final = final and len(data) <= self.log_capacity
        else:
            known.log += data
            known.log_final = final

    async def PullXCom(self, request: wire.PullXComRequest, context: Any) -> wire.PullXComReply:
        await self._launch_of(request, context)
        wanted = [item for item in self.xcoms if item.key == request.key]
        return wire.PullXComReply(values=[item for item in wanted if item.task_id in request.task_ids])

    async def GetVariable(self, request: wire.GetVariableRequest, context: Any) -> wire.GetVariableReply:
        await self._launch_of(request, context)
        value = self.variables.get(request.key)
        secrets = [value] if value and "password" in request.key else []
        return wire.GetVariableReply(value=value, secrets=secrets)

    async def SetVariable(self, request: wire.SetVariableRequest, context: Any) -> wire.SetVariableReply:
        await self._launch_of(request, context)
        if request.HasField("value"):
            self.variables[request.key] = request.value
        else:
            self.variables.pop(request.key, None)
        return wire.SetVariableReply()

    async def GetConnection(
        self, request: wire.GetConnectionRequest, context: Any
    ) -> wire.GetConnectionReply:
        await self._launch_of(request, context)
        return wire.GetConnectionReply(uri=None)
