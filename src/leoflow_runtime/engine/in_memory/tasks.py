"""Task instances and XComs of the in-memory store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from leoflow_runtime.artifact.records import RETURN_VALUE
from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.engine.in_memory.journal import Journal, only
from leoflow_runtime.engine.rows import TaskRow, changed_task
from leoflow_runtime.engine.store import MapLength, NewTask, TaskChange

_TASK_FIELDS = frozenset(TaskRow._fields)


class InMemoryTasks(Journal):
    """Part of `InMemoryTx`."""

    def task(self, pk: int) -> TaskRow | None:
        return self._tables["tasks"].get(pk)

    def tasks(self, run_pk: int) -> list[TaskRow]:
        return [self._tables["tasks"][pk] for pk in self._tables["run_tasks"].get(run_pk, ())]

    def tasks_in(self, states: Collection[TaskState]) -> list[TaskRow]:
        return [row for row in self._tables["tasks"].values() if row.state in states]

    def instance(self, run_pk: int, task_id: str, map_index: int) -> TaskRow | None:
        named = (row for row in self.tasks(run_pk) if (row.task_id, row.map_index) == (task_id, map_index))
        return next(named, None)

    def insert_tasks(self, run_pk: int, tasks: Sequence[NewTask]) -> list[TaskRow]:
        rows = [
            TaskRow(
                pk=self._next("tasks"),
                run_pk=run_pk,
                task_id=new.task_id,
                map_index=new.map_index,
                max_tries=new.max_tries,
            )
            for new in tasks
        ]
        for row in rows:
            self._put("tasks", row.pk, row)
        known = self._tables["run_tasks"].get(run_pk, ())
        self._put("run_tasks", run_pk, (*known, *(row.pk for row in rows)))
        return rows

    def insert_instances(self, run_pk: int, like: NewTask, map_indexes: range) -> list[TaskRow]:
        return self.insert_tasks(run_pk, [replace(like, map_index=index) for index in map_indexes])

    def update_tasks(self, changes: Sequence[TaskChange]) -> list[bool]:
        return [self._update_task(change) for change in changes]

    def _update_task(self, change: TaskChange) -> bool:
        row: TaskRow | None = self._tables["tasks"].get(change.pk)
        if row is None:
            return False
        if change.expect_states is not None and row.state not in change.expect_states:
            return False
        if change.expect_launch is not None and row.launch_id != change.expect_launch:
            return False
        seen = only(change.values, _TASK_FIELDS)
        self._put("tasks", row.pk, changed_task(row, seen))
        if len(seen) < len(change.values):
            unseen = {name: value for name, value in change.values.items() if name not in _TASK_FIELDS}
            self._put("unseen", row.pk, {**self._tables["unseen"].get(row.pk, {}), **unseen})
        return True

    def archive_try(self, task_pk: int) -> None:
        row = self._tables["tasks"][task_pk]
        self._put("tries", (task_pk, row.try_number), row)

    def delete_task(self, pk: int) -> bool:
        row = self._tables["tasks"].get(pk)
        if row is None:
            return False
        self._drop_tasks({pk})
        others = tuple(other for other in self._tables["run_tasks"][row.run_pk] if other != pk)
        self._put("run_tasks", row.run_pk, others)
        return True

    def _drop_tasks(self, tasks: set[int]) -> None:
        for task_pk in tasks:
            self._drop("tasks", task_pk)
        for name, column in (("launches", "task_pk"), ("xcoms", None), ("tries", None)):
            for key in list(self._tables[name]):
                owner = key[0] if column is None else getattr(self._tables[name][key], column)
                if owner in tasks:
                    self._drop(name, key)
                    if name == "launches":
                        self._drop("unfinished", key)

    def map_lengths(self, run_pk: int, task_ids: Collection[str]) -> Mapping[str, MapLength]:
        found: dict[str, MapLength] = {}
        for row in self.tasks(run_pk):
            if row.task_id in task_ids and (row.pk, RETURN_VALUE) in self._tables["xcoms"]:
                known = found.get(row.task_id, MapLength(length=None, instances=0))
                if row.map_index < 0:
                    known = replace(known, length=self._tables["map_lengths"].get(row.pk))
                else:
                    known = replace(known, instances=known.instances + 1)
                found[row.task_id] = known
        return found

    def purge_xcoms(self, task_pks: Sequence[int]) -> None:
        chosen = set(task_pks)
        for key in [key for key in self._tables["xcoms"] if key[0] in chosen]:
            self._drop("xcoms", key)
