"""What holds after every commit, whatever happened: read from the record alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_runtime.engine.graph import graph_of
from leoflow_runtime.engine.live import HOLDING, WITH_PROCESS
from leoflow_runtime.engine.rows import RunRow

from .committed import Tables
from .records import Record

LATE = timedelta(seconds=60)  # a sweep of the planner, and a take-over before it
# What a limit limits, and by how much: ("pool", "db") -> 3
Key = tuple[Any, ...]


@dataclass(kw_only=True)
class Invariants:
    """`check` after each commit. Raises AssertionError with what does not hold."""

    record: Record
    used: Mapping[Key, int] = field(default_factory=dict)
    deferred: dict[int, datetime] = field(default_factory=dict)  # task instance -> when it last was
    outcomes: dict[int, str] = field(default_factory=dict)

    # Of each pool, when it had which slots: the planner learns of a change at its sweep at the latest.
    slots: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)

    def check(self) -> None:
        self._note_slots()
        self._launches()
        self._runs()
        self._limits()

    def _note_slots(self) -> None:
        now = self.record.clock()
        for (_, name), slots in self.record.tables["pools"].items():
            seen = self.slots.setdefault(name, [])
            if not seen or seen[-1][1] != slots:
                seen.append((now, slots))
            # What was there before the last that is old enough has been forgotten by everybody.
            while len(seen) > 1 and seen[1][0] < now - LATE:
                del seen[0]

    def _launches(self) -> None:
        tables = self.record.tables
        alive = Counter(tables["launches"][pk].task_pk for pk in tables["unfinished"])
        doubled = [pk for pk, count in alive.items() if count > 1]
        assert not doubled, f"two launches of task instances {doubled}"
        for row in tables["tasks"].values():
            if row.state in WITH_PROCESS:
                launch = tables["launches"].get(row.launch_id)
                assert launch is not None, f"{row} holds a slot without a launch"
                assert launch.finished_at is None, f"{row} waits for a launch that has ended"
        for launch_id in sorted(tables["launches"]):
            launch = tables["launches"][launch_id]
            if launch.outcome is not None:
                known = self.outcomes.setdefault(launch_id, launch.outcome)
                assert known == launch.outcome, f"launch {launch_id} ended twice: {known}, {launch.outcome}"

    def _runs(self) -> None:
        tables = self.record.tables
        for run in tables["runs"].values():
            if run.state.is_terminal:
                for pk in tables["run_tasks"][run.pk]:
                    row = tables["tasks"][pk]
                    assert row.state is not None, f"{row.task_id} has no state, and {run.run_id} has ended"
                    assert row.state.is_terminal, f"{row.task_id} is {row.state} and {run.run_id} has ended"

    def _limits(self) -> None:
        """A limit that was lowered below what runs is not exceeded further.

        A deferred task that works again takes its slots at once, even where others have taken its place,
        and until the planner has heard of it, it gives them to yet others.
        """
        before, self.used = self.used, Counter[Key]()
        unheard: Counter[Key] = Counter()
        tables, now = self.record.tables, self.record.clock()
        for run in tables["runs"].values():
            if run.state is RunState.RUNNING:
                self.used["runs of", run.backfill_pk or 0, run.dag_pk] += 1
            graph = graph_of(tables["versions"][run.version_pk])
            for pk in tables["run_tasks"][run.pk]:
                row = tables["tasks"][pk]
                if row.state is TaskState.DEFERRED:
                    self.deferred[pk] = now
                spec = graph.spec_of(row.task_id)
                if row.state in HOLDING and spec is not None:
                    held = _held(run, spec)
                    self.used.update(held)
                    if pk in self.deferred and self.deferred[pk] > now - LATE:
                        unheard.update(held)
        for key, used in self.used.items():
            limit = self._limit(key, tables)
            if limit is not None and used > limit:
                most = max(before.get(key, 0), limit) + unheard[key]
                assert used <= most, f"{key}: {used} of {limit}, and at most {most} were to be expected"

    def _limit(self, key: Key, tables: Tables) -> int | None:
        match key:
            case ("pool", name):
                return max(slots for _, slots in self.slots[name])
            case ("runs of", 0, dag_pk):
                return int(tables["versions"][tables["dags"][dag_pk].version_pk].spec.max_active_runs)
            case ("runs of", backfill_pk, _):
                backfill = tables["backfills"][backfill_pk]
                return None if backfill.completed_at is not None else int(backfill.max_active_runs)
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


def _held(run: RunRow, spec: TaskSpec) -> Mapping[Key, int]:
    """What an instance takes that has a process, and does not wait for a trigger."""
    return {
        ("pool", spec.pool): spec.pool_slots,
        ("tasks", run.pk): 1,
        ("in dag", run.dag_pk, spec.task_id): 1,
        ("in run", run.pk, spec.task_id): 1,
    }
