"""The agents' service: `schemas/agent.proto`, on the record.

Nothing is acknowledged before it is committed. A launch that is not the current one of its task changes
nothing and is told to stop.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import grpc

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.operations import Verdict
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.executors.host_desk import (
    LOCAL_HOST,
    HostDesk,
    ShutdownOrder,
    StartOrder,
    StopOrder,
)
from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_runtime.wire import agent_pb2_grpc
from leoflow_server.access import Cipher
from leoflow_server.agents import adoption, queries, tokens
from leoflow_server.agents.calls import Context, bearer, unary
from leoflow_server.agents.heartbeats import Heartbeats
from leoflow_server.agents.opening import Opener, withdraw
from leoflow_server.agents.queries import LaunchFacts, launch_exists
from leoflow_server.agents.reports import moment, report_of
from leoflow_server.agents.run_requests import Applies, RunRequests
from leoflow_server.agents.sessions import NotAuthentic, Sessions
from leoflow_server.agents.spec import SpecBuilder
from leoflow_server.agents.tokens import LaunchToken
from leoflow_server.agents.values import ValueRequests
from leoflow_server.logs import LogGap, LogStore
from leoflow_server.observe import Metrics
from leoflow_server.store import SqlStore
from leoflow_server.store.xcom_values import DatabaseValues, XComValues

_log = logging.getLogger("leoflow.agents")
_HOSTNAME = socket.gethostname()
_LONGEST_HOST = 250


class AgentService(ValueRequests, RunRequests, agent_pb2_grpc.AgentServiceServicer):
    """One per control plane.

    `bundles` None: tasks run in pods, whose images hold the code. `ended` is told each launch whose end
    is on record. `plans`: whether this replica is the one that gives out launches; calls about launches
    that were given out are answered by every replica.
    """

    def __init__(
        self,
        *,
        store: SqlStore,
        engine: Applies,
        logs: LogStore,
        cipher: Cipher,
        desk: HostDesk,
        metrics: Metrics,
        launch_secret: bytes,
        bundles: Path | None,
        ended: Callable[[int], None] | None = None,
        heartbeat_seconds: float = 5.0,
        heartbeat_lost_seconds: float = 90.0,
        native_apart: bool = False,
        xcoms: XComValues | None = None,
        plans: Callable[[], bool] = lambda: True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.metrics = metrics
        self._store = store
        self._engine = engine
        self._logs = logs
        self._cipher = cipher
        self._desk = desk
        self._in_pods = bundles is None
        self._native_apart = native_apart
        self._plans = plans
        self._ended = ended or desk.ended
        self._secret = launch_secret
        self._clock = clock
        self._sessions = Sessions(store, clock)
        self._heartbeats = Heartbeats(store, clock, interval_seconds=heartbeat_lost_seconds / 6)
        self._xcoms = xcoms or DatabaseValues()
        self._specs = SpecBuilder(
            cipher=cipher, bundles=bundles, heartbeat_seconds=heartbeat_seconds, xcoms=self._xcoms
        )
        self._opener = Opener(
            store=store,
            engine=engine,
            logs=logs,
            sessions=self._sessions,
            specs=self._specs,
            ended=self._ended,
            refuse=self._refuse,
        )

    async def enrol_host(self, host: str, token: str) -> None:
        """A new host agent is about to start with this token."""
        await self._sessions.enrol_host(host, token)

    # The standing connection of a host agent

    async def Attach(self, request: wire.AttachRequest, context: Context) -> AsyncIterator[wire.HostCommand]:
        try:
            if self._in_pods:
                raise NotAuthentic("tasks of this control plane run in pods")
            host = await self._sessions.host(bearer(context))
        except NotAuthentic as error:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(error))
        if not self._plans():
            await context.abort(grpc.StatusCode.UNAVAILABLE, "another replica plans: attach to that one")
        # From here on new orders reach this connection; those given before are in the record.
        capacity = request.capacity if request.takes_opened else None
        attachment = self._desk.attach(host, capacity=capacity, agent_pid=request.pid)
        self.metrics.agents_attached(+1)
        try:
            standing = await self._engine.apply(
                lambda tx: adoption.settle(
                    tx,
                    host,
                    request.held_launches,
                    request.pid,
                    native_apart=self._native_apart,
                    elsewhere=self._desk.held_elsewhere(host),
                )
            )
            _log.info(
                "a host agent attached",
                extra={
                    "agent_pid": request.pid,
                    "adopted": len(standing.adopted),
                    "sent": len(standing.sent),
                    "abandoned": len(standing.abandoned),
                    "lost": len(standing.lost),
                },
            )
            attachment.adopted(launch_id for launch_id, _ in standing.adopted)
            for launch_id, generation in standing.sent:
                attachment.put(StartOrder(launch_id=launch_id, generation=generation))
            given = (*standing.adopted, *standing.sent)
            self._desk.settle(attachment, [launch_id for launch_id, _ in given])
            yield wire.HostCommand(
                attached=wire.Attached(
                    adopted=[self._start(*pair) for pair in standing.adopted],
                    abandoned=standing.abandoned,
                    now=time.time(),
                )
            )
            documents: set[str] = set()
            async for orders in attachment.orders():
                starts = [order for order in orders if isinstance(order, StartOrder)]
                if request.takes_opened:
                    for start in await self._opened(starts, host, request.pid, documents):
                        yield wire.HostCommand(start=start)
                else:
                    for order in starts:
                        yield wire.HostCommand(start=self._start(order.launch_id, order.generation))
                for other in orders:
                    match other:
                        case StopOrder(launch_id=launch_id, reason=reason):
                            yield wire.HostCommand(stop=wire.StopLaunch(launch_id=launch_id, reason=reason))
                        case ShutdownOrder():
                            yield wire.HostCommand(shutdown=wire.Shutdown())
        finally:
            self._desk.detach(attachment)
            self.metrics.agents_attached(-1)

    def _start(self, launch_id: int, generation: int) -> wire.StartLaunch:
        return wire.StartLaunch(
            launch_id=launch_id, launch_token=tokens.mint(self._secret, launch_id, generation)
        )

    async def _opened(
        self, starts: Sequence[StartOrder], host: str, agent_pid: int, documents: set[str]
    ) -> list[wire.StartLaunch]:
        """Opened for the agent of `host`, and added to `documents`: the digests that it has been sent.

        Left out is what has no business any more, or cannot run: that is on record.
        """
        if not starts:
            return []
        placed = [(one.launch_id, one.place) for one in starts if one.place is not None]
        by_token = [
            LaunchToken(launch_id=one.launch_id, generation=one.generation)
            for one in starts
            if one.place is None
        ]
        answers = await self._opener.placed(placed) if placed else []
        if by_token:
            answers += await self._opener.open(by_token, host=host, agent_pid=agent_pid)
        opened: list[wire.StartLaunch] = []
        for answer in answers:
            if isinstance(answer, Exception):
                _log.info("a launch is not given out", extra={"why": str(answer)})
                continue
            digest = answer.launch.content_digest
            if digest in documents:
                answer.launch.ClearField("dag_json")
            documents.add(digest)
            opened.append(
                wire.StartLaunch(launch_id=answer.launch.launch_id, opened=answer, given_at=time.time())
            )
        return opened

    # One launch

    @unary
    async def Open(self, request: wire.OpenRequest, context: Context) -> wire.OpenReply:
        token = tokens.read(self._secret, request.launch_token)
        if token is None:
            raise NotAuthentic("the launch token is not one of this control plane")
        host = await self._host_of(request, context)
        (answer,) = await self._opener.open([token], host=host, agent_pid=request.pid)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _host_of(self, request: wire.OpenRequest, context: Context) -> str:
        if self._in_pods:
            return request.hostname[:_LONGEST_HOST]
        credential = bearer(context)
        return await self._sessions.host(credential) if credential else LOCAL_HOST

    async def _refuse(self, facts: LaunchFacts, log_offset: int, reason: str) -> None:
        """This launch can never run: trying again would not help, a person must."""
        report = LaunchReport(launch_id=facts.key.launch_id, outcome=Outcome.FAILED_NO_RETRY, message=reason)
        await self._logs.append(facts.key, log_offset, _log_line(self._clock(), reason), final=True)
        await self._finish(report, facts)

    @unary
    async def ReportStarted(self, request: wire.StartedRequest, context: Context) -> wire.ReportReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        started_at = moment(request.started_at)
        hostname = facts.host if self._in_pods else _HOSTNAME
        verdict = await self._engine.apply(
            lambda tx: operations.start_launch(
                tx, facts.key.launch_id, started_at=started_at, pid=request.child_pid, hostname=hostname
            ),
            launch=facts.key.launch_id,
            is_urgent=False,
        )
        return self._reply(verdict)

    async def _append_rest(self, facts: LaunchFacts, request: wire.FinishedRequest) -> int:
        """A log that cannot be stored now is no reason to refuse an outcome: the agent sends it again."""
        if not request.log:
            return 0
        try:
            return await self._append(facts, request.log_offset, request.log, final=True)
        except OSError as error:
            _log.warning("the end of a log is not stored yet", extra={"why": str(error)})
            return 0

    @unary
    async def ReportDeferred(self, request: wire.DeferredRequest, context: Context) -> wire.ReportReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        verdict = await self._engine.apply(
            lambda tx: operations.defer_launch(
                tx, facts.key.launch_id, is_deferred=request.is_deferred, waits_for=request.waits_for
            ),
            launch=facts.key.launch_id,
        )
        return self._reply(verdict)

    @unary
    async def ReportFinished(self, request: wire.FinishedRequest, context: Context) -> wire.ReportReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        whole = bool(request.log) and request.log_offset == 0  # a log of one piece needs no joining
        finishing = self._finish(report_of(request), facts, is_log_closed=whole)
        verdict, durable = await asyncio.gather(finishing, self._append_rest(facts, request))
        if request.log and not verdict.accepted and not await self._exists(facts):
            await self._logs.delete_log(facts.key)
        reply = self._reply(verdict)
        reply.durable_offset = durable
        return reply

    async def conclude(self, launch_id: int, outcome: Outcome, reason: str) -> None:
        """What an executor saw of a launch whose agent can say nothing any more: its last line, its end.

        Nothing where the end is on record already.
        """
        facts = await self._store.read_rows(lambda conn: queries.facts_of_unfinished(conn, launch_id))
        if facts is None:
            return
        # Where the agent is alive after all (a pod deleted by force), it has no say and no log from here on.
        await self._engine.apply(lambda tx: tx.update_launch(launch_id, {"session_hash": None}))
        self._sessions.forget(launch_id)
        line = _log_line(self._clock(), reason)
        await self._logs.append(facts.key, await self._logs.size(facts.key), line, final=True)
        report = LaunchReport(launch_id=launch_id, outcome=outcome, finished_at=self._clock(), message=reason)
        await self._finish(report, facts)

    async def withdraw(self, launch_id: int) -> bool:
        """From now on no agent is let in under this launch. False: one has been."""
        return await self._engine.apply(lambda tx: withdraw(tx, launch_id))

    async def _finish(
        self, report: LaunchReport, facts: LaunchFacts, *, is_log_closed: bool = False
    ) -> Verdict:
        kept = replace(report, xcoms=await self._xcoms.keep(report.launch_id, report.xcoms))
        verdict = await self._engine.apply(
            lambda tx: operations.finish_launch(tx, kept), launch=kept.launch_id
        )
        self._ended(report.launch_id)
        self._heartbeats.forget(report.launch_id)
        if not is_log_closed:
            await self._logs.close_log(facts.key)
        if verdict.accepted:
            self.metrics.launch_outcome(str(report.outcome))
        return verdict

    def _reply(self, verdict: Verdict) -> wire.ReportReply:
        if not verdict.accepted:
            self.metrics.report_refused()
        return wire.ReportReply(
            accepted=verdict.accepted, should_stop=verdict.should_stop, reason=verdict.reason
        )

    @unary
    async def Heartbeat(self, request: wire.HeartbeatRequest, context: Context) -> wire.HeartbeatReply:
        credential = bearer(context)
        try:
            await self._sessions.host(credential)
        except NotAuthentic:
            # In a pod the one launch speaks for itself.
            for launch_id in request.launch_ids:
                await self._sessions.launch(launch_id, credential)
            if not request.launch_ids:
                raise
        stop = await self._heartbeats.beat(request.launch_ids)
        return wire.HeartbeatReply(
            stop=[wire.StopLaunch(launch_id=launch_id, reason=reason) for launch_id, reason in stop.items()]
        )

    @unary
    async def AppendLog(self, request: wire.AppendLogRequest, context: Context) -> wire.AppendLogReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        durable = await self._append(facts, request.offset, request.data, final=request.final)
        # Asked after the write, so that no deletion falls between the two.
        if (request.offset == 0 or durable == 0) and not await self._exists(facts):
            # Deleted, log and all: what is still written is taken and thrown away.
            await self._logs.delete_log(facts.key)
            durable = request.offset + len(request.data)
        return wire.AppendLogReply(durable_offset=durable)

    async def _append(self, facts: LaunchFacts, offset: int, data: bytes, *, final: bool = False) -> int:
        """How far the log is durable then: not further than before where a part of it is missing."""
        try:
            durable = await self._logs.append(facts.key, offset, data, final=final)
        except LogGap as gap:
            return gap.durable_offset
        self.metrics.log_bytes(max(0, durable - offset))
        return durable

    async def _exists(self, facts: LaunchFacts) -> bool:
        launch_id = facts.key.launch_id
        return await self._store.read_rows(lambda conn: launch_exists(conn, launch_id))


def _log_line(now: datetime, event: str) -> bytes:
    line = {"timestamp": now.isoformat(), "event": event, "level": "error", "logger": "leoflow.server"}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"
