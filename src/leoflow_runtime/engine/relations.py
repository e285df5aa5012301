"""What tasks wait for in others, and how far that is in one run.

There are three kinds: direct upstream tasks, setups further up, and what a teardown has to let end. Between
members of one mapped group a relation holds index by index; everything else waits for all instances.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.domain.trigger_rules import Tally

_FAST = ("one_success", "one_failed", "one_done")
_NONE = Tally()


class Concerned(NamedTuple):
    """Instances to be looked at again: of a task, all of them or the one at `map_index`."""

    task: int
    map_index: int | None = None


class Relation:
    """One kind of relation between the tasks of a graph. `by_index`: (upstream, task) of one mapped group."""

    def __init__(
        self,
        specs: Sequence[TaskSpec],
        upstream: Mapping[int, Collection[int]],
        groups: Mapping[int, str],
    ) -> None:
        self.upstream = {task: tuple(sorted(ups)) for task, ups in upstream.items() if ups}
        below: dict[int, list[int]] = {}
        self.by_index: set[tuple[int, int]] = set()
        for task, ups in self.upstream.items():
            for up in ups:
                below.setdefault(up, []).append(task)
                if (
                    task in groups
                    and groups[task] == groups.get(up)
                    and not _is_fast(specs[task], groups[task])
                ):
                    self.by_index.add((up, task))
        self.below = {up: tuple(tasks) for up, tasks in below.items()}
        self.totals = {task: len(ups) for task, ups in self.upstream.items()}
        self.setups = {task: sum(specs[up].is_setup for up in ups) for task, ups in self.upstream.items()}


def _is_fast(spec: TaskSpec, group: str) -> bool:
    # As in Airflow, the rules that the first upstream instance may settle look at all of them.
    return spec.trigger_rule in _FAST and spec.task_group == group


class Tallies:
    """How the upstream of each task has ended in one run, for one kind of relation."""

    __slots__ = (
        "_by_index",
        "_is_shared",
        "_own",
        "_own_setups",
        "_own_totals",
        "_relation",
        "_setups",
        "_shared",
        "_totals",
    )

    def __init__(self, relation: Relation) -> None:
        self._relation = relation
        self._by_index = relation.by_index
        self._shared: dict[int, Tally] = {}  # of upstream that counts for every instance of a task
        self._own: dict[tuple[int, int], Tally] = {}  # of upstream at the instance's own index
        self._totals, self._setups = relation.totals, relation.setups
        self._is_shared = True  # the two are the graph's own
        self._own_totals: dict[int, int] = {}
        self._own_setups: dict[int, int] = {}

    @classmethod
    def of_run(cls, relation: Relation) -> Tallies:
        """For a run that begins: nothing is counted yet."""
        return cls(relation) if relation.below else NO_TALLIES

    def resize(self, up: int, *, by: int, is_setup: bool, expands: bool) -> None:
        """A task has `by` more instances than it was counted with; `expands`: it had no index before."""
        if self._is_shared:
            self._totals, self._setups, self._is_shared = dict(self._totals), dict(self._setups), False
        for task in self._relation.below.get(up, ()):
            if (up, task) not in self._by_index:
                self._totals[task] += by
                self._setups[task] += by * is_setup
            elif expands:
                self._totals[task] -= 1
                self._setups[task] -= is_setup
                self._own_totals[task] = self._own_totals.get(task, 0) + 1
                self._own_setups[task] = self._own_setups.get(task, 0) + is_setup

    def collapse(self, up: int, *, by: int, is_setup: bool) -> None:
        """The reverse: a task of `1 - by` instances is one without an index again."""
        self.resize(up, by=by, is_setup=is_setup, expands=False)
        for task in self._relation.below.get(up, ()):
            if (up, task) in self._by_index:
                self._totals[task] += 1
                self._setups[task] += is_setup
                self._own_totals[task] -= 1
                self._own_setups[task] -= is_setup

    def count(self, up: int, map_index: int, state: TaskState, by: int, *, is_setup: bool) -> list[Concerned]:
        """An instance has ended, or (`by` -1) is set going again. Returns whom that may concern.

        Only what can change a decision is told: many instances may wait for many others.
        """
        concerned = []
        for task in self._relation.below.get(up, ()):
            if map_index >= 0 and (up, task) in self._by_index:
                key = (task, map_index)
                tally = self._own.get(key)
                if tally is None:
                    tally = self._own[key] = Tally()
                tally.count(state, by, is_setup=is_setup)
                concerned.append(Concerned(task, map_index))
                continue
            tally = self._shared.get(task)
            if tally is None:
                tally = self._shared[task] = Tally()
            before = self._turning_points(task, tally)
            tally.count(state, by, is_setup=is_setup)
            if before != self._turning_points(task, tally):
                concerned.append(Concerned(task))
        return concerned

    def _turning_points(self, task: int, tally: Tally) -> tuple[bool, ...]:
        return (
            tally.done >= self._totals[task],
            tally.success > 0,
            tally.failed > 0,
            tally.upstream_failed > 0,
            tally.skipped > 0,
        )

    def of(self, task: int, map_index: int) -> tuple[Tally, int, int]:
        """What an instance's decision is made of: the tally, of how many, and how many of them are setups."""
        shared, total, setups = (
            self._shared.get(task, _NONE),
            self._totals.get(task, 0),
            self._setups.get(task, 0),
        )
        own_total = self._own_totals.get(task, 0)
        if not own_total or map_index < 0:
            return shared, total, setups
        own = self._own.get((task, map_index), _NONE)
        return shared.plus(own), total + own_total, setups + self._own_setups[task]


NO_TALLIES = Tallies(Relation((), {}, {}))
