"""Counts for the home page and the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Table,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)

from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_server.api.params import Range
from leoflow_server.api.queries.listing import within
from leoflow_server.store.tables import dag_runs, dags, task_instances

COUNT_LIMIT = 1000


def state_counts(
    conn: Connection, *, tenant_id: int, start: datetime, end: datetime | None, now: datetime
) -> tuple[dict[str, int], dict[str, int]]:
    """Runs and task instances by state between `start` and `end`; each count stops at COUNT_LIMIT."""
    current = literal(now, dag_runs.c.start_date.type)
    between = [
        dag_runs.c.tenant_id == tenant_id,
        func.coalesce(dag_runs.c.start_date, current) >= start,
        func.coalesce(dag_runs.c.end_date, current) <= (end or now),
    ]

    def counted(table: Table, states: Sequence[Any]) -> dict[str, int]:
        # A limit in every branch: what is most frequent costs no more than what is rare.
        branches = []
        for state in states:
            branch = select(literal(state or "no_status").label("state")).select_from(table)
            if table is task_instances:
                branch = branch.join(dag_runs, dag_runs.c.pk == task_instances.c.run_pk)
            matching = table.c.state.is_(None) if state is None else table.c.state == state
            limited = branch.where(*between, matching).limit(COUNT_LIMIT).subquery()
            branches.append(select(limited.c.state))
        every = union_all(*branches).subquery()
        found = conn.execute(select(every.c.state, func.count().label("count")).group_by(every.c.state))
        counts = {state or "no_status": 0 for state in states}
        counts.update({row.state: row._mapping["count"] for row in found})
        return counts

    runs = counted(dag_runs, [state.value for state in RunState])
    return runs, counted(task_instances, [None, *(state.value for state in TaskState)])


def dag_counts(conn: Connection, *, tenant_id: int) -> dict[str, int]:
    """Active DAGs, and DAGs by the state of their latest run."""
    alive = [dags.c.tenant_id == tenant_id, dags.c.is_stale.is_(False)]
    active = conn.execute(select(func.count()).where(*alive, dags.c.is_paused.is_(False))).scalar_one()
    newest = (
        select(dag_runs.c.pk)
        .where(dag_runs.c.dag_pk == dags.c.pk)
        .order_by(dag_runs.c.run_after.desc(), dag_runs.c.pk.desc())
        .limit(1)
        .correlate(dags)
        .scalar_subquery()
    )
    rows = conn.execute(
        select(dag_runs.c.state, func.count().label("count"))
        .select_from(dags)
        .join(dag_runs, dag_runs.c.pk == newest)
        .where(*alive)
        .group_by(dag_runs.c.state)
    )
    latest = {row.state: row._mapping["count"] for row in rows}
    return {
        "active_dag_count": active,
        "failed_dag_count": latest.get("failed", 0),
        "running_dag_count": latest.get("running", 0),
        "queued_dag_count": latest.get("queued", 0),
    }


def runs_by_time(conn: Connection, *, dag_pk: int, bounds: Range, step_seconds: int) -> list[Row[Any]]:
    """`(bucket, state, count)`; a bucket is seconds since the epoch, a multiple of `step_seconds`."""
    when: ColumnElement[Any] = func.coalesce(dag_runs.c.logical_date, dag_runs.c.run_after)
    step = step_seconds * 1_000_000
    micros = type_coerce(when, BigInteger)
    bucket = (micros - micros % step) // 1_000_000
    return list(
        conn.execute(
            select(bucket.label("bucket"), dag_runs.c.state, func.count().label("runs"))
            .where(dag_runs.c.dag_pk == dag_pk, *within(type_coerce(when, dag_runs.c.run_after.type), bounds))
            .group_by("bucket", dag_runs.c.state)
            .order_by("bucket")
        ).all()
    )
