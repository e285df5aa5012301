"""Limits as gates: a task that wants to start passes all of its gates at once, or waits at one.

A gate that frees a slot lets the most urgent of those that wait at it try again, so that what is at rest
costs nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from leoflow_runtime.artifact import DagSpec, TaskSpec
from leoflow_runtime.engine.rows import RunRow


class Waiting(NamedTuple):
    """One task at a gate; the smallest goes first."""

    rank: tuple[int, float, int]  # minus the priority, the run's time, the task's key
    run_pk: int
    task_index: int


@dataclass(eq=False, slots=True)
class Gate:
    """`limit`: slots; None: as many as come."""

    name: str
    limit: int | None = None
    used: int = 0
    waiting: list[Waiting] = field(default_factory=list)

    def has_room(self, slots: int) -> bool:
        return self.limit is None or self.used + slots <= self.limit

    def wait(self, task: Waiting) -> None:
        heapq.heappush(self.waiting, task)

    def next_waiting(self) -> Waiting | None:
        return heapq.heappop(self.waiting) if self.waiting else None


# A gate and how many of its slots a task takes.
Passage = Sequence[tuple[Gate, int]]


def first_closed(passage: Passage) -> Gate | None:
    """The gate at which a task must wait; None: it may pass."""
    for gate, slots in passage:
        if not gate.has_room(slots):
            return gate
    return None


def closed_gates(passage: Passage) -> list[tuple[Gate, int]]:
    """Every gate at which a task would have to wait, with the slots that it needs there."""
    return [(gate, slots) for gate, slots in passage if not gate.has_room(slots)]


def take(passage: Passage) -> None:
    for gate, slots in passage:
        gate.used += slots


def free(passage: Passage) -> Iterator[Gate]:
    """Gives the slots back; yields the gates at which someone waits."""
    for gate, slots in passage:
        gate.used -= slots
        if gate.waiting:
            yield gate


class Gates:
    """Every gate by what it limits."""

    def __init__(self, dispatch_limit: int) -> None:
        # The way to each executor, by whether it is the native one: a slow one holds only its own tasks back.
        self.dispatch = {
            native: Gate("dispatch native" if native else "dispatch", limit=dispatch_limit)
            for native in (False, True)
        }
        self._gates: dict[tuple[object, ...], Gate] = {}
        self._slots: dict[tuple[int, str], int] = {}

    def pool(self, tenant_id: int, name: str) -> Gate:
        """A pool that does not exist has no slots."""
        key = ("pool", tenant_id, name)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = Gate(f"pool {name}", limit=self._limit((tenant_id, name)))
        return gate

    def pause(self, dag_pk: int) -> Gate:
        return self._gate(("pause", dag_pk), "pause", None)

    def run(self, run_pk: int, limit: int) -> Gate:
        return self._gate(("run", run_pk), "max_active_tasks", limit)

    def task_in_dag(self, dag_pk: int, task_id: str, limit: int) -> Gate:
        return self._gate(("tis", dag_pk, task_id), "max_active_tis_per_dag", limit)

    def task_in_run(self, run_pk: int, task_id: str, limit: int) -> Gate:
        return self._gate(("tis_run", run_pk, task_id), "max_active_tis_per_dagrun", limit)

    def drop_run(self, run_pk: int) -> None:
        self._gates.pop(("run", run_pk), None)

    def set_pools(self, slots: dict[tuple[int, str], int]) -> list[Gate]:
        """Returns the gates that changed."""
        if slots == self._slots:
            return []
        self._slots = slots
        changed = []
        for key, gate in self._gates.items():
            if key[0] == "pool":
                limit = self._limit((key[1], key[2]))  # type: ignore[arg-type]
                if limit != gate.limit:
                    gate.limit = limit
                    changed.append(gate)
        return changed

    def _limit(self, pool: tuple[int, str]) -> int | None:
        slots = self._slots.get(pool, 0)
        return None if slots < 0 else slots

    def _gate(self, key: tuple[object, ...], name: str, limit: int | None) -> Gate:
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = Gate(name, limit=limit)
        elif limit is not None:
            gate.limit = limit
        return gate


def passage_of(gates: Gates, run: RunRow, dag: DagSpec, task: TaskSpec) -> Passage:
    """The gates of a task in a run, in the order in which it waits at them."""
    passage = [
        (gates.pause(run.dag_pk), 1),
        (gates.pool(run.tenant_id, task.pool), task.pool_slots),
        (gates.run(run.pk, dag.max_active_tasks), 1),
    ]
    if task.max_active_tis_per_dag is not None:
        passage.append((gates.task_in_dag(run.dag_pk, task.task_id, task.max_active_tis_per_dag), 1))
    if task.max_active_tis_per_dagrun is not None:
        passage.append((gates.task_in_run(run.pk, task.task_id, task.max_active_tis_per_dagrun), 1))
    return passage
