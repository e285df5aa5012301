"""Tasks inside their groups, each level in topological order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from leoflow_runtime.artifact import DagSpec, TaskGroupSpec, TaskSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskNode:
    task: TaskSpec
    label: str  # without the prefix of its group

    @property
    def node_id(self) -> str:
        return self.task.task_id


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupNode:
    group: TaskGroupSpec
    label: str
    children: tuple[Node, ...] = field(default=())

    @property
    def node_id(self) -> str:
        return self.group.group_id

    def tasks(self) -> Iterator[TaskSpec]:
        for child in self.children:
            if isinstance(child, TaskNode):
                yield child.task
            else:
                yield from child.tasks()


Node = TaskNode | GroupNode


def tree(spec: DagSpec) -> tuple[Node, ...]:
    """The top level of the DAG. A group without tasks is left out."""
    parents = parent_chains(spec)
    groups = {group.group_id: group for group in spec.task_groups}
    members: dict[str | None, list[str]] = {}
    for group in spec.task_groups:
        members.setdefault(group.parent, []).append(group.group_id)
    tasks = {task.task_id: task for task in spec.tasks}
    for task in spec.tasks:
        members.setdefault(task.task_group, []).append(task.task_id)

    links: dict[str | None, set[tuple[str, str]]] = {}
    for task in spec.tasks:
        for upstream in task.depends_on:
            level, above, below = _meeting(parents, upstream, task.task_id)
            if above != below:
                links.setdefault(level, set()).add((above, below))

    first_line: dict[str, int] = {}
    for task in spec.tasks:
        line = task.location[1] if task.location else 0
        for name in (task.task_id, *parents[task.task_id]):
            first_line[name] = min(line, first_line.get(name, line))

    def build(level: str | None) -> tuple[Node, ...]:
        nodes: list[Node] = []
        for name in ordered(members.get(level, ()), links.get(level, ()), first_line):
            prefix = f"{level}." if level else ""
            if name in tasks:
                task = tasks[name]
                label = task.task_display_name or name.removeprefix(prefix)
                nodes.append(TaskNode(task=task, label=label))
                continue
            children = build(name)
            if children:
                label = groups[name].display_name or name.removeprefix(prefix)
                nodes.append(GroupNode(group=groups[name], label=label, children=children))
        return tuple(nodes)

    return build(None)


def parent_chains(spec: DagSpec) -> dict[str, tuple[str, ...]]:
    """Of every task, the groups around it, innermost first."""
    above = {group.group_id: group.parent for group in spec.task_groups}
    chains: dict[str, tuple[str, ...]] = {}
    for task in spec.tasks:
        chain: list[str] = []
        group = task.task_group
        while group is not None and group not in chain:
            chain.append(group)
            group = above.get(group)
        chains[task.task_id] = tuple(chain)
    return chains


def is_expanded(spec: DagSpec, task_id: str) -> bool:
    """Whether a task has instances by number: it is mapped, or a group around it is."""
    mapped = {group.group_id for group in spec.task_groups if group.mapped is not None}
    return "mapped" in spec.task(task_id).raw or not mapped.isdisjoint(parent_chains(spec)[task_id])


def ordered(names: Iterable[str], links: Iterable[tuple[str, str]], first_line: dict[str, int]) -> list[str]:
    """Upstream first; among equals by line and name. What is part of a cycle comes last."""
    waiting = dict.fromkeys(names, 0)
    below: dict[str, list[str]] = {}
    for upstream, downstream in links:
        if upstream in waiting and downstream in waiting:
            waiting[downstream] += 1
            below.setdefault(upstream, []).append(downstream)
    heap = [(first_line.get(name, 0), name) for name, count in waiting.items() if count == 0]
    heapq.heapify(heap)
    done: list[str] = []
    while heap:
        _, name = heapq.heappop(heap)
        done.append(name)
        for downstream in below.get(name, ()):
            waiting[downstream] -= 1
            if waiting[downstream] == 0:
                heapq.heappush(heap, (first_line.get(downstream, 0), downstream))
    left = waiting.keys() - set(done)
    return done + sorted(left, key=lambda name: (first_line.get(name, 0), name))


def _meeting(
    parents: dict[str, tuple[str, ...]], upstream: str, downstream: str
) -> tuple[str | None, str, str]:
    """The innermost level that holds both ends, and what stands for each of them on that level."""
    outer_up = [*reversed(parents[upstream]), upstream]
    outer_down = [*reversed(parents[downstream]), downstream]
    depth = 0
    while outer_up[depth] == outer_down[depth] and depth + 1 < min(len(outer_up), len(outer_down)):
        depth += 1
    return (outer_up[depth - 1] if depth else None), outer_up[depth], outer_down[depth]
