"""What the agents' service asks of the database, each in one named function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, insert, literal_column, or_, select, update

from leoflow_runtime.domain.states import LAUNCHED_TASK_STATES
from leoflow_runtime.engine.rows import LaunchRow, RunRow, TaskRow
from leoflow_server.logs import LogKey
from leoflow_server.store import launches as launch_store
from leoflow_server.store import runs as run_store
from leoflow_server.store import tasks as task_store
from leoflow_server.store.prepared import Prepared, Session
from leoflow_server.store.tables import dag_runs, dag_versions, dags, hosts, launches, task_instances


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchFacts:
    """Who a session is."""

    key: LogKey
    task_pk: int
    run_pk: int
    dag_pk: int
    version_pk: int
    host: str | None  # where its agent runs; None: it was not opened yet


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchWork:
    """What a launch is to run."""

    facts: LaunchFacts
    launch: LaunchRow
    task: TaskRow
    run: RunRow
    task_uuid: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An unfinished launch, as an attaching host agent is compared with it."""

    launch_id: int
    generation: int
    host: str | None
    agent_pid: int | None
    opened_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionPlace:
    """Where a version's code is, and what it was called."""

    label: str
    code_path: str | None
    python: str


_OF = (
    launches.join(task_instances, task_instances.c.pk == launches.c.task_pk)
    .join(dag_runs, dag_runs.c.pk == task_instances.c.run_pk)
    .join(dags, dags.c.pk == dag_runs.c.dag_pk)
)
_FACTS = [
    dag_runs.c.tenant_id,
    dags.c.dag_id,
    dag_runs.c.run_id,
    task_instances.c.task_id,
    task_instances.c.map_index,
    launches.c.pk,
    launches.c.task_pk,
    launches.c.run_pk,
    dag_runs.c.dag_pk,
    dag_runs.c.version_pk,
    launches.c.host,
]
_IS_SESSION = launches.c.session_hash == bindparam("session")
_IS_LAUNCH = launches.c.pk == bindparam("launch")
_BY_SESSION = Prepared(select(*_FACTS).select_from(_OF).where(_IS_SESSION, _IS_LAUNCH), _FACTS)
_UNFINISHED = Prepared(
    select(*_FACTS).select_from(_OF).where(launches.c.finished_at.is_(None), _IS_LAUNCH), _FACTS
)
_PARTS = [_FACTS, launch_store.COLUMNS, task_store.COLUMNS, run_store.COLUMNS, [task_instances.c.uuid]]
_ALL = [column for part in _PARTS for column in part]
_WORK = Prepared(
    select(*(column.label(f"c{number}") for number, column in enumerate(_ALL)))
    .select_from(_OF)
    .where(_IS_SESSION, _IS_LAUNCH, launches.c.finished_at.is_(None)),
    _ALL,
)


def facts_of_session(conn: Connection, launch_id: int, session_hash: str) -> LaunchFacts | None:
    """None unless this session belongs to this launch."""
    return _facts(conn, _BY_SESSION, session=session_hash, launch=launch_id)


def facts_of_unfinished(conn: Connection, launch_id: int) -> LaunchFacts | None:
    """None once the launch has ended, or was deleted."""
    return _facts(conn, _UNFINISHED, launch=launch_id)


def work_of_session(conn: Connection, launch_id: int, session_hash: str) -> LaunchWork | None:
    """None unless this session belongs to this launch, and it has not ended."""
    with Session(conn) as session:
        found = session.row(_WORK, {"session": session_hash, "launch": launch_id})
    if found is None:
        return None
    values = iter(found)
    facts, launch, task, run, (uuid,) = (list(islice(values, len(part))) for part in _PARTS)
    return LaunchWork(
        facts=_facts_of(facts),
        launch=launch_store.row_of(launch),
        task=task_store.row_of(task),
        run=run_store.row_of(run),
        task_uuid=str(uuid),
    )


def _facts(conn: Connection, query: Prepared, **values: Any) -> LaunchFacts | None:
    with Session(conn) as session:
        found = session.row(query, values)
    return None if found is None else _facts_of(found)


def _facts_of(found: list[Any]) -> LaunchFacts:
    tenant_id, dag_id, run_id, task_id, map_index, launch, task_pk, run_pk, dag_pk, version_pk, host = found
    key = LogKey(
        tenant_id=tenant_id,
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=map_index,
        launch_id=launch,
    )
    return LaunchFacts(
        key=key, task_pk=task_pk, run_pk=run_pk, dag_pk=dag_pk, version_pk=version_pk, host=host
    )


_LAUNCH = Prepared(select(launches.c.pk).where(launches.c.pk == bindparam("launch")), [launches.c.pk])


def launch_exists(conn: Connection, launch_id: int) -> bool:
    """False once its run or its task instance has been deleted."""
    with Session(conn) as session:
        return session.row(_LAUNCH, {"launch": launch_id}) is not None


_RESCHEDULES = Prepared(
    select(func.count()).where(
        launches.c.task_pk == bindparam("task"),
        launches.c.try_number == bindparam("number"),
        launches.c.outcome == "up_for_reschedule",
    ),
    [launches.c.pk],
)


def reschedules(conn: Connection, task: TaskRow) -> int:
    """How often the current try has given its place back."""
    with Session(conn) as session:
        found = session.row(_RESCHEDULES, {"task": task.pk, "number": task.try_number})
    return int(found[0]) if found is not None else 0


def enrol_host(conn: Connection, host: str, token_hash: str, now: datetime) -> None:
    """A new agent is about to start: its token is the host's only one."""
    conn.execute(delete(hosts).where(hosts.c.host == host))
    conn.execute(insert(hosts).values(host=host, token_hash=token_hash, created_at=now))


def host_of_token(conn: Connection, token_hash: str) -> str | None:
    return conn.execute(select(hosts.c.host).where(hosts.c.token_hash == token_hash)).scalar_one_or_none()


def note_attached(conn: Connection, host: str, now: datetime) -> None:
    conn.execute(update(hosts).where(hosts.c.host == host).values(attached_at=now))


def unfinished_of_host(conn: Connection, host: str) -> list[Candidate]:
    """Launches that `host` holds or should be given."""
    rows = conn.execute(
        select(
            launches.c.pk, launches.c.generation, launches.c.host, launches.c.agent_pid, launches.c.opened_at
        )
        .where(launches.c.finished_at.is_(None), (launches.c.host.is_(None)) | (launches.c.host == host))
        .order_by(launches.c.pk)
    )
    return [
        Candidate(
            launch_id=row.pk,
            generation=row.generation,
            host=row.host,
            agent_pid=row.agent_pid,
            opened_at=row.opened_at,
        )
        for row in rows
    ]


_STOPPABLE = Prepared(
    select(
        launches.c.pk,
        case(
            (launches.c.finished_at.is_not(None), "the launch has ended already"),
            (launches.c.callback.is_not(None), None),
            (task_instances.c.launch_id != launches.c.pk, "another launch has taken its place"),
            (or_(*(task_instances.c.state == str(state) for state in LAUNCHED_TASK_STATES)), None),
            (task_instances.c.state == "restarting", "the task was cleared"),
            else_="the task is not running any more",
        ).label("reason"),
    )
    .select_from(launches)
    .join(task_instances, task_instances.c.pk == launches.c.task_pk)
    .where(launches.c.pk == bindparam("launch")),
    [launches.c.pk, launches.c.message],
)


def stop_reasons(conn: Connection, launch_ids: Iterable[int]) -> dict[int, str]:
    """Those that must stop, with why (the words of the engine's fence). Deleted ones included."""
    with Session(conn) as session:
        reasons: dict[int, str] = {}
        for launch_id in launch_ids:
            found = session.row(_STOPPABLE, {"launch": launch_id})
            if found is None:
                reasons[launch_id] = "the launch is unknown: its run was deleted"
            elif found[1] is not None:
                reasons[launch_id] = found[1]
        return reasons


_BEAT = Prepared(
    update(launches)
    .where(launches.c.pk == bindparam("launch"), launches.c.finished_at.is_(None))
    .values(heartbeat_at=bindparam("at", type_=launches.c.heartbeat_at.type))
)


def record_heartbeats(conn: Connection, launch_ids: Iterable[int], now: datetime) -> None:
    with Session(conn) as session:
        session.execute_many(_BEAT, [{"launch": launch_id, "at": now} for launch_id in launch_ids])


_PLACE = Prepared(
    select(dag_versions.c.label, dag_versions.c.code_path, dag_versions.c.meta).where(
        dag_versions.c.pk == bindparam("version")
    ),
    [dag_versions.c.label, dag_versions.c.code_path, dag_versions.c.meta],
)
_MAP_LENGTH = Prepared(
    select(task_instances.c.map_length).where(
        task_instances.c.run_pk == bindparam("run"),
        task_instances.c.task_id == bindparam("task"),
        task_instances.c.map_index == literal_column("0"),
    ),
    [task_instances.c.map_length],
)


def version_place(conn: Connection, version_pk: int) -> VersionPlace:
    """Raises KeyError for an unknown version."""
    with Session(conn) as session:
        found = session.row(_PLACE, {"version": version_pk})
    if found is None:
        raise KeyError(version_pk)
    label, code_path, meta = found
    return VersionPlace(label=label, code_path=code_path, python=str((meta or {}).get("python", "")))


def expanded_ti_count(conn: Connection, task: TaskRow) -> int:
    """How many instances the mapped task has, or is to have."""
    with Session(conn) as session:
        found = session.row(_MAP_LENGTH, {"run": task.run_pk, "task": task.task_id})
    return int(found[0] or 0) if found is not None else 0
