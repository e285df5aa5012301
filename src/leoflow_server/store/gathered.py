"""What reports read and write, gathered: one look for the launches of many, few statements for what they say.

A write transaction excludes all others, so a guard can be answered from a row that it has read. What is
written waits until something else asks the database, or until the end; each row is guarded there again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, select, text

from leoflow_runtime.artifact.records import RETURN_VALUE
from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.engine.rows import LaunchReport, TaskRow, changed_task
from leoflow_runtime.engine.store import TaskChange
from leoflow_server.store import tasks
from leoflow_server.store.arrays import Array
from leoflow_server.store.bulk import BulkInsert, BulkUpdate, Row
from leoflow_server.store.prepared import Prepared, Session
from leoflow_server.store.tables import launches, task_instances, xcoms

_l = launches.c
_FIELDS = frozenset(TaskRow._fields)
_KNOWN = [*tasks.COLUMNS, _l.pk, _l.finished_at]
_LOOK = select(*_KNOWN).join(task_instances, task_instances.c.pk == _l.task_pk)
_EXPECTED = {
    True: Prepared(_LOOK.where(_l.pk == func.any(bindparam("launches", type_=Array(_l.pk.type)))), _KNOWN),
    False: Prepared(
        _LOOK.where(
            _l.pk.in_(text("SELECT value FROM json_each(:launches)").bindparams(bindparam("launches")))
        ),
        _KNOWN,
    ),
}
_ENDS = [
    "outcome",
    "started_at",
    "finished_at",
    "exit_code",
    "signal",
    "cpu_seconds",
    "max_rss_bytes",
    "message",
]
_FINISH = BulkUpdate(launches, _ENDS, guards=["finished_at"], kept=["started_at"])
_STORE_XCOM = BulkInsert(
    xcoms, ["task_pk", "key", "value", "launch_id", "created_at", "map_length"], replaces=["task_pk", "key"]
)


class GuardBroken(RuntimeError):
    """A row is not as this transaction has read it: something wrote past `Gathered`. Nothing is written."""


class Gathered:
    """Of one transaction. A method that returns None knows nothing of the row, and has done nothing."""

    __slots__ = (
        "_changed",
        "_finished",
        "_launches",
        "_open",
        "_rows",
        "_session",
        "_task_of",
        "_was",
        "_xcoms",
    )

    def __init__(self, session: Session) -> None:
        self._session = session
        self._was: dict[int, tuple[TaskState | None, int | None]] = {}
        self._changed: dict[int, dict[str, Any]] = {}  # task -> its new values
        self._launches: dict[int, dict[str, Any]] = {}  # launch -> its new values
        self._finished: list[Row] = []
        self._xcoms: dict[tuple[int, str], Row] = {}
        self._forget()

    def _forget(self) -> None:
        self._rows: dict[int, TaskRow] = {}
        self._task_of: dict[int, int] = {}
        self._open: dict[int, bool] = {}

    def drop(self) -> None:
        """Forgets everything, what waits to be written included: it is undone."""
        for waiting in (self._was, self._changed, self._launches, self._finished, self._xcoms):
            waiting.clear()
        self._forget()

    # Reading

    def expect(self, launch_ids: Collection[int]) -> None:
        """Reads the launches that are not known yet, and their tasks."""
        unknown = [launch_id for launch_id in launch_ids if launch_id not in self._task_of]
        if not unknown:
            return
        remote = self._session.is_remote
        wanted = unknown if remote else str(unknown)
        for *row, launch_id, finished_at in self._session.rows(_EXPECTED[remote], {"launches": wanted}):
            task = tasks.row_of(row)
            # Where it is known already, changes of it may wait.
            self._rows.setdefault(task.pk, task)
            self._task_of[launch_id] = task.pk
            self._open[launch_id] = finished_at is None

    def task_of(self, launch_id: int) -> TaskRow | None:
        self.expect((launch_id,))
        pk = self._task_of.get(launch_id)
        if pk is None:
            return None
        changed = self._changed.get(pk)
        if changed is None:
            return self._rows[pk]
        return changed_task(self._rows[pk], {name: changed[name] for name in changed if name in _FIELDS})

    # Writing

    def change(self, change: TaskChange) -> bool | None:
        """`tasks.update_tasks` of one."""
        row = self._rows.get(change.pk)
        if row is None:
            return None
        changed = self._changed.get(change.pk, {})
        states, launch = change.expect_states, change.expect_launch
        if states is not None and changed.get("state", row.state) not in states:
            return False
        if launch is not None and changed.get("launch_id", row.launch_id) != launch:
            return False
        self._change(row, change.values)
        return True

    def _change(self, row: TaskRow, values: Mapping[str, Any]) -> None:
        self._was.setdefault(row.pk, (row.state, row.launch_id))
        self._changed.setdefault(row.pk, {}).update(values)

    def update_launch(self, launch_id: int, values: Mapping[str, Any]) -> bool | None:
        """`launches.update_launch`, of what is no end."""
        is_open = self._open.get(launch_id)
        if is_open:
            self._launches.setdefault(launch_id, {}).update(values)
        return is_open

    def finish(self, report: LaunchReport, now: datetime) -> bool:
        """Closes the launch and stores what it left. False: it was closed before, or is not there."""
        launch_id = report.launch_id
        self.expect((launch_id,))
        if not self._open.get(launch_id):
            return False
        self._open[launch_id] = False
        self._finished.append(_end(report, now))
        row = self._rows[self._task_of[launch_id]]
        for key, value in report.xcoms.items():
            self._xcoms[row.pk, key] = {
                "task_pk": row.pk,
                "key": key,
                "value": value,
                "launch_id": launch_id,
                "created_at": now,
                "map_length": report.map_length if key == RETURN_VALUE else None,
            }
        left = {
            "rendered_map_index": report.rendered_map_index,
            "note": report.note,
            "rendered_fields": None if report.rendered_fields is None else dict(report.rendered_fields),
        }
        said = {name: value for name, value in left.items() if value is not None}
        if said and self._changed.get(row.pk, {}).get("launch_id", row.launch_id) == launch_id:
            self._change(row, said)
        return True

    def flush(self) -> None:
        """Writes what waits, and forgets what was read. Raises GuardBroken."""
        if self._launches:
            self._flush_launches()
        if self._finished:
            finished, self._finished = self._finished, []
            _held(_FINISH.run(self._session, finished))
        if self._xcoms:
            stored, self._xcoms = list(self._xcoms.values()), {}
            _STORE_XCOM.run(self._session, stored)
        if self._changed:
            self._flush_tasks()
        self._forget()

    def _flush_launches(self) -> None:
        updated, self._launches = self._launches, {}
        shapes: dict[tuple[str, ...], list[Row]] = {}
        for launch_id, values in updated.items():
            row = {"of": launch_id, "was_finished_at": None}
            row |= {f"to_{name}": value for name, value in values.items()}
            shapes.setdefault(tuple(values), []).append(row)
        for names, rows in shapes.items():
            _held(_update_launches(names).run(self._session, rows))

    def _flush_tasks(self) -> None:
        changed, self._changed = self._changed, {}
        was, self._was = self._was, {}
        shapes: dict[tuple[str, ...], list[Row]] = {}
        for pk, values in changed.items():
            state, launch_id = was[pk]
            row = {"of": pk, "was_state": state, "was_launch_id": launch_id}
            row |= {f"to_{name}": value for name, value in values.items()}
            shapes.setdefault(tuple(values), []).append(row)
        for names, rows in shapes.items():
            _held(_update_tasks(names).run(self._session, rows))


def _end(report: LaunchReport, now: datetime) -> Row:
    return {
        "of": report.launch_id,
        "was_finished_at": None,
        "to_outcome": report.outcome,
        "to_started_at": report.started_at,
        "to_finished_at": report.finished_at or now,
        "to_exit_code": report.exit_code,
        "to_signal": report.signal,
        "to_cpu_seconds": report.cpu_seconds,
        "to_max_rss_bytes": report.max_rss_bytes,
        "to_message": report.message,
    }


def _held(results: Collection[bool]) -> None:
    if not all(results):
        raise GuardBroken(f"{len(results) - sum(results)} of {len(results)} rows are not as they were read")


@cache
def _update_launches(names: tuple[str, ...]) -> BulkUpdate:
    return BulkUpdate(launches, names, guards=["finished_at"])


@cache
def _update_tasks(names: tuple[str, ...]) -> BulkUpdate:
    return BulkUpdate(task_instances, names, guards=["state", "launch_id"])
