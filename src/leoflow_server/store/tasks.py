"""Task instances, their past tries and their XComs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, delete, func, insert, literal_column, or_, select

from leoflow_runtime.artifact.records import RETURN_VALUE
from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.engine.rows import TaskRow
from leoflow_runtime.engine.store import MapLength, NewTask, TaskChange
from leoflow_server.store.bulk import BulkInsert, BulkUpdate
from leoflow_server.store.prepared import Prepared, Session
from leoflow_server.store.tables import dag_runs, task_instances, task_tries, xcoms

COLUMNS = [task_instances.c[name] for name in TaskRow._fields]
_STATE = TaskRow._fields.index("state")
_t = task_instances.c

_BY_PK = Prepared(select(*COLUMNS).where(_t.pk == bindparam("task")), COLUMNS)
_OF_RUN = Prepared(select(*COLUMNS).where(_t.run_pk == bindparam("run")).order_by(_t.pk), COLUMNS)
_BY_NAME = Prepared(
    select(*COLUMNS).where(
        _t.run_pk == bindparam("run"), _t.task_id == bindparam("task"), _t.map_index == bindparam("number")
    ),
    COLUMNS,
)
_GIVEN = [
    "run_pk",
    "uuid",
    "task_id",
    "map_index",
    "max_tries",
    "operator",
    "pool",
    "pool_slots",
    "queue",
    "priority_weight",
]
_INSERT = BulkInsert(task_instances, _GIVEN, {"try_number": 0, "infra_failures": 0, "forced_skip": False})
_FORGET_TRY = Prepared(
    delete(task_tries).where(
        task_tries.c.task_pk == bindparam("task"), task_tries.c.try_number == bindparam("number")
    )
)
_TRY_NAMES = [
    column.name for column in task_tries.columns if column.name not in ("pk", "task_pk", "version_pk")
]
_ARCHIVE = Prepared(
    insert(task_tries).from_select(
        ["task_pk", "version_pk", *_TRY_NAMES],
        select(_t.pk, dag_runs.c.version_pk, *[_t[name] for name in _TRY_NAMES])
        .join(dag_runs, dag_runs.c.pk == _t.run_pk)
        .where(_t.pk == bindparam("task")),
    )
)
_NUMBER = Prepared(select(_t.try_number).where(_t.pk == bindparam("task")), [_t.try_number])
_DELETE = Prepared(delete(task_instances).where(_t.pk == bindparam("task")))
_HAS_INDEX = _t.map_index >= literal_column("0")
_MAP_LENGTH = Prepared(
    select(_HAS_INDEX, func.count(), func.max(xcoms.c.map_length))
    .join(xcoms, xcoms.c.task_pk == _t.pk)
    .where(_t.run_pk == bindparam("run"), _t.task_id == bindparam("task"), xcoms.c.key == RETURN_VALUE)
    .group_by(_HAS_INDEX),
    [_t.forced_skip, _t.map_index, xcoms.c.map_length],
)
_PURGE_XCOMS = Prepared(delete(xcoms).where(xcoms.c.task_pk == bindparam("task")))


def get(session: Session, pk: int) -> TaskRow | None:
    found = session.row(_BY_PK, {"task": pk})
    return None if found is None else row_of(found)


def of_run(session: Session, run_pk: int) -> list[TaskRow]:
    return [row_of(found) for found in session.rows(_OF_RUN, {"run": run_pk})]


def in_states(session: Session, states: Iterable[TaskState]) -> list[TaskRow]:
    return [row_of(found) for found in session.rows(_in_states(frozenset(states)), {})]


def instance(session: Session, run_pk: int, task_id: str, map_index: int) -> TaskRow | None:
    found = session.row(_BY_NAME, {"run": run_pk, "task": task_id, "number": map_index})
    return None if found is None else row_of(found)


def insert_tasks(session: Session, run_pk: int, new: Sequence[NewTask]) -> list[TaskRow]:
    """The new rows, in the order given."""
    keys = _INSERT.run(session, [{"run_pk": run_pk, "uuid": str(uuid4()), **_given(task)} for task in new])
    return [
        TaskRow(
            pk=pk, run_pk=run_pk, task_id=task.task_id, map_index=task.map_index, max_tries=task.max_tries
        )
        for pk, task in zip(keys, new, strict=True)
    ]


def insert_instances(session: Session, run_pk: int, like: NewTask, map_indexes: range) -> list[TaskRow]:
    """One task's further instances, in order."""
    return insert_tasks(session, run_pk, [replace(like, map_index=index) for index in map_indexes])


def map_lengths(session: Session, run_pk: int, task_ids: Iterable[str]) -> dict[str, MapLength]:
    """Of those of these tasks that left a return value."""
    found = {}
    for task_id in task_ids:
        counted = session.rows(_MAP_LENGTH, {"run": run_pk, "task": task_id})
        if counted:
            length = next((length for has_index, _, length in counted if not has_index), None)
            instances = sum(count for has_index, count, _ in counted if has_index)
            found[task_id] = MapLength(length=length, instances=instances)
    return found


def update_tasks(session: Session, changes: Sequence[TaskChange]) -> list[bool]:
    """In the order given, where they concern the same row; those of one shape go to the database together."""
    if len({change.pk for change in changes}) < len(changes):
        return [held for change in changes for held in update_tasks(session, [change])]
    shapes: dict[BulkUpdate, list[int]] = {}
    rows = []
    for position, change in enumerate(changes):
        statement, row = _guarded(change)
        shapes.setdefault(statement, []).append(position)
        rows.append(row)
    held = [False] * len(rows)
    for statement, positions in shapes.items():
        results = statement.run(session, [rows[position] for position in positions])
        for position, result in zip(positions, results, strict=True):
            held[position] = result
    return held


def _guarded(change: TaskChange) -> tuple[BulkUpdate, dict[str, Any]]:
    row: dict[str, Any] = {f"to_{name}": value for name, value in change.values.items()}
    row["of"] = change.pk
    guards: list[str] = []
    states = change.expect_states
    if change.expect_launch is not None:
        row["was_launch_id"] = change.expect_launch
        guards.append("launch_id")
    if states is not None and len(states) == 1:
        (row["was_state"],) = states
        guards.append("state")
        states = None
    one_of = None if states is None else frozenset(states)
    return _update(tuple(change.values), tuple(guards), one_of), row


def archive_try(session: Session, pk: int) -> None:
    number = session.row(_NUMBER, {"task": pk})
    if number is not None:
        session.execute(_FORGET_TRY, {"task": pk, "number": number[0]})
        session.execute(_ARCHIVE, {"task": pk})


def delete_task(session: Session, pk: int) -> bool:
    return session.execute(_DELETE, {"task": pk}) == 1


def purge_xcoms(session: Session, pks: Iterable[int]) -> None:
    session.execute_many(_PURGE_XCOMS, [{"task": pk} for pk in pks])


@cache
def _in_states(states: frozenset[TaskState]) -> Prepared:
    wanted = or_(*[_t.state == str(state) for state in sorted(states)])
    return Prepared(select(*COLUMNS).where(wanted).order_by(_t.pk), COLUMNS)


@cache
def _update(
    names: tuple[str, ...], guards: tuple[str, ...], states: frozenset[TaskState | None] | None
) -> BulkUpdate:
    among = [
        or_(*[_t.state.is_(None) if state is None else _t.state == str(state) for state in states])
        for states in ([] if states is None else [states])
    ]
    return BulkUpdate(task_instances, names, guards=guards, among=among)


def _given(task: NewTask) -> dict[str, Any]:
    """Of a new row, what its task says."""
    return {
        "task_id": task.task_id,
        "map_index": task.map_index,
        "max_tries": task.max_tries,
        "operator": task.operator,
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "queue": task.queue,
        "priority_weight": task.priority_weight,
    }


def row_of(found: list[Any]) -> TaskRow:
    """`found`: the values of COLUMNS."""
    state = found[_STATE]
    if state is not None:
        found[_STATE] = TaskState(state)
    return TaskRow._make(found)
