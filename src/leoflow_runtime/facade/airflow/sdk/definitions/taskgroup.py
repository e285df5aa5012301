"""Groups of tasks: an id prefix, shared defaults, and one handle for their edges."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence

from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext
from airflow.sdk.definitions._internal.node import DAGNode, validate_group_key
from airflow.sdk.exceptions import DuplicateTaskIdFound, TaskAlreadyInTaskGroup

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from airflow.sdk.bases.operator import BaseOperator
    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.edges import EdgeModifier

_UNSET: Any = object()


class TaskGroup(DAGNode):
    """Tasks and groups that belong together; every DAG has a nameless root group."""

    is_mapped = False

    def __init__(
        self,
        group_id: str | None = None,
        group_display_name: str = "",
        prefix_group_id: bool = True,
        parent_group: TaskGroup | None = _UNSET,
        dag: DAG | None = None,
        default_args: dict[str, Any] | None = None,
        tooltip: str = "",
        ui_color: str = "CornflowerBlue",
        ui_fgcolor: str = "#000",
        add_suffix_on_collision: bool = False,
    ) -> None:
        if group_id is not None:
            validate_group_key(group_id)
        if parent_group is _UNSET:
            parent_group = TaskGroupContext.get_current()
        if dag is None:
            dag = parent_group.dag if parent_group is not None else DagContext.get_current()
        if dag is None:
            raise RuntimeError("TaskGroup can only be used inside a dag")
        if group_id and (parent_group is None or parent_group.dag is not dag):
            parent_group = dag.task_group
        self._group_id = group_id
        self.group_display_name = group_display_name
        self.prefix_group_id = prefix_group_id
        self.parent_group = parent_group
        self.dag = dag
        self.default_args: dict[str, Any] = copy.deepcopy(default_args) if default_args else {}
        self.tooltip = tooltip
        self.ui_color = ui_color
        self.ui_fgcolor = ui_fgcolor
        self.children: dict[str, DAGNode] = {}
        self.upstream_group_ids: set[str | None] = set()
        self.downstream_group_ids: set[str | None] = set()
        self.upstream_task_ids = set()
        self.downstream_task_ids = set()
        self.used_group_ids: set[str | None] = set() if parent_group is None else parent_group.used_group_ids
        self._join(add_suffix_on_collision)

    def _join(self, add_suffix_on_collision: bool) -> None:
        if self._group_id and self.group_id in self.used_group_ids:
            if not add_suffix_on_collision:
                raise DuplicateTaskIdFound(f"group_id '{self._group_id}' has already been added to the DAG")
            self._group_id = self._free_id(self._group_id)
        if self.parent_group is not None:
            self.parent_group.add(self)
            self.default_args = {**self.parent_group.default_args, **self.default_args}
        if self._group_id:
            self.used_group_ids.update((self.group_id, self.downstream_join_id, self.upstream_join_id))

    def _free_id(self, group_id: str) -> str:
        base = re.split(r"__\d+$", group_id)[0]
        pattern = re.compile(rf"{base}__(\d+)\Z")
        matches = [pattern.match(used) for used in self.used_group_ids if used is not None]
        taken = [int(match.group(1)) for match in matches if match]
        return f"{base}__{max(taken) + 1}" if taken else f"{group_id}__1"

    @property
    def group_id(self) -> str | None:
        """The full id, with the parents' prefix."""
        if self._group_id and self.parent_group is not None:
            return self.parent_group.child_id(self._group_id)
        return self._group_id

    @property
    def node_id(self) -> str:
        return self.group_id  # type: ignore[return-value]

    @property
    def label(self) -> str:
        return self.group_display_name or self._group_id or ""

    @property
    def mapped_group(self) -> TaskGroup | None:
        """The group, or the nearest one around it, that is mapped."""
        group: TaskGroup | None = self
        while group is not None and not group.is_mapped:
            group = group.parent_group
        return group

    @property
    def is_root(self) -> bool:
        return not self._group_id

    @property
    def task_group(self) -> TaskGroup | None:
        return self.parent_group

    @property
    def upstream_join_id(self) -> str:
        return f"{self.group_id}.upstream_join_id"

    @property
    def downstream_join_id(self) -> str:
        return f"{self.group_id}.downstream_join_id"

    def child_id(self, label: str) -> str:
        """The full id of a node named `label` in this group."""
        if self.prefix_group_id and self.group_id:
            return f"{self.group_id}.{label}"
        return label

    def add(self, node: DAGNode) -> DAGNode:
        """Take a task or a group in. Raises DuplicateTaskIdFound, TaskAlreadyInTaskGroup."""
        if isinstance(node, TaskGroup):
            if node.children:
                raise ValueError("Cannot add a non-empty TaskGroup")
        elif node.task_group is not None and node.task_group is not self:
            raise TaskAlreadyInTaskGroup(node.node_id, node.task_group.node_id, self.node_id)
        else:
            node.task_group = self
        key = node.node_id
        if key in self.children:
            kind = "Task Group" if isinstance(node, TaskGroup) else "Task"
            raise DuplicateTaskIdFound(f"{kind} id '{key}' has already been added to the Dag")
        self.children[key] = node
        return node

    def __enter__(self) -> TaskGroup:
        TaskGroupContext.push(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        TaskGroupContext.pop()

    def __iter__(self) -> Iterator[BaseOperator]:
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield from child
            else:
                yield child  # type: ignore[misc]

    def iter_tasks(self) -> Iterator[BaseOperator]:
        """All tasks of the group and of the groups in it."""
        return iter(self)

    def has_task(self, task: BaseOperator) -> bool:
        return any(task is own for own in self)

    def get_roots(self) -> list[BaseOperator]:
        """Tasks without an upstream inside the group."""
        ids = {task.task_id for task in self}
        return [task for task in self if task.upstream_task_ids.isdisjoint(ids)]

    def get_leaves(self) -> list[BaseOperator]:
        """Tasks without a downstream inside the group; of teardowns, what is before them."""
        ids = {task.task_id for task in self}
        found: list[BaseOperator] = []
        for task in self:
            if task.downstream_task_ids.isdisjoint(ids):
                found.extend(_before_teardowns(task, ids) if task.is_teardown else [task])
        return found

    @property
    def roots(self) -> list[BaseOperator]:
        return self.get_roots()

    @property
    def leaves(self) -> list[BaseOperator]:
        return self.get_leaves()

    def get_child_by_label(self, label: str) -> DAGNode:
        return self.children[self.child_id(label)]

    def __getitem__(self, label: str) -> DAGNode:
        return self.get_child_by_label(label)

    def get_task_group_dict(self) -> dict[str | None, TaskGroup]:
        """This group and all below it, by id."""
        found: dict[str | None, TaskGroup] = {self.group_id: self}
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                found.update(child.get_task_group_dict())
        return found

    def update_relative(
        self, other: Any, upstream: bool = True, edge_modifier: EdgeModifier | None = None
    ) -> None:
        if isinstance(other, TaskGroup):
            after, before = (self, other) if upstream else (other, self)
            after.upstream_group_ids.add(before.group_id)
            before.downstream_group_ids.add(after.group_id)
            if edge_modifier is not None:
                edge_modifier.add_edge_info(self.dag, before.downstream_join_id, after.upstream_join_id)
            return
        for task in other.roots:
            if task is self:
                continue
            if upstream:
                self.upstream_task_ids.add(task.node_id)
                edge = (task.node_id, self.upstream_join_id)
            else:
                self.downstream_task_ids.add(task.node_id)
                edge = (self.downstream_join_id, task.node_id)
            if edge_modifier is not None:
                edge_modifier.add_edge_info(self.dag, *edge)

    def _set_relatives(
        self, other: Any, *, upstream: bool, edge_modifier: EdgeModifier | None = None
    ) -> None:
        # The ends are taken before the relation is noted: an empty group passes it on to its neighbours.
        tasks = self.get_roots() if upstream else self._ends()
        for node in other if isinstance(other, Sequence) else [other]:
            self.update_relative(node, upstream, edge_modifier=edge_modifier)
        for task in tasks:
            if upstream:
                task.set_upstream(other)
            else:
                task.set_downstream(other)

    def _ends(self) -> list[BaseOperator]:
        group: TaskGroup | None = self
        while group is not None:
            leaves = group.get_leaves()
            if leaves:
                return leaves
            if group.upstream_task_ids:
                return [self.dag.get_task(task_id) for task_id in sorted(group.upstream_task_ids)]
            group = group.parent_group
        return []

    def __repr__(self) -> str:
        return f"<TaskGroup: {self.group_id}>"


def _before_teardowns(teardown: BaseOperator, inside: set[str]) -> Iterator[BaseOperator]:
    """The last tasks of work above a teardown: teardowns do not hold up what comes after the group."""
    for task in teardown.upstream_list:
        if task.task_id not in inside or (task.is_setup and not task.is_teardown):
            continue
        if task.is_teardown:
            yield from _before_teardowns(task, inside)
            continue
        others = (below for below in task.downstream_list if below is not teardown)
        if not any(below.task_id in inside and not below.is_teardown for below in others):
            yield task
