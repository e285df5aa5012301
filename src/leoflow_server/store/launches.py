"""Launches: one row per start of a process, and what it leaves at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine.rows import LaunchRow, TaskRow
from leoflow_runtime.executors.protocol import Place
from leoflow_server.store.bulk import BulkInsert
from leoflow_server.store.prepared import Prepared, Session, all_columns, with_defaults
from leoflow_server.store.tables import launches, task_instances

_l = launches.c
COLUMNS = [
    _l.pk,
    _l.task_pk,
    _l.run_pk,
    _l.try_number,
    _l.generation,
    _l.host,
    _l.created_at,
    _l.opened_at,
    _l.started_at,
    _l.finished_at,
    _l.heartbeat_at,
    _l.callback,
    _l.callback_reason,
    _l.outcome,
]
_NAMES = ["launch_id", *[column.name for column in COLUMNS[1:]]]

_BY_PK = Prepared(select(*COLUMNS).where(_l.pk == bindparam("launch")), COLUMNS)
_UNFINISHED = Prepared(select(*COLUMNS).where(_l.finished_at.is_(None)).order_by(_l.pk), COLUMNS)
_CURRENT = Prepared(
    select(_l.pk)
    .join(task_instances, task_instances.c.pk == _l.task_pk)
    .where(_l.finished_at.is_(None), task_instances.c.launch_id == _l.pk)
    .order_by(_l.pk),
    [_l.pk],
)
_SILENT = Prepared(
    select(*COLUMNS)
    .where(
        _l.finished_at.is_(None),
        _l.opened_at.is_not(None),
        func.coalesce(_l.heartbeat_at, _l.opened_at) <= bindparam("since", type_=_l.opened_at.type),
    )
    .order_by(_l.pk),
    COLUMNS,
)
_PLACE = ("host", "agent_pid", "session_hash", "opened_at", "heartbeat_at")
_INSERT = BulkInsert(launches, ["task_pk", "run_pk", "try_number", "created_at", *_PLACE], {"generation": 1})
_INSERT_CALLBACK = Prepared(insert(launches).values(all_columns(launches)).returning(_l.pk), [_l.pk])


def get(session: Session, launch_id: int) -> LaunchRow | None:
    found = session.row(_BY_PK, {"launch": launch_id})
    return None if found is None else row_of(found)


def open_launches(
    session: Session, tasks: Sequence[TaskRow], places: Sequence[Place | None], now: datetime
) -> list[LaunchRow]:
    opened: list[dict[str, Any]] = [
        {"task_pk": task.pk, "run_pk": task.run_pk, "try_number": task.try_number, "created_at": now}
        | (dict.fromkeys(_PLACE) if place is None else _placed(place, now))
        for task, place in zip(tasks, places or [None] * len(tasks), strict=True)
    ]
    keys = _INSERT.run(session, opened)
    for values in opened:
        del values["agent_pid"], values["session_hash"]
    return [LaunchRow(launch_id=key, **values) for key, values in zip(keys, opened, strict=True)]


def _placed(place: Place, now: datetime) -> dict[str, Any]:
    return {
        "host": place.host,
        "agent_pid": place.agent_pid,
        "session_hash": place.session_hash,
        "opened_at": now,
        "heartbeat_at": now,
    }


def open_callback(session: Session, task: TaskRow, callback: str, reason: str, now: datetime) -> LaunchRow:
    values: dict[str, Any] = {
        "task_pk": task.pk,
        "run_pk": task.run_pk,
        "try_number": max(task.try_number, 1),
        "created_at": now,
        "callback": callback,
        "callback_reason": reason,
    }
    ((key,),) = session.rows(_INSERT_CALLBACK, with_defaults(launches, values))
    return LaunchRow(launch_id=key, **values)


def update_launch(session: Session, launch_id: int, values: Mapping[str, Any]) -> bool:
    plain = {name: str(value) if isinstance(value, Outcome) else value for name, value in values.items()}
    return session.execute(_update(tuple(sorted(plain))), {**plain, "launch": launch_id}) == 1


def current_ids(session: Session) -> list[int]:
    return [row[0] for row in session.rows(_CURRENT, {})]


def unfinished(session: Session) -> list[LaunchRow]:
    return [row_of(found) for found in session.rows(_UNFINISHED, {})]


def silent(session: Session, since: datetime) -> list[LaunchRow]:
    return [row_of(found) for found in session.rows(_SILENT, {"since": since})]


@cache
def _update(names: tuple[str, ...]) -> Prepared:
    return Prepared(
        update(launches)
        .where(_l.pk == bindparam("launch"), _l.finished_at.is_(None))
        .values({name: bindparam(name, type_=_l[name].type) for name in names})
    )


def row_of(found: Sequence[Any]) -> LaunchRow:
    """`found`: the values of COLUMNS."""
    values: dict[str, Any] = dict(zip(_NAMES, found, strict=True))
    outcome = values["outcome"]
    values["outcome"] = None if outcome is None else Outcome(outcome)
    return LaunchRow(**values)
