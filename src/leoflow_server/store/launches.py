"""Launches: one row per start of a process, and what it leaves at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from leoflow_runtime.artifact.records import RETURN_VALUE
from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine.rows import LaunchReport, LaunchRow, TaskRow
from leoflow_server.store.bulk import BulkInsert
from leoflow_server.store.prepared import Prepared, Session, all_columns, with_defaults
from leoflow_server.store.tables import launches, task_instances, xcoms

_l = launches.c
_LAUNCH = [
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
_NAMES = ["launch_id", *[column.name for column in _LAUNCH[1:]]]

_BY_PK = Prepared(select(*_LAUNCH).where(_l.pk == bindparam("launch")), _LAUNCH)
_UNFINISHED = Prepared(select(*_LAUNCH).where(_l.finished_at.is_(None)).order_by(_l.pk), _LAUNCH)
_CURRENT = Prepared(
    select(_l.pk)
    .join(task_instances, task_instances.c.pk == _l.task_pk)
    .where(_l.finished_at.is_(None), task_instances.c.launch_id == _l.pk)
    .order_by(_l.pk),
    [_l.pk],
)
_SILENT = Prepared(
    select(*_LAUNCH)
    .where(
        _l.finished_at.is_(None),
        _l.opened_at.is_not(None),
        func.coalesce(_l.heartbeat_at, _l.opened_at) <= bindparam("since", type_=_l.opened_at.type),
    )
    .order_by(_l.pk),
    _LAUNCH,
)
_INSERT = BulkInsert(launches, ["task_pk", "run_pk", "try_number", "created_at"], {"generation": 1})
_INSERT_CALLBACK = Prepared(insert(launches).values(all_columns(launches)).returning(_l.pk), [_l.pk])
_FINISH = Prepared(
    update(launches)
    .where(_l.pk == bindparam("launch"), _l.finished_at.is_(None))
    .values(
        outcome=bindparam("outcome"),
        started_at=func.coalesce(_l.started_at, bindparam("started_at", type_=_l.started_at.type)),
        finished_at=bindparam("finished_at", type_=_l.finished_at.type),
        exit_code=bindparam("exit_code"),
        signal=bindparam("signal"),
        cpu_seconds=bindparam("cpu_seconds"),
        max_rss_bytes=bindparam("max_rss_bytes"),
        message=bindparam("message"),
    )
    .returning(_l.task_pk),
    [_l.task_pk],
)
_DROP_XCOM = Prepared(
    delete(xcoms).where(xcoms.c.task_pk == bindparam("task"), xcoms.c.key == bindparam("name"))
)
_STORE_XCOM = Prepared(insert(xcoms).values(all_columns(xcoms)))
_RENDERED = Prepared(
    update(task_instances)
    .where(task_instances.c.pk == bindparam("task"), task_instances.c.launch_id == bindparam("launch"))
    .values(rendered_fields=bindparam("fields", type_=task_instances.c.rendered_fields.type))
)
_NOTE = Prepared(
    update(task_instances)
    .where(task_instances.c.pk == bindparam("task"), task_instances.c.launch_id == bindparam("launch"))
    .values(note=bindparam("text"))
)


_NAME = Prepared(
    update(task_instances)
    .where(task_instances.c.pk == bindparam("task"), task_instances.c.launch_id == bindparam("launch"))
    .values(rendered_map_index=bindparam("text"))
)


def get(session: Session, launch_id: int) -> LaunchRow | None:
    found = session.row(_BY_PK, {"launch": launch_id})
    return None if found is None else _row(found)


def open_launches(session: Session, tasks: Sequence[TaskRow], now: datetime) -> list[LaunchRow]:
    opened: list[dict[str, Any]] = [
        {"task_pk": task.pk, "run_pk": task.run_pk, "try_number": task.try_number, "created_at": now}
        for task in tasks
    ]
    keys = _INSERT.run(session, opened)
    return [LaunchRow(launch_id=key, **values) for key, values in zip(keys, opened, strict=True)]


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


def finish(session: Session, report: LaunchReport, now: datetime) -> bool:
    closed = session.row(
        _FINISH,
        {
            "launch": report.launch_id,
            "outcome": str(report.outcome),
            "started_at": report.started_at,
            "finished_at": report.finished_at or now,
            "exit_code": report.exit_code,
            "signal": report.signal,
            "cpu_seconds": report.cpu_seconds,
            "max_rss_bytes": report.max_rss_bytes,
            "message": report.message,
        },
    )
    if closed is None:
        return False
    task_pk = closed[0]
    for key, value in report.xcoms.items():
        session.execute(_DROP_XCOM, {"task": task_pk, "name": key})
        session.execute(
            _STORE_XCOM,
            {
                "task_pk": task_pk,
                "key": key,
                "value": value,
                "launch_id": report.launch_id,
                "created_at": now,
                "map_length": report.map_length if key == RETURN_VALUE else None,
            },
        )
    if report.rendered_map_index is not None:
        session.execute(
            _NAME, {"task": task_pk, "launch": report.launch_id, "text": report.rendered_map_index}
        )
    if report.note is not None:
        session.execute(_NOTE, {"task": task_pk, "launch": report.launch_id, "text": report.note})
    if report.rendered_fields is not None:
        session.execute(
            _RENDERED, {"task": task_pk, "launch": report.launch_id, "fields": dict(report.rendered_fields)}
        )
    return True


def current_ids(session: Session) -> list[int]:
    return [row[0] for row in session.rows(_CURRENT, {})]


def unfinished(session: Session) -> list[LaunchRow]:
    return [_row(found) for found in session.rows(_UNFINISHED, {})]


def silent(session: Session, since: datetime) -> list[LaunchRow]:
    return [_row(found) for found in session.rows(_SILENT, {"since": since})]


@cache
def _update(names: tuple[str, ...]) -> Prepared:
    return Prepared(
        update(launches)
        .where(_l.pk == bindparam("launch"), _l.finished_at.is_(None))
        .values({name: bindparam(name, type_=_l[name].type) for name in names})
    )


def _row(found: Sequence[Any]) -> LaunchRow:
    values: dict[str, Any] = dict(zip(_NAMES, found, strict=True))
    outcome = values["outcome"]
    values["outcome"] = None if outcome is None else Outcome(outcome)
    return LaunchRow(**values)
