"""A version's tasks as a graph of small integers: what planning a run of it needs, computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cached_property

from leoflow_runtime.artifact import DagSpec, TaskSpec
from leoflow_runtime.artifact.expansion import Expansion, expansion_of
from leoflow_runtime.domain.priority import priority_weights
from leoflow_runtime.engine.relations import Relation
from leoflow_runtime.engine.rows import VersionRow

_KEPT = 4096


class Graph:
    """Tasks by index, in the order of the document."""

    def __init__(self, spec: DagSpec) -> None:
        self.spec = spec
        self.specs = spec.tasks
        self.index = {task.task_id: index for index, task in enumerate(spec.tasks)}
        self.parents_of = [tuple(self.index[up] for up in task.depends_on) for task in spec.tasks]
        children: list[list[int]] = [[] for _ in spec.tasks]
        for index, parents in enumerate(self.parents_of):
            for parent in parents:
                children[parent].append(index)
        self.children_of = [tuple(below) for below in children]
        self.totals = [len(parents) for parents in self.parents_of]
        self.setups = [sum(self.specs[up].is_setup for up in parents) for parents in self.parents_of]
        self.leaves = self._leaves()
        # Members of mapped groups -> the group; whatever has instances -> what it is mapped over.
        self.group_of: dict[int, str] = {}
        self.expansions: dict[int, Expansion] = {}
        self._find_mapped()
        # What must have left its output before a task's instances are known: index -> indices.
        self.mapped_over = {
            index: tuple(self.index[up] for up in expansion.upstream)
            for index, expansion in self.expansions.items()
        }
        # Setups that a task needs but does not name: index -> their indices, and the reverse.
        self.distant_setups: dict[int, frozenset[int]] = {}
        # What must have ended before a teardown may run: index -> indices, and the reverse.
        self.teardown_scopes: dict[int, frozenset[int]] = {}
        self.has_setups = any(task.is_setup for task in self.specs)
        if self.has_setups:
            self._constrain_by_setups()
        self.direct = Relation(self.specs, dict(enumerate(self.parents_of)), self.group_of)
        self.distant = Relation(self.specs, self.distant_setups, self.group_of)
        self.scopes = Relation(self.specs, self.teardown_scopes, self.group_of)
        self.maps = Relation(self.specs, self.mapped_over, {})
        # Tasks with dates of their own.
        self.dated = {
            index: (_moment(task.raw.get("start_date")), _moment(task.raw.get("end_date")))
            for index, task in enumerate(self.specs)
            if "start_date" in task.raw or "end_date" in task.raw
        }
        self.looks_back = any(task.depends_on_past or task.wait_for_downstream for task in self.specs)

    @cached_property
    def weights(self) -> list[int]:
        return priority_weights(self.specs, self.children_of, self.parents_of)

    def is_effortless(self, index: int) -> bool:
        """Whether the task succeeds without a process: it is empty, updates no asset, and nobody is told."""
        task = self.specs[index]
        if task.type != "empty" or task.raw.get("outlets"):
            return False
        told = task.raw.get("callbacks", ())
        return not ("on_execute_callback" in told or "on_success_callback" in told)

    def is_active_on(self, index: int, date: datetime | None) -> bool:
        """Whether the task's own start and end dates leave it in a run of that logical date."""
        start, end = self.dated[index]
        return date is None or ((start is None or start <= date) and (end is None or date <= end))

    def in_group(self, group_id: str) -> set[str]:
        """The tasks of a group, and of the groups in it."""
        parents = {group.group_id: group.parent for group in self.spec.task_groups}

        def belongs(inner: str | None) -> bool:
            while inner is not None and inner != group_id:
                inner = parents.get(inner)
            return inner is not None

        return {task.task_id for task in self.specs if belongs(task.task_group)}

    def has(self, task_id: str) -> bool:
        return task_id in self.index

    def spec_of(self, task_id: str) -> TaskSpec | None:
        index = self.index.get(task_id)
        return None if index is None else self.specs[index]

    def members(self, index: int) -> list[int]:
        """The tasks that have the same instances: those of the task's mapped group, or it alone."""
        group = self.group_of.get(index)
        return [index] if group is None else [one for one, other in self.group_of.items() if other == group]

    def is_mapped(self, index: int) -> bool:
        """Whether the task is mapped by itself (and not: as a member of a mapped group)."""
        return index in self.expansions and index not in self.group_of

    def surroundings(self, task_id: str) -> set[str]:
        """What a task needs around it: open setups above it with their teardowns; of a setup, the latter."""
        if not self.has_setups:
            return set()
        index = self.index[task_id]
        task = self.specs[index]
        setups = {index} if task.is_setup else set()
        if not task.is_setup and not task.is_teardown:
            below = self._reach_indices([index], self.children_of)
            above = self._reach_indices([index], self.parents_of)
            setups = {up for up in above if self.specs[up].is_setup and self._is_open(up, below)}
        found = set(setups)
        for setup in setups:
            found |= {child for child in self.children_of[setup] if self.specs[child].is_teardown}
        return {self.specs[other].task_id for other in found}

    def is_teardown(self, task_id: str) -> bool:
        index = self.index.get(task_id)
        return index is not None and self.specs[index].is_teardown

    def parents(self, task_id: str) -> set[str]:
        return {self.specs[up].task_id for up in self.parents_of[self.index[task_id]]}

    def descendants(self, task_ids: Iterable[str]) -> set[str]:
        """Everything below these tasks, themselves only where one is below another."""
        return self._reach(task_ids, self.children_of)

    def ancestors(self, task_ids: Iterable[str]) -> set[str]:
        return self._reach(task_ids, self.parents_of)

    def _reach(self, task_ids: Iterable[str], step: list[tuple[int, ...]]) -> set[str]:
        starts = [self.index[task_id] for task_id in task_ids if task_id in self.index]
        return {self.specs[index].task_id for index in self._reach_indices(starts, step)}

    def _reach_indices(self, starts: Collection[int], step: list[tuple[int, ...]]) -> set[int]:
        seen: set[int] = set()
        pending = [following for start in starts for following in step[start]]
        while pending:
            index = pending.pop()
            if index not in seen:
                seen.add(index)
                pending.extend(step[index])
        return seen

    def _leaves(self) -> frozenset[int]:
        """The tasks whose states decide the run's: those below which nothing counts."""

        def counts(task: TaskSpec) -> bool:
            return not task.is_teardown or task.on_failure_fail_dagrun

        leaves = frozenset(
            index
            for index, task in enumerate(self.specs)
            if counts(task) and not any(counts(self.specs[below]) for below in self.children_of[index])
        )
        return leaves or frozenset(index for index, below in enumerate(self.children_of) if not below)

    def _find_mapped(self) -> None:
        groups = {group.group_id: group for group in self.spec.task_groups}
        for index, task in enumerate(self.specs):
            mapped = task.raw.get("mapped")
            group = groups.get(task.task_group or "")
            while group is not None and mapped is None:
                if group.mapped is not None:
                    mapped, self.group_of[index] = group.mapped, group.group_id
                group = groups.get(group.parent or "")
            expansion = expansion_of(mapped) if mapped is not None else None
            if expansion is not None:
                self.expansions[index] = expansion

    def _constrain_by_setups(self) -> None:
        for index, task in enumerate(self.specs):
            above = self._reach_indices([index], self.parents_of)
            distant = above - set(self.parents_of[index])
            if not distant or task.trigger_rule == "always":  # which asks for nothing, setups included
                continue
            if task.is_teardown:
                scope: set[int] = set()
                for up in self.parents_of[index]:
                    if self.specs[up].is_setup:
                        scope |= distant & self._reach_indices([up], self.children_of)
                if scope:
                    self.teardown_scopes[index] = frozenset(scope)
            else:
                below = self._reach_indices([index], self.children_of)
                needed = {up for up in distant if self.specs[up].is_setup and self._is_open(up, below)}
                if needed:
                    self.distant_setups[index] = frozenset(needed)

    def _is_open(self, setup: int, below: set[int]) -> bool:
        """Whether what a setup made is still there for a task with `below` below it."""
        teardowns = {index for index in self.children_of[setup] if self.specs[index].is_teardown}
        return not teardowns or bool(teardowns & below)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


_graphs: OrderedDict[str, Graph] = OrderedDict()


def graph_of(version: VersionRow) -> Graph:
    """The graph of a version; kept by content, because equal documents have equal graphs."""
    graph = _graphs.get(version.content_digest)
    if graph is None:
        graph = _graphs[version.content_digest] = Graph(version.spec)
        if len(_graphs) > _KEPT:
            _graphs.popitem(last=False)
    return graph
