"""Labels on edges."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk.definitions._internal.mixins import DependencyMixin

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

    from airflow.sdk.definitions.dag import DAG


class EdgeModifier(DependencyMixin):
    """Stands between nodes (`a >> Label("x") >> b`) and links them once both sides are known."""

    def __init__(self, label: str | None = None) -> None:
        self.label = label
        self._upstream: list[Any] = []
        self._downstream: list[Any] = []

    @property
    def roots(self) -> list[Any]:
        return self._downstream

    @property
    def leaves(self) -> list[Any]:
        return self._upstream

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        self._upstream.extend(self._nodes(other))
        self._lift_to_groups()
        for node in self._downstream:
            node.set_upstream(other, edge_modifier=self)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        self._downstream.extend(self._nodes(other))
        self._lift_to_groups()
        for node in self._upstream:
            node.set_downstream(other, edge_modifier=self)

    def update_relative(
        self, other: Any, upstream: bool = True, edge_modifier: EdgeModifier | None = None
    ) -> None:
        if upstream:
            self.set_upstream(other)
        else:
            self.set_downstream(other)

    def add_edge_info(self, dag: DAG, upstream_id: str, downstream_id: str) -> None:
        """Remember the label for one edge."""
        dag.set_edge_info(upstream_id, downstream_id, {"label": self.label})

    @staticmethod
    def _nodes(other: Any) -> list[Any]:
        from airflow.sdk.definitions._internal.node import DAGNode
        from airflow.sdk.definitions.xcom_arg import XComArg

        nodes = list(other) if isinstance(other, Sequence) else [other]
        for node in nodes:
            if not isinstance(node, (DAGNode, XComArg)):
                raise TypeError(
                    f"Cannot use edge labels with {type(node).__name__}, only tasks, XComArg or TaskGroups"
                )
        return nodes

    def _lift_to_groups(self) -> None:
        """Airflow's rule: a label between nodes of different groups joins the groups, not the tasks."""
        if not (self._upstream and self._downstream):
            return
        owners = {_owner(node) for node in [*self._upstream, *self._downstream]}
        if len(owners - {None}) != 1:
            self._upstream = [_lifted(node) for node in self._upstream]
            self._downstream = [_lifted(node) for node in self._downstream]


def _owner(node: Any) -> str | None:
    from airflow.sdk.definitions.taskgroup import TaskGroup
    from airflow.sdk.definitions.xcom_arg import XComArg

    if isinstance(node, XComArg):
        node = node.operator
    # A group is a node with a parent, and Airflow asks for that parent first.
    group = node.task_group
    if group is not None:
        return "root" if group.is_root else group.group_id
    return node.group_id if isinstance(node, TaskGroup) else None


def _lifted(node: Any) -> Any:
    from airflow.sdk.definitions._internal.node import DAGNode

    if isinstance(node, DAGNode) and node.task_group is not None and not node.task_group.is_root:
        return node.task_group
    return node


def Label(label: str) -> EdgeModifier:  # noqa: N802
    """A label for the edge it stands on."""
    return EdgeModifier(label=label)
