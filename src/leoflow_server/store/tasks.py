"""Task instances, their past tries and their XComs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, literal_column, or_, select, update

from leoflow_runtime.artifact.records import RETURN_VALUE
from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.engine.rows import TaskRow
from leoflow_runtime.engine.store import MapLength, NewTask, TaskChange
from leoflow_server.store.prepared import Prepared, Session, all_columns, with_defaults
from leoflow_server.store.tables import dag_runs, launches, task_instances, task_tries, xcoms

_NAMES = [
    "pk",
    "run_pk",
    "task_id",
    "map_index",
    "state",
    "try_number",
    "max_tries",
    "infra_failures",
    "launch_id",
    "scheduled_at",
    "queued_at",
    "start_date",
    "end_date",
    "due_at",
    "forced_skip",
    "map_length",
]
_TASK = [task_instances.c[name] for name in _NAMES]
_t = task_instances.c

_BY_PK = Prepared(select(*_TASK).where(_t.pk == bindparam("task")), _TASK)
_OF_RUN = Prepared(select(*_TASK).where(_t.run_pk == bindparam("run")).order_by(_t.pk), _TASK)
_BY_NAME = Prepared(
    select(*_TASK).where(
        _t.run_pk == bindparam("run"), _t.task_id == bindparam("task"), _t.map_index == bindparam("number")
    ),
    _TASK,
)
_OF_LAUNCH = Prepared(
    select(*_TASK).join(launches, launches.c.task_pk == _t.pk).where(launches.c.pk == bindparam("launch")),
    _TASK,
)
_INSERT = Prepared(insert(task_instances).values(all_columns(task_instances)))
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
_INSTANCES = Prepared(
    select(*_TASK)
    .where(
        _t.run_pk == bindparam("run"),
        _t.task_id == bindparam("task"),
        _t.map_index >= bindparam("first"),
        _t.map_index < bindparam("end"),
    )
    .order_by(_t.map_index),
    _TASK,
)
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
    return None if found is None else _row(found)


def of_run(session: Session, run_pk: int) -> list[TaskRow]:
    return [_row(found) for found in session.rows(_OF_RUN, {"run": run_pk})]


def in_states(session: Session, states: Iterable[TaskState]) -> list[TaskRow]:
    return [_row(found) for found in session.rows(_in_states(frozenset(states)), {})]


def instance(session: Session, run_pk: int, task_id: str, map_index: int) -> TaskRow | None:
    found = session.row(_BY_NAME, {"run": run_pk, "task": task_id, "number": map_index})
    return None if found is None else _row(found)


def of_launch(session: Session, launch_id: int) -> TaskRow | None:
    found = session.row(_OF_LAUNCH, {"launch": launch_id})
    return None if found is None else _row(found)


def insert_tasks(session: Session, run_pk: int, new: Sequence[NewTask]) -> list[TaskRow]:
    """The new rows, in the order given."""
    session.execute_many(_INSERT, [{**_new(run_pk, task), "uuid": str(uuid.uuid4())} for task in new])
    by_key = {(row.task_id, row.map_index): row for row in of_run(session, run_pk)}
    return [by_key[task.task_id, task.map_index] for task in new]


def insert_instances(session: Session, run_pk: int, like: NewTask, map_indexes: range) -> list[TaskRow]:
    """One task's further instances, in order."""
    row = _new(run_pk, like)
    session.execute_many(
        _INSERT, [{**row, "uuid": str(uuid.uuid4()), "map_index": index} for index in map_indexes]
    )
    bounds = {"first": map_indexes.start, "end": map_indexes.stop}
    return [
        _row(found) for found in session.rows(_INSTANCES, {"run": run_pk, "task": like.task_id, **bounds})
    ]


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
    held: list[bool] = []
    for statement, alike in groupby(map(_guarded, changes), key=itemgetter(0)):
        changed = session.execute_many(statement, [values for _, values in alike])
        held += [count == 1 for count in changed]
    return held


def _guarded(change: TaskChange) -> tuple[Prepared, dict[str, Any]]:
    values = {
        name: str(value) if isinstance(value, TaskState) else value for name, value in change.values.items()
    }
    states = None if change.expect_states is None else frozenset(change.expect_states)
    statement = _update(tuple(values), states, change.expect_launch is not None)
    return statement, {**values, "guarded_task": change.pk, "guarded_launch": change.expect_launch}


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
    return Prepared(select(*_TASK).where(wanted).order_by(_t.pk), _TASK)


@cache
def _update(names: tuple[str, ...], states: frozenset[TaskState | None] | None, by_launch: bool) -> Prepared:
    statement = update(task_instances).where(_t.pk == bindparam("guarded_task"))
    if states is not None:
        statement = statement.where(
            or_(*[_t.state.is_(None) if state is None else _t.state == str(state) for state in states])
        )
    if by_launch:
        statement = statement.where(_t.launch_id == bindparam("guarded_launch"))
    return Prepared(statement.values({name: bindparam(name, type_=_t[name].type) for name in names}))


def _new(run_pk: int, task: NewTask) -> dict[str, Any]:
    """A new row, but for its `uuid`."""
    values = {
        "run_pk": run_pk,
        "task_id": task.task_id,
        "map_index": task.map_index,
        "max_tries": task.max_tries,
        "operator": task.operator,
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "queue": task.queue,
        "priority_weight": task.priority_weight,
    }
    return with_defaults(task_instances, values)


def _row(found: Sequence[Any]) -> TaskRow:
    values: dict[str, Any] = dict(zip(_NAMES, found, strict=True))
    state = values["state"]
    values["state"] = None if state is None else TaskState(state)
    return TaskRow(**values)
