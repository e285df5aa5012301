"""What one transaction of the planner writes, gathered and written at its end in few statements."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.engine.graph import graph_of
from leoflow_runtime.engine.live import LiveRun
from leoflow_runtime.engine.rows import LaunchRow, RunRow, TaskRow, VersionRow
from leoflow_runtime.engine.store import TaskChange, Tx
from leoflow_runtime.executors.protocol import LaunchOrder, Place


class MemoryStale(Exception):
    """A guard failed: a row is not as the planner remembers it. The transaction is rolled back."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what} is not as remembered")


@dataclass(slots=True)
class Consequences:
    """What is done after the commit."""

    orders: list[LaunchOrder] = field(default_factory=list)
    cancels: dict[int, str] = field(default_factory=dict)  # launch -> why


class Work:
    """One per transaction. `now` is the transaction's."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.now: datetime = tx.now
        self.consequences = Consequences()
        self._before: dict[int, TaskRow] = {}
        self._values: dict[int, dict[str, Any]] = {}
        self._launching: dict[int, tuple[LiveRun, int]] = {}
        self._purge: list[int] = []
        self._callbacks: list[tuple[LiveRun, int, str, str]] = []
        self.inserted = 0  # rows

    def change(self, before: TaskRow, values: dict[str, Any]) -> None:
        """`before`: the row as remembered, before any change of this transaction."""
        self._before.setdefault(before.pk, before)
        self._values.setdefault(before.pk, {}).update(values)

    def launch(self, run: LiveRun, index: int, *, purge: bool) -> None:
        """The row of `run` at `index` is queued; its launch gets its number at the end."""
        task_pk = run.rows[index].pk
        self._launching[task_pk] = (run, index)
        if purge:
            self.purge(task_pk)

    @property
    def size(self) -> int:
        """How many rows it writes."""
        return len(self._values) + self.inserted

    def purge(self, task_pk: int) -> None:
        """What the task instance left is to go."""
        self._purge.append(task_pk)

    def callback(self, run: LiveRun, index: int, kind: str, reason: str) -> None:
        """Those who want to know of the run's end are told, of the task at `index` and why."""
        self._callbacks.append((run, index, kind, reason))

    def order_callback(self, launch_id: int) -> None:
        """A launch that was opened to tell of a task whose process had no say."""
        launch = self.tx.launch(launch_id)
        task = self.tx.task(launch.task_pk) if launch is not None else None
        run = self.tx.run(launch.run_pk) if launch is not None else None
        if launch is not None and task is not None and run is not None:
            version = self.tx.version(run.version_pk)
            self.consequences.orders.append(order_for(run, version, launch, task))

    def cancel(self, launch_id: int | None, reason: str) -> None:
        if launch_id is not None:
            self.consequences.cancels[launch_id] = reason

    def flush(self, offered: deque[Place]) -> list[tuple[LiveRun, int, LaunchRow]]:
        """Writes everything, launches with a place as long as there are any. Raises MemoryStale.

        Returns the new launches.
        """
        if self._purge:
            self.tx.purge_xcoms(self._purge)
        opened: list[tuple[LiveRun, int, LaunchRow]] = []
        if self._launching:
            places = list(self._launching.values())
            taken = [_place_for(run.spec(index), offered) for run, index in places]
            launches = self.tx.open_launches([run.rows[index] for run, index in places], taken)
            for (run, index), place, launch in zip(places, taken, launches, strict=True):
                self._values[launch.task_pk]["launch_id"] = launch.launch_id
                opened.append((run, index, launch))
                order = order_for(run.run, run.version, launch, run.rows[index])
                self.consequences.orders.append(replace(order, place=place) if place else order)
        if self._values:
            changes = [
                TaskChange(
                    pk=pk,
                    expect_states=(self._before[pk].state,),
                    expect_launch=self._before[pk].launch_id,
                    values=values,
                )
                for pk, values in self._values.items()
            ]
            for change, held in zip(changes, self.tx.update_tasks(changes), strict=True):
                if not held:
                    raise MemoryStale(f"task instance {change.pk}")
        for run, index, kind, reason in self._callbacks:
            launch = self.tx.open_callback(run.rows[index], kind, reason)
            self.consequences.orders.append(order_for(run.run, run.version, launch, run.rows[index]))
        return opened

    def update_run(self, run: RunRow, values: dict[str, Any]) -> None:
        """Raises MemoryStale."""
        held = self.tx.update_run(run.pk, (run.state,), values, expect_clear_number=run.clear_number)
        if not held:
            raise MemoryStale(f"run {run.run_id!r}")


def _place_for(spec: TaskSpec, offered: deque[Place]) -> Place | None:
    return offered.popleft() if offered and not spec.is_native else None


def order_for(run: RunRow, version: VersionRow, launch: LaunchRow, task: TaskRow) -> LaunchOrder:
    spec = graph_of(version).spec_of(task.task_id)
    raw = spec.raw if spec else {}
    return LaunchOrder(
        launch_id=launch.launch_id,
        generation=launch.generation,
        dag_id=version.spec.dag_id,
        run_id=run.run_id,
        task_id=task.task_id,
        map_index=task.map_index,
        try_number=launch.try_number,
        content_digest=version.content_digest,
        image=version.spec.image,
        resources=dict(raw.get("resources", {})),
        execution=dict(raw.get("execution", {})),
        executor=raw.get("executor"),
        run_as_user=raw.get("run_as_user"),
        pod_override=raw.get("executor_config", {}).get("pod_override", {}),
        # What is told runs in a process, whoever it is told of.
        is_native=spec is not None and spec.is_native and launch.callback is None,
    )


def new_try(row: TaskRow) -> bool:
    """Whether the next launch of a task begins a try (and not: goes on with one)."""
    return row.state in (None, TaskState.UP_FOR_RETRY)
