"""`NativeHost` on the record: opening, logging and ending launches that have no agent."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.artifact.records import RETURN_VALUE
from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine import Engine, operations
from leoflow_runtime.engine.assets import declared_updates
from leoflow_runtime.engine.graph import graph_of
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.executors.native.work import (
    ConnectionMissing,
    Ended,
    ExternalTasks,
    HttpConnection,
    NativeTask,
    RunTimes,
)
from leoflow_server.access import Cipher
from leoflow_server.access.vault import StoredConnection, read_connection
from leoflow_server.logs import LogKey, LogStore
from leoflow_server.native import queries
from leoflow_server.observe import Metrics
from leoflow_server.store import SqlStore
from leoflow_server.store.xcom_values import XComValues

_HOSTNAME = socket.gethostname()


class NativeLaunches:
    """`leoflow_runtime.executors.native.work.NativeHost`."""

    def __init__(
        self,
        *,
        store: SqlStore,
        engine: Engine,
        logs: LogStore,
        cipher: Cipher,
        metrics: Metrics,
        xcoms: XComValues,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._engine = engine
        self._logs = logs
        self._cipher = cipher
        self._metrics = metrics
        self._xcoms = xcoms
        self._keys: dict[int, LogKey] = {}  # of what is at work here
        self._logged: dict[int, int] = {}  # how far its log reaches
        self._clock = clock

    async def open(self, launch_id: int) -> NativeTask | None:
        opened = await self._engine.apply(partial(_open, launch_id=launch_id))
        if opened is None:
            return None
        self._logged[launch_id] = await self._logs.size(opened.key) if opened.task.resumed else 0
        self._keys[launch_id] = opened.key
        return opened.task

    async def say(self, launch_id: int, level: str, text: str) -> None:
        await self._append(self._keys[launch_id], level, text)

    async def finish(self, launch_id: int, ended: Ended) -> None:
        key = self._keys.get(launch_id)
        if ended.message and key is not None:
            level = "info" if ended.outcome in (Outcome.SKIPPED, Outcome.CANCELLED) else "error"
            await self._append(key, level, ended.message, final=True)
        left = {} if ended.value is None else {RETURN_VALUE: json.dumps(ended.value).encode()}
        kept = await self._xcoms.keep(launch_id, left)
        verdict = await self._engine.apply(
            partial(_finish, launch_id=launch_id, ended=ended, xcoms=kept), launch=launch_id
        )
        self._keys.pop(launch_id, None)
        self._logged.pop(launch_id, None)
        if key is not None:
            await self._logs.close_log(key)
        if verdict.accepted:
            self._metrics.launch_outcome(str(ended.outcome))

    async def connection(self, launch_id: int, conn_id: str) -> HttpConnection:
        tenant_id = self._keys[launch_id].tenant_id
        stored = await self._store.read_rows(
            lambda conn: read_connection(conn, self._cipher, tenant_id, conn_id)
        )
        if stored is None:
            raise ConnectionMissing(f"the connection `{conn_id}` is not defined")
        return _http_connection(stored)

    async def states(self, launch_id: int, of: ExternalTasks) -> list[str | None]:
        tenant_id = self._keys[launch_id].tenant_id
        task_ids = list(of.task_ids)
        if of.group_id is not None:
            version_pk = await self._store.read_rows(
                lambda conn: queries.version_of_run_at(conn, tenant_id, of)
            )
            if version_pk is None:
                return []
            spec = await self._store.read(lambda tx: tx.version(version_pk).spec)
            task_ids = _tasks_in(spec, of.group_id)
        return await self._store.read_rows(lambda conn: _states(conn, tenant_id, of, task_ids))

    async def unfinished(self) -> list[int]:
        return await self._store.read_rows(queries.unfinished_native)

    async def _append(self, key: LogKey, level: str, text: str, *, final: bool = False) -> None:
        line = {"timestamp": self._clock().isoformat(), "event": text, "level": level, "logger": "task"}
        data = json.dumps(line, ensure_ascii=False).encode() + b"\n"
        offset = self._logged[key.launch_id]
        self._logged[key.launch_id] = await self._logs.append(key, offset, data, final=final)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opened:
    task: NativeTask
    key: LogKey


def _open(tx: Tx, *, launch_id: int) -> _Opened | None:
    launch = tx.launch(launch_id)
    if launch is None or launch.finished_at is not None:
        return None
    resumed = launch.opened_at is not None
    if not resumed:
        # No token of this launch opens it any more.
        values = {"host": queries.NATIVE_HOST, "generation": launch.generation + 1}
        verdict = operations.open_launch(tx, launch_id, values=values)
        if verdict.accepted:
            verdict = operations.start_launch(tx, launch_id, hostname=_HOSTNAME)
        refused = None if verdict.accepted else verdict.reason
    else:
        refused = operations.stop_reason(tx, launch_id)
    if refused is not None:
        ended = LaunchReport(launch_id=launch_id, outcome=Outcome.CANCELLED, message=refused)
        operations.finish_launch(tx, ended)
        return None
    task, run = tx.task(launch.task_pk), tx.run(launch.run_pk)
    assert task is not None
    assert run is not None
    version = tx.version(run.version_pk)
    times = RunTimes(
        run_id=run.run_id,
        run_after=run.run_after,
        logical_date=run.logical_date,
        data_interval_start=run.data_interval_start,
        data_interval_end=run.data_interval_end,
    )
    described = graph_of(version).spec_of(task.task_id)
    assert described is not None, "a task of a run is one of its version"
    native = NativeTask(
        launch_id=launch_id,
        spec=described,
        times=times,
        zone=version.spec.schedule_timezone,
        started_at=task.start_date or tx.now,
        resumed=resumed,
    )
    key = LogKey(
        tenant_id=run.tenant_id,
        dag_id=version.spec.dag_id,
        run_id=run.run_id,
        task_id=task.task_id,
        map_index=task.map_index,
        launch_id=launch_id,
    )
    return _Opened(task=native, key=key)


def _finish(tx: Tx, *, launch_id: int, ended: Ended, xcoms: Mapping[str, bytes]) -> operations.Verdict:
    task = tx.task_of_launch(launch_id)
    run = tx.run(task.run_pk) if task is not None else None
    spec = graph_of(tx.version(run.version_pk)).spec_of(task.task_id) if task and run else None
    if spec is None or not spec.do_xcom_push:
        xcoms = {}
    report = LaunchReport(
        launch_id=launch_id,
        outcome=ended.outcome,
        finished_at=tx.now,
        message=ended.message,
        xcoms=xcoms,
        reschedule_at=ended.again_at,
        rendered_fields=ended.rendered,
        asset_events=declared_updates(spec) if spec is not None else (),
    )
    return operations.finish_launch(tx, report)


def _states(conn: Connection, tenant_id: int, of: ExternalTasks, task_ids: list[str]) -> list[str | None]:
    if not task_ids and of.group_id is None:
        return queries.run_states(conn, tenant_id, of)
    return queries.task_states(conn, tenant_id, of, task_ids)


def _tasks_in(spec: DagSpec, group_id: str) -> list[str]:
    """Every task of the group and of the groups inside it."""
    parents = {group.group_id: group.parent for group in spec.task_groups}

    def is_inside(group: str | None) -> bool:
        while group is not None and group != group_id:
            group = parents.get(group)
        return group is not None

    return [task.task_id for task in spec.tasks if is_inside(task.task_group)]


def _http_connection(stored: StoredConnection) -> HttpConnection:
    """As Airflow's HttpHook reads one. Raises ConnectionMissing where it names no host."""
    host = stored.host or ""
    if not host:
        raise ConnectionMissing(f"the connection `{stored.conn_id}` names no host")
    base = host if "://" in host else f"{stored.schema or 'http'}://{host}"
    if stored.port is not None:
        base += f":{stored.port}"
    try:
        extra = json.loads(stored.extra) if stored.extra else {}
    except ValueError:
        extra = {}
    headers = {str(name): str(value) for name, value in extra.items()} if isinstance(extra, dict) else {}
    return HttpConnection(base=base, login=stored.login, password=stored.password, headers=headers)
