"""DAG runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from leoflow_runtime.domain.states import RunState, RunType
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.engine.store import NewRun, RunExists
from leoflow_server.store.prepared import Prepared, Session, all_columns, with_defaults
from leoflow_server.store.tables import dag_runs, missed_deadlines, run_deadlines

_NAMES = [
    "pk",
    "tenant_id",
    "dag_pk",
    "version_pk",
    "run_id",
    "run_type",
    "state",
    "logical_date",
    "data_interval_start",
    "data_interval_end",
    "run_after",
    "queued_at",
    "start_date",
    "end_date",
    "conf",
    "clear_number",
    "note",
    "triggered_by",
    "triggering_user",
    "backfill_pk",
]
COLUMNS = [dag_runs.c[name] for name in _NAMES]
_r = dag_runs.c

_BY_PK = Prepared(select(*COLUMNS).where(_r.pk == bindparam("run")), COLUMNS)
_BY_ID = Prepared(
    select(*COLUMNS).where(_r.dag_pk == bindparam("dag"), _r.run_id == bindparam("id")), COLUMNS
)
_BY_LOGICAL_DATE = Prepared(
    select(*COLUMNS).where(_r.dag_pk == bindparam("dag"), _r.logical_date == bindparam("date")), COLUMNS
)
_ACTIVE_STATES = or_(_r.state == "queued", _r.state == "running")
_ACTIVE = Prepared(select(*COLUMNS).where(_ACTIVE_STATES).order_by(_r.run_after, _r.pk), COLUMNS)
_ACTIVE_OF_DAG = Prepared(
    select(*COLUMNS).where(_r.dag_pk == bindparam("dag"), _ACTIVE_STATES).order_by(_r.run_after, _r.pk),
    COLUMNS,
)
_LATEST = Prepared(
    select(*COLUMNS)
    .where(_r.dag_pk == bindparam("dag"), _r.run_type == bindparam("type"))
    .order_by(_r.run_after.desc(), _r.pk.desc())
    .limit(1),
    COLUMNS,
)
_BETWEEN = Prepared(
    select(*COLUMNS)
    .where(
        _r.dag_pk == bindparam("dag"),
        _r.logical_date >= bindparam("earliest"),
        _r.logical_date <= bindparam("latest"),
    )
    .order_by(_r.logical_date, _r.pk),
    COLUMNS,
)
_RECENT = Prepared(
    select(*COLUMNS)
    .where(_r.dag_pk == bindparam("dag"))
    .order_by(_r.run_after.desc(), _r.pk.desc())
    .limit(bindparam("most", type_=_r.pk.type)),
    COLUMNS,
)
_INSERT = Prepared(insert(dag_runs).values(all_columns(dag_runs)).returning(_r.pk), [_r.pk])
_DELETE = Prepared(delete(dag_runs).where(_r.pk == bindparam("run")))


def get(session: Session, pk: int) -> RunRow | None:
    return _row(session.row(_BY_PK, {"run": pk}))


def find(session: Session, dag_pk: int, run_id: str) -> RunRow | None:
    return _row(session.row(_BY_ID, {"dag": dag_pk, "id": run_id}))


def active(session: Session, dag_pk: int | None) -> list[RunRow]:
    if dag_pk is None:
        return _rows(session.rows(_ACTIVE, {}))
    return _rows(session.rows(_ACTIVE_OF_DAG, {"dag": dag_pk}))


def between(
    session: Session, dag_pk: int, earliest: datetime | None, latest: datetime | None
) -> list[RunRow]:
    bounds = {"earliest": earliest or _FIRST_MOMENT, "latest": latest or _LAST_MOMENT}
    return _rows(session.rows(_BETWEEN, {"dag": dag_pk, **bounds}))


def previous(
    session: Session, run: RunRow, states: Collection[RunState] | None, run_type: RunType | None
) -> RunRow | None:
    if run.logical_date is None:
        return None
    wanted = tuple(sorted(str(state) for state in states)) if states is not None else None
    return _row(
        session.row(
            _previous(wanted, str(run_type) if run_type else None),
            {"dag": run.dag_pk, "date": run.logical_date},
        )
    )


def recent(session: Session, dag_pk: int, limit: int) -> list[RunRow]:
    return _rows(session.rows(_RECENT, {"dag": dag_pk, "most": limit}))


def latest(session: Session, dag_pk: int, run_type: RunType) -> RunRow | None:
    return _row(session.row(_LATEST, {"dag": dag_pk, "type": str(run_type)}))


def insert_run(session: Session, new: NewRun, now: datetime) -> RunRow:
    """Raises RunExists."""
    existing = find(session, new.dag.pk, new.run_id)
    if existing is None and new.logical_date is not None:
        existing = _row(session.row(_BY_LOGICAL_DATE, {"dag": new.dag.pk, "date": new.logical_date}))
    if existing is not None:
        raise RunExists(existing)
    values = {
        "tenant_id": new.dag.tenant_id,
        "dag_pk": new.dag.pk,
        "version_pk": new.version_pk,
        "run_id": new.run_id,
        "run_type": str(new.run_type),
        "state": str(RunState.QUEUED),
        "logical_date": new.logical_date,
        "data_interval_start": new.data_interval_start,
        "data_interval_end": new.data_interval_end,
        "run_after": new.run_after,
        "queued_at": now,
        "conf": dict(new.conf),
        "note": new.note,
        "triggered_by": new.triggered_by,
        "triggering_user": new.triggering_user,
        "backfill_pk": new.backfill_pk,
    }
    pk = session.rows(_INSERT, with_defaults(dag_runs, values))[0][0]
    stored = get(session, pk)
    assert stored is not None
    return stored


def update_run(
    session: Session,
    pk: int,
    expect: Collection[RunState],
    values: Mapping[str, Any],
    expect_clear_number: int | None,
) -> bool:
    plain = {
        name: str(value)
        if isinstance(value, RunState | RunType)
        else dict(value)
        if isinstance(value, Mapping)
        else value
        for name, value in values.items()
    }
    states = tuple(sorted(str(state) for state in expect))
    statement = _update(tuple(sorted(plain)), states, expect_clear_number is not None)
    guard = {"guarded_run": pk, "guarded_clears": expect_clear_number}
    return session.execute(statement, {**plain, **guard}) == 1


def delete_run(session: Session, pk: int) -> bool:
    return session.execute(_DELETE, {"run": pk}) == 1


def note_missed_deadline(session: Session, run_pk: int, position: int, when: datetime, now: datetime) -> bool:
    missed = missed_deadlines.c
    which = select(missed.run_pk).where(missed.run_pk == run_pk, missed.position == position)
    if session.connection.execute(which).first() is not None:
        return False
    row = {"run_pk": run_pk, "position": position, "deadline_at": when, "missed_at": now}
    session.connection.execute(insert(missed_deadlines).values(row))
    return True


def set_deadline(session: Session, run_pk: int, position: int, when: datetime) -> None:
    row = {"run_pk": run_pk, "position": position, "deadline_at": when}
    session.connection.execute(insert(run_deadlines).values(row))


def deadlines(connection: Connection, run_pk: int) -> Mapping[int, datetime]:
    query = select(run_deadlines.c.position, run_deadlines.c.deadline_at)
    found = connection.execute(query.where(run_deadlines.c.run_pk == run_pk))
    return {row.position: row.deadline_at for row in found}


_FIRST_MOMENT = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
_LAST_MOMENT = datetime.fromisoformat("9999-12-31T23:59:59+00:00")


@cache
def _previous(states: tuple[str, ...] | None, run_type: str | None) -> Prepared:
    query = select(*COLUMNS).where(_r.dag_pk == bindparam("dag"), _r.logical_date < bindparam("date"))
    if states is not None:
        query = query.where(or_(*[_r.state == state for state in states]))
    if run_type is not None:
        query = query.where(_r.run_type == run_type)
    return Prepared(query.order_by(_r.logical_date.desc()).limit(1), COLUMNS)


@cache
def _update(names: tuple[str, ...], states: tuple[str, ...], by_clears: bool) -> Prepared:
    statement = update(dag_runs).where(
        _r.pk == bindparam("guarded_run"), or_(*[_r.state == state for state in states])
    )
    if by_clears:
        statement = statement.where(_r.clear_number == bindparam("guarded_clears"))
    return Prepared(statement.values({name: bindparam(name, type_=_r[name].type) for name in names}))


def _row(found: list[Any] | None) -> RunRow | None:
    return None if found is None else row_of(found)


def row_of(found: Sequence[Any]) -> RunRow:
    """`found`: the values of COLUMNS."""
    values = dict(zip(_NAMES, found, strict=True))
    values["run_type"] = RunType(values["run_type"])
    values["state"] = RunState(values["state"])
    return RunRow(**values)


def _rows(found: list[list[Any]]) -> list[RunRow]:
    return [row for row in map(_row, found) if row is not None]
