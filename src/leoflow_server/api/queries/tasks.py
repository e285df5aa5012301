"""Task instances, their tries and their launches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)

from leoflow_server.api.params import Params, Window
from leoflow_server.api.queries.listing import (
    Listing,
    any_of,
    fetch,
    matches,
    seconds_between,
    starts_with,
    within,
)
from leoflow_server.store.tables import dag_runs, dag_versions, dags, launches, task_instances, task_tries

_duration = seconds_between(task_instances.c.start_date, task_instances.c.end_date)
# What an instance of a mapped task is called: by its number where it has no name.
_map_name = case(
    (task_instances.c.rendered_map_index.is_not(None), task_instances.c.rendered_map_index),
    (task_instances.c.map_index >= 0, cast(task_instances.c.map_index, String)),
)
SORTABLE: dict[str, ColumnElement[Any]] = {
    "id": task_instances.c.pk,
    "state": task_instances.c.state,
    "duration": _duration,
    "start_date": task_instances.c.start_date,
    "end_date": task_instances.c.end_date,
    "map_index": task_instances.c.map_index,
    "try_number": task_instances.c.try_number,
    "task_id": task_instances.c.task_id,
    "task_display_name": task_instances.c.task_id,
    "operator": task_instances.c.operator,
    "operator_name": task_instances.c.operator,
    "pool": task_instances.c.pool,
    "queue": task_instances.c.queue,
    "queued_when": task_instances.c.queued_at,
    "scheduled_when": task_instances.c.scheduled_at,
    "dag_id": dags.c.dag_id,
    "run_id": dag_runs.c.run_id,
    "dag_run_id": dag_runs.c.run_id,
    "logical_date": dag_runs.c.logical_date,
    "run_after": dag_runs.c.run_after,
    "data_interval_start": dag_runs.c.data_interval_start,
    "data_interval_end": dag_runs.c.data_interval_end,
    "rendered_map_index": _map_name,
    "updated_at": task_instances.c.pk,
}
_RUN_COLUMNS = (
    dag_runs.c.run_id,
    dag_runs.c.logical_date,
    dag_runs.c.run_after,
    dag_runs.c.version_pk,
    dags.c.dag_id,
    dags.c.display_name,
    dags.c.bundle_name,
    dag_versions.c.uuid.label("version_uuid"),
    dag_versions.c.number.label("version_number"),
    dag_versions.c.label.label("version_label"),
    dag_versions.c.created_at.label("version_created_at"),
)


def _statement(tenant_id: int) -> Select[Any]:
    return (
        select(task_instances, *_RUN_COLUMNS)
        .join(dag_runs, dag_runs.c.pk == task_instances.c.run_pk)
        .join(dags, dags.c.pk == dag_runs.c.dag_pk)
        .join(dag_versions, dag_versions.c.pk == dag_runs.c.version_pk)
        .where(dag_runs.c.tenant_id == tenant_id)
    )


def _where(dag_id: str | None, run_id: str | None) -> list[ColumnElement[bool]]:
    return [
        *([dags.c.dag_id == dag_id] if dag_id is not None else []),
        *([dag_runs.c.run_id == run_id] if run_id is not None else []),
    ]


def conditions(params: Params) -> list[ColumnElement[bool]]:
    """What lists of task instances may be filtered by."""
    found: list[ColumnElement[bool]] = []
    for name, column in (
        ("run_after", dag_runs.c.run_after),
        ("logical_date", dag_runs.c.logical_date),
        ("start_date", task_instances.c.start_date),
        ("end_date", task_instances.c.end_date),
        ("updated_at", func.coalesce(task_instances.c.end_date, task_instances.c.start_date)),
    ):
        found += within(column, params.range(name))
    found += within(_duration, params.number_range("duration"))
    for name, column in (
        ("state", task_instances.c.state),
        ("pool", task_instances.c.pool),
        ("queue", task_instances.c.queue),
        ("operator", task_instances.c.operator),
        ("task_id", task_instances.c.task_id),
    ):
        found += any_of(column, params.texts(name))
    found += any_of(dag_versions.c.number, params.integers("version_number"))
    found += any_of(task_instances.c.try_number, params.integers("try_number"))
    found += any_of(task_instances.c.map_index, params.integers("map_index"))
    texts: tuple[tuple[str, ColumnElement[Any]], ...] = (
        ("task_display_name", task_instances.c.task_id),
        ("dag_id", dags.c.dag_id),
        ("run_id", dag_runs.c.run_id),
        ("pool_name", task_instances.c.pool),
        ("queue_name", task_instances.c.queue),
        ("operator_name", task_instances.c.operator),
        ("rendered_map_index", _map_name),
    )
    for name, text in texts:
        found += matches(text, params.text(f"{name}_pattern"))
        found += starts_with(text, params.text(f"{name}_prefix_pattern"))
    found += any_of(dags.c.dag_id, params.texts("dag_id_in"))
    found += any_of(dag_runs.c.run_id, params.texts("run_id_in"))
    group = params.text("task_group_id")
    if group:
        found.append(task_instances.c.task_id.startswith(f"{group}.", autoescape=True))
    return found


def list_tasks(
    conn: Connection,
    *,
    tenant_id: int,
    dag_id: str | None,
    run_id: str | None,
    params: Params,
    window: Window,
    extra: Sequence[ColumnElement[bool]] = (),
) -> Listing:
    statement = _statement(tenant_id).where(*_where(dag_id, run_id), *conditions(params), *extra)
    return fetch(conn, statement, window, key=task_instances.c.pk, sortable=SORTABLE, default=("map_index",))


def by_pks(conn: Connection, *, tenant_id: int, pks: Sequence[int]) -> list[Row[Any]]:
    """Those task instances, in this order."""
    found: dict[int, Row[Any]] = {}
    for begin in range(0, len(pks), 500):
        part = pks[begin : begin + 500]
        for row in conn.execute(_statement(tenant_id).where(task_instances.c.pk.in_(part))):
            found[row.pk] = row
    return [found[pk] for pk in pks if pk in found]


def find_task(
    conn: Connection, *, tenant_id: int, dag_id: str, run_id: str, task_id: str, map_index: int = -1
) -> Row[Any] | None:
    return conn.execute(
        _statement(tenant_id).where(
            *_where(dag_id, run_id),
            task_instances.c.task_id == task_id,
            task_instances.c.map_index == map_index,
        )
    ).one_or_none()


def tries(conn: Connection, *, tenant_id: int, task_pk: int) -> list[Row[Any]]:
    """Every earlier try, oldest first; the current one is the task instance itself."""
    version = dag_versions.alias("tried_version")
    return list(
        conn.execute(
            select(
                task_tries,
                task_instances.c.task_id,
                task_instances.c.map_index,
                dag_runs.c.run_id,
                dags.c.dag_id,
                dags.c.display_name,
                dags.c.bundle_name,
                version.c.pk.label("try_version_pk"),
                version.c.uuid.label("version_uuid"),
                version.c.number.label("version_number"),
                version.c.label.label("version_label"),
                version.c.created_at.label("version_created_at"),
            )
            .join(task_instances, task_instances.c.pk == task_tries.c.task_pk)
            .join(dag_runs, dag_runs.c.pk == task_instances.c.run_pk)
            .join(dags, dags.c.pk == dag_runs.c.dag_pk)
            .join(version, version.c.pk == func.coalesce(task_tries.c.version_pk, dag_runs.c.version_pk))
            .where(dag_runs.c.tenant_id == tenant_id, task_tries.c.task_pk == task_pk)
            .order_by(task_tries.c.try_number)
        ).all()
    )


def launches_of_try(conn: Connection, *, task_pk: int, try_number: int) -> list[Row[Any]]:
    """The launches of one try, oldest first: several after lost ones and rescheduling."""
    return list(
        conn.execute(
            select(launches)
            .where(launches.c.task_pk == task_pk, launches.c.try_number == try_number)
            .order_by(launches.c.pk)
        ).all()
    )


def task_ids_of(conn: Connection, run_pk: int) -> set[str]:
    """The tasks that a run has instances of."""
    table = task_instances.c
    return set(conn.execute(select(table.task_id).where(table.run_pk == run_pk).distinct()).scalars())


def states_in_runs(conn: Connection, run_pks: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """What the grid needs of some runs: how many instances of each task are in which state, and from when on.

    Summed up by the database: a mapped task may have ten thousand instances.
    """
    table = task_instances.c
    what = (table.run_pk, table.task_id, table.state)
    spans = (func.min(table.start_date).label("start_date"), func.max(table.end_date).label("end_date"))
    statement = (
        select(*what, func.count().label("instances"), *spans)
        .where(table.run_pk.in_(run_pks))
        .group_by(*what)
        .order_by(table.run_pk, table.task_id)
    )
    found: dict[int, list[Row[Any]]] = {}
    for row in conn.execute(statement):
        found.setdefault(row.run_pk, []).append(row)
    return found


def has_instances(conn: Connection, *, tenant_id: int, dag_id: str, run_id: str, task_id: str) -> bool:
    """Whether a task has instances by number in a run."""
    where = [*_where(dag_id, run_id), *mapped_only(task_id)]
    return conn.execute(_statement(tenant_id).where(*where).limit(1)).first() is not None


def gantt(conn: Connection, run_pk: int) -> list[Row[Any]]:
    """Every try of every unmapped task; one that waits for its next try is in the history already."""
    now, past = task_instances.c, task_tries.c
    names = ("try_number", "state", "scheduled_at", "queued_at", "start_date", "end_date")
    current = select(now.task_id, *(now[name] for name in names)).where(
        now.run_pk == run_pk, now.map_index == -1, or_(now.state != "up_for_retry", now.state.is_(None))
    )
    earlier = (
        select(now.task_id, *(past[name] for name in names))
        .join(task_instances, now.pk == past.task_pk)
        .where(now.run_pk == run_pk, now.map_index == -1)
    )
    both = current.union_all(earlier)
    return list(conn.execute(both.order_by(literal_column("task_id"), literal_column("try_number"))).all())


def mapped_only(task_id: str) -> list[ColumnElement[bool]]:
    """The mapped instances of one task."""
    return [task_instances.c.task_id == task_id, task_instances.c.map_index >= 0]
