"""What a running task asks about runs: to start one, how one stands, whether its own is the latest.

Its own tenant's only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.errors import OperationRefused
from leoflow_runtime.engine.graph import graph_of
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.engine.store import RunExists, Tx
from leoflow_runtime.engine.timetables import interval_of, timetable_of
from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_server.agents.calls import Context, bearer, unary
from leoflow_server.agents.queries import LaunchFacts
from leoflow_server.agents.reports import moment
from leoflow_server.agents.sessions import Sessions
from leoflow_server.observe import Metrics
from leoflow_server.store import SqlStore

T = TypeVar("T")


class Applies(Protocol):
    """The engine, as the service needs it: a fact and its consequences in one transaction."""

    async def apply(
        self, operation: Callable[[Tx], T], *, launch: int | None = None, is_urgent: bool = True
    ) -> T: ...


class RunRequests:
    """The part of the service that operators like TriggerDagRunOperator speak to."""

    metrics: Metrics
    _store: SqlStore
    _engine: Applies
    _sessions: Sessions
    _clock: Callable[[], datetime]

    @unary
    async def TriggerRun(self, request: wire.TriggerRunRequest, context: Context) -> wire.TriggerRunReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        try:
            run = await self._engine.apply(lambda tx: _trigger(tx, facts, request))
        except RunExists as found:
            run_id = found.existing.run_id
            if not request.reset_dag_run:
                return wire.TriggerRunReply(run_id=run_id, already_exists=True)
            tenant_id, dag_id = facts.key.tenant_id, request.dag_id
            await self._engine.apply(
                lambda tx: operations.clear_run(tx, tenant_id=tenant_id, dag_id=dag_id, run_id=run_id)
            )
            return wire.TriggerRunReply(run_id=run_id)
        except (OperationRefused, ValueError) as refused:
            return wire.TriggerRunReply(refused=str(refused))
        return wire.TriggerRunReply(run_id=run.run_id)

    @unary
    async def GetStates(self, request: wire.GetStatesRequest, context: Context) -> wire.GetStatesReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        return await self._store.read(lambda tx: _states(tx, facts, request))

    @unary
    async def GetLatestWindow(
        self, request: wire.GetLatestWindowRequest, context: Context
    ) -> wire.GetLatestWindowReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        return await self._store.read(lambda tx: _window(tx, facts))


def _trigger(tx: Tx, facts: LaunchFacts, request: wire.TriggerRunRequest) -> RunRow:
    return operations.trigger_run(
        tx,
        tenant_id=facts.key.tenant_id,
        dag_id=request.dag_id,
        run_id=request.run_id or None,
        logical_date=moment(request.logical_date),
        run_after=moment(request.run_after),
        conf=json.loads(request.conf_json or "null"),
        note=request.note or None,
        triggered_by="operator",
    )


def _states(tx: Tx, facts: LaunchFacts, request: wire.GetStatesRequest) -> wire.GetStatesReply:
    dag = tx.find_dag(request.dag_id, facts.key.tenant_id)
    if dag is None:
        return wire.GetStatesReply()
    graph = graph_of(tx.version(dag.version_pk)) if dag.version_pk is not None else None
    wanted = set(request.task_ids)
    if request.task_group_id and graph is not None:
        wanted = graph.in_group(request.task_group_id)
    known = graph is not None and bool(wanted) and all(graph.has(task_id) for task_id in wanted)
    reply = wire.GetStatesReply(dag_exists=True, tasks_exist=known)
    date = moment(request.logical_date)
    runs = (
        [tx.find_run(dag.pk, request.run_id)]
        if date is None
        else tx.runs_between(dag.pk, earliest=date, latest=date)
    )
    for run in runs:
        if run is None:
            continue
        if not request.task_ids and not request.task_group_id:
            reply.states.append(str(run.state))
        else:
            reply.states.extend(str(row.state or "") for row in tx.tasks(run.pk) if row.task_id in wanted)
    return reply


def _window(tx: Tx, facts: LaunchFacts) -> wire.GetLatestWindowReply:
    """From the begin of the run's interval to the end of the next: as long it is the latest."""
    run = tx.run(facts.run_pk)
    interval = interval_of(run)
    if run is None or interval is None:
        return wire.GetLatestWindowReply()
    timetable = replace(timetable_of(tx.version(run.version_pk).spec), start=None, end=None, catchup=True)
    following = timetable.next_slot(interval, now=tx.now)
    if following is None:
        return wire.GetLatestWindowReply()
    right = following.interval_end or following.run_after
    return wire.GetLatestWindowReply(left=interval.start.isoformat(), right=right.isoformat())
