"""What holds after every commit, whatever happened: read from the record alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leoflow_runtime.domain.states import LAUNCHED_TASK_STATES, RunState, TaskState
from leoflow_runtime.engine.graph import graph_of
from leoflow_runtime.engine.in_memory import InMemoryStore

HOLDING = (*LAUNCHED_TASK_STATES, TaskState.RESTARTING)
LATE = timedelta(seconds=45)  # a sweep of the planner, and a take-over before it
# What a limit limits, and by how much: ("pool", "db") -> 3
Key = tuple[Any, ...]


@dataclass(kw_only=True)
class Invariants:
    """`check` after each commit. Raises AssertionError with what does not hold."""

    store: InMemoryStore
    used: Mapping[Key, int] = field(default_factory=dict)
    highest_launch: int = 0
    outcomes: dict[int, str] = field(default_factory=dict)

    # Of each pool, when it had which slots: the planner learns of a change at its sweep at the latest.
    slots: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)

    def check(self) -> None:
        self._note_slots()
        self._launches()
        self._runs()
        self._limits()

    def _note_slots(self) -> None:
        now = self.store.clock()
        for (_, name), slots in self.store.tables["pools"].items():
            seen = self.slots.setdefault(name, [])
            if not seen or seen[-1][1] != slots:
                seen.append((now, slots))
            # What was there before the last that is old enough has been forgotten by everybody.
            while len(seen) > 1 and seen[1][0] < now - LATE:
                del seen[0]

    def _launches(self) -> None:
        tables = self.store.tables
        alive = Counter(tables["launches"][pk].task_pk for pk in tables["unfinished"])
        doubled = [pk for pk, count in alive.items() if count > 1]
        assert not doubled, f"two launches of task instances {doubled}"
        for row in tables["tasks"].values():
            if row.state in HOLDING:
                launch = tables["launches"].get(row.launch_id)
                assert launch is not None, f"{row} holds a slot without a launch"
                assert launch.finished_at is None, f"{row} waits for a launch that has ended"
        for launch_id in sorted(tables["launches"]):
            launch = tables["launches"][launch_id]
            if launch.outcome is not None:
                known = self.outcomes.setdefault(launch_id, launch.outcome)
                assert known == launch.outcome, f"launch {launch_id} ended twice: {known}, {launch.outcome}"

    def _runs(self) -> None:
        tables = self.store.tables
        for run in tables["runs"].values():
            if run.state.is_terminal:
                for pk in tables["run_tasks"][run.pk]:
                    row = tables["tasks"][pk]
                    assert row.state is not None, f"{row.task_id} has no state, and {run.run_id} has ended"
                    assert row.state.is_terminal, f"{row.task_id} is {row.state} and {run.run_id} has ended"

    def _limits(self) -> None:
        """A limit that was lowered below what runs is not exceeded further."""
        before, self.used = self.used, Counter(self._usage())
        for key, used in self.used.items():
            limit = self._limit(key)
            if limit is not None and used > limit:
                assert used <= before.get(key, 0), (
                    f"{key}: {used} of {limit}, and {before.get(key, 0)} before"
                )

    def _usage(self) -> Counter[Key]:
        tables = self.store.tables
        used: Counter[Key] = Counter()
        for run in tables["runs"].values():
            if run.state is RunState.RUNNING:
                used["runs", run.dag_pk] += 1
            graph = graph_of(tables["versions"][run.version_pk])
            for pk in tables["run_tasks"][run.pk]:
                row = tables["tasks"][pk]
                spec = graph.spec_of(row.task_id)
                if row.state not in HOLDING or spec is None:
                    continue
                used["pool", spec.pool] += spec.pool_slots
                used["tasks", run.pk] += 1
                used["in dag", run.dag_pk, spec.task_id] += 1
                used["in run", run.pk, spec.task_id] += 1
        return used

    def _limit(self, key: Key) -> int | None:
        tables = self.store.tables
        match key:
            case ("pool", name):
                return max(slots for _, slots in self.slots[name])
            case ("runs", dag_pk):
                return int(tables["versions"][tables["dags"][dag_pk].version_pk].spec.max_active_runs)
            case ("tasks", run_pk):
                run = tables["runs"][run_pk]
                return int(tables["versions"][run.version_pk].spec.max_active_tasks)
            case ("in dag", dag_pk, task_id):
                spec = graph_of(tables["versions"][tables["dags"][dag_pk].version_pk]).spec_of(task_id)
                return None if spec is None else spec.max_active_tis_per_dag
            case ("in run", run_pk, task_id):
                run = tables["runs"][run_pk]
                spec = graph_of(tables["versions"][run.version_pk]).spec_of(task_id)
                return None if spec is None else spec.max_active_tis_per_dagrun
        raise AssertionError(key)
