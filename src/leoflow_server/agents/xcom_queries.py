"""Values that tasks left for others, as agents ask for them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, case, select

from leoflow_runtime.artifact import XComRef
from leoflow_server.store.prepared import Prepared, Session
from leoflow_server.store.tables import dag_runs, dags, task_instances, xcoms

_XCOM = Prepared(
    select(xcoms.c.value)
    .join(task_instances, task_instances.c.pk == xcoms.c.task_pk)
    .where(
        task_instances.c.run_pk == bindparam("run"),
        task_instances.c.task_id == bindparam("task"),
        task_instances.c.map_index == bindparam("map_index"),
        xcoms.c.key == bindparam("name"),
    ),
    [xcoms.c.value],
)


def inputs_of(conn: Connection, run_pk: int, references: Sequence[XComRef]) -> list[bytes | None]:
    """The value of each reference in this run; None: the upstream left none."""
    with Session(conn) as session:
        values: list[bytes | None] = []
        for reference in references:
            found = session.row(
                _XCOM,
                {
                    "run": run_pk,
                    "task": reference.task_id,
                    "map_index": -1 if reference.map_index is None else reference.map_index,
                    "name": reference.key,
                },
            )
            values.append(None if found is None else found[0])
        return values


def xcoms_of_task(
    conn: Connection,
    run_pk: int,
    task_id: str,
    key: str,
    map_index: int | None,
    *,
    after: int | None,
    most: int,
) -> list[tuple[int, bytes]]:
    """(map index, value), in order; all map indexes (beyond `after`) unless one is asked for."""
    query = (
        select(task_instances.c.map_index, xcoms.c.value)
        .join(task_instances, task_instances.c.pk == xcoms.c.task_pk)
        .where(task_instances.c.run_pk == run_pk, task_instances.c.task_id == task_id, xcoms.c.key == key)
        .order_by(task_instances.c.map_index)
        .limit(most)
    )
    if map_index is not None:
        query = query.where(task_instances.c.map_index == map_index)
    if after is not None:
        query = query.where(task_instances.c.map_index > after)
    return [(row.map_index, row.value) for row in conn.execute(query)]


def find_run_pk(conn: Connection, tenant_id: int, dag_id: str, run_id: str) -> int | None:
    return conn.execute(
        select(dag_runs.c.pk)
        .join(dags, dags.c.pk == dag_runs.c.dag_pk)
        .where(dags.c.tenant_id == tenant_id, dags.c.dag_id == dag_id, dag_runs.c.run_id == run_id)
    ).scalar_one_or_none()


def earlier_run_with(
    conn: Connection, run_pk: int, task_id: str, key: str, map_index: int | None
) -> int | None:
    """The run itself or the latest earlier one (by logical date) of the same DAG that has such a value."""
    this = select(dag_runs.c.dag_pk, dag_runs.c.logical_date).where(dag_runs.c.pk == run_pk).subquery()
    query = (
        select(dag_runs.c.pk)
        .join(this, this.c.dag_pk == dag_runs.c.dag_pk)
        .join(task_instances, task_instances.c.run_pk == dag_runs.c.pk)
        .join(xcoms, xcoms.c.task_pk == task_instances.c.pk)
        .where(
            (dag_runs.c.pk == run_pk) | (dag_runs.c.logical_date < this.c.logical_date),
            task_instances.c.task_id == task_id,
            xcoms.c.key == key,
        )
        .order_by(case((dag_runs.c.pk == run_pk, 0), else_=1), dag_runs.c.logical_date.desc())
        .limit(1)
    )
    if map_index is not None:
        query = query.where(task_instances.c.map_index == map_index)
    return conn.execute(query).scalar_one_or_none()
