"""What is old enough to go: finished runs and what hangs on them, audit rows, the history of deployments.

A run is left alone while anything of it may still move: it has not ended, one of its launches has no end,
its backfill is not complete. The newest runs of each DAG stay whatever their age: schedules,
`depends_on_past` and people look back at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, update

from leoflow_server.store.tables import (
    audit_log,
    backfills,
    cleanings,
    dag_runs,
    dags,
    deployments,
    launches,
    task_instances,
    xcoms,
)

ENDED = ("success", "failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class OldRun:
    pk: int
    tenant_id: int
    dag_id: str
    run_id: str
    end_date: datetime
    tasks: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A run in the order of ends."""

    end_date: datetime
    run_pk: int


def old_runs(
    conn: Connection, *, before: datetime, after: Place | None = None, keep: int = 0, limit: int
) -> list[OldRun]:
    """Runs that ended before `before`, and behind `after`, the oldest end first.

    `keep`: of each DAG, so many of the latest are not among them.
    """
    tasks = (
        select(func.count())
        .where(task_instances.c.run_pk == dag_runs.c.pk)
        .correlate(dag_runs)
        .scalar_subquery()
        .label("tasks")
    )
    columns = (
        dag_runs.c.pk,
        dag_runs.c.tenant_id,
        dags.c.dag_id,
        dag_runs.c.run_id,
        dag_runs.c.end_date,
        tasks,
    )
    statement = (
        select(*columns)
        .join(dags, dags.c.pk == dag_runs.c.dag_pk)
        .where(*_removable(before, keep), *_behind(after))
        .order_by(dag_runs.c.end_date, dag_runs.c.pk)
        .limit(limit)
    )
    return [OldRun(**row._mapping) for row in conn.execute(statement)]


def count_old_runs(conn: Connection, *, before: datetime, after: Place | None = None, keep: int = 0) -> int:
    conditions = (*_removable(before, keep), *_behind(after))
    statement = select(func.count()).select_from(dag_runs).where(*conditions)
    return int(conn.execute(statement).scalar_one())


def remove_run(conn: Connection, pk: int, *, before: datetime, keep: int) -> bool:
    """With all that hangs on it; False, and nothing done, where it is not to go any more."""
    found = conn.execute(select(dag_runs.c.pk).where(dag_runs.c.pk == pk, *_removable(before, keep))).first()
    if found is None:
        return False
    # The planner need not hear of it: it remembers no run that has ended.
    return conn.execute(delete(dag_runs).where(dag_runs.c.pk == pk)).rowcount == 1


def remove_xcoms(conn: Connection, run_pk: int, *, before: datetime) -> int:
    """Of a run that stays. Returns how many there were."""
    of_run = (
        select(task_instances.c.pk)
        .join(dag_runs, dag_runs.c.pk == task_instances.c.run_pk)
        .where(dag_runs.c.pk == run_pk, *_removable(before, 0))
    )
    return conn.execute(delete(xcoms).where(xcoms.c.task_pk.in_(of_run))).rowcount


def count_xcoms(conn: Connection, *, before: datetime, after: Place | None) -> int:
    statement = (
        select(func.count())
        .select_from(xcoms)
        .join(task_instances, task_instances.c.pk == xcoms.c.task_pk)
        .join(dag_runs, dag_runs.c.pk == task_instances.c.run_pk)
        .where(*_removable(before, 0), *_behind(after))
    )
    return int(conn.execute(statement).scalar_one())


def cleaned_until(conn: Connection, what: str) -> Place | None:
    """`what` is gone already of the runs up to this one."""
    row = conn.execute(
        select(cleanings.c.end_date, cleanings.c.run_pk).where(cleanings.c.what == what)
    ).one_or_none()
    return None if row is None else Place(end_date=row.end_date, run_pk=row.run_pk)


def note_cleaned(conn: Connection, what: str, run: OldRun) -> None:
    place = {"end_date": run.end_date, "run_pk": run.pk}
    if conn.execute(update(cleanings).where(cleanings.c.what == what).values(**place)).rowcount == 0:
        conn.execute(insert(cleanings).values(what=what, **place))


def old_audit_rows(*, before: datetime) -> Select[Any]:
    return select(audit_log.c.pk).where(audit_log.c.when < before)


def old_deployments(*, before: datetime, keep: int) -> Select[Any]:
    """All but each DAG's latest `keep`, which going back needs."""
    newer = deployments.alias()
    later = (
        select(func.count())
        .where(newer.c.dag_pk == deployments.c.dag_pk, newer.c.pk > deployments.c.pk)
        .correlate(deployments)
        .scalar_subquery()
    )
    return select(deployments.c.pk).where(deployments.c.at < before, later >= keep)


def remove_rows(conn: Connection, old: Select[Any], *, limit: int) -> int:
    """The first `limit` of what `old` selects: the keys of one table. Returns how many there were."""
    (key,) = old.selected_columns
    keys = list(conn.execute(old.order_by(key).limit(limit)).scalars())
    if keys:
        conn.execute(delete(key.table).where(key.in_(keys)))
    return len(keys)


def count_rows(conn: Connection, old: Select[Any]) -> int:
    return int(conn.execute(select(func.count()).select_from(old.subquery())).scalar_one())


def _behind(place: Place | None) -> list[ColumnElement[bool]]:
    if place is None:
        return []
    same_end = and_(dag_runs.c.end_date == place.end_date, dag_runs.c.pk > place.run_pk)
    return [dag_runs.c.end_date >= place.end_date, or_(dag_runs.c.end_date > place.end_date, same_end)]


def _removable(before: datetime, keep: int) -> list[ColumnElement[bool]]:
    unfinished = select(launches.c.pk).where(
        launches.c.run_pk == dag_runs.c.pk, launches.c.finished_at.is_(None)
    )
    backfilling = select(backfills.c.pk).where(
        backfills.c.pk == dag_runs.c.backfill_pk, backfills.c.completed_at.is_(None)
    )
    conditions = [
        dag_runs.c.state.in_(ENDED),
        dag_runs.c.end_date < before,
        ~unfinished.correlate(dag_runs).exists(),
        ~backfilling.correlate(dag_runs).exists(),
    ]
    if keep > 0:
        newer = dag_runs.alias()
        same_moment = and_(newer.c.run_after == dag_runs.c.run_after, newer.c.pk > dag_runs.c.pk)
        enough_newer = (
            select(newer.c.pk)
            .where(
                newer.c.dag_pk == dag_runs.c.dag_pk,
                or_(newer.c.run_after > dag_runs.c.run_after, same_moment),
            )
            .order_by(newer.c.run_after, newer.c.pk)
            .limit(1)
            .offset(keep - 1)
            .correlate(dag_runs)
        )
        conditions.append(enough_newer.exists())
    return conditions
