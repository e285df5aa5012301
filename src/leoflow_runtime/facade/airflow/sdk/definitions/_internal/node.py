"""A node of the graph: a task or a group."""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow.sdk.definitions._internal.mixins import DependencyMixin

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    import logging
    from typing import Any

    from airflow.sdk.bases.operator import BaseOperator
    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.edges import EdgeModifier
    from airflow.sdk.definitions.taskgroup import TaskGroup

KEY = re.compile(r"[\w.-]+\Z", re.ASCII)
GROUP_KEY = re.compile(r"[\w-]+\Z", re.ASCII)


def validate_key(key: str, max_length: int = 250) -> None:
    """Raise TypeError or ValueError unless `key` can be the id of a DAG or a task."""
    _validate(key, max_length, KEY, "alphanumeric characters, dashes, dots, and underscores")


def validate_group_key(key: str, max_length: int = 200) -> None:
    """Raise TypeError or ValueError unless `key` can be the id of a group."""
    _validate(key, max_length, GROUP_KEY, "alphanumeric characters, dashes, and underscores")


def _validate(key: str, max_length: int, pattern: re.Pattern[str], alphabet: str) -> None:
    if not isinstance(key, str):
        raise TypeError(f"The key has to be a string and is {type(key)}:{key}")
    if len(key) > max_length:
        raise ValueError(f"The key has to be less than {max_length} characters, not {len(key)}")
    if not pattern.match(key):
        raise ValueError(f"The key {key!r} has to be made of {alphabet} exclusively")


class DAGNode(DependencyMixin):
    """Relations between nodes of one DAG; sets of ids, as dag.json has them."""

    dag: DAG | None
    task_group: TaskGroup | None
    upstream_task_ids: set[str]
    downstream_task_ids: set[str]

    @property
    def node_id(self) -> str:
        raise NotImplementedError

    @property
    def log(self) -> logging.Logger:
        """A logger named after the class, as in Airflow."""
        import logging

        return logging.getLogger(f"{type(self).__module__}.{type(self).__qualname__}")

    @property
    def dag_id(self) -> str:
        return self.dag.dag_id if self.dag is not None else "_in_memory_dag_"

    @property
    def label(self) -> str:
        group = self.task_group
        if group is not None and group.node_id and group.prefix_group_id:
            return self.node_id[len(group.node_id) + 1 :]
        return self.node_id

    def has_dag(self) -> bool:
        return self.dag is not None

    def get_dag(self) -> DAG | None:
        return self.dag

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Make one node or several run before this one."""
        self._set_relatives(other, upstream=True, edge_modifier=edge_modifier)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Make one node or several run after this one."""
        self._set_relatives(other, upstream=False, edge_modifier=edge_modifier)

    def _set_relatives(
        self, other: Any, *, upstream: bool, edge_modifier: EdgeModifier | None = None
    ) -> None:
        tasks: list[BaseOperator] = []
        for node in other if isinstance(other, Sequence) else [other]:
            if not isinstance(node, DependencyMixin):
                raise TypeError(
                    f"Relationships can only be set between Operators; received {type(node).__name__}"
                )
            node.update_relative(self, not upstream, edge_modifier=edge_modifier)
            for task in node.leaves if upstream else node.roots:
                if not getattr(task, "_leoflow_is_operator", False):
                    raise TypeError(
                        f"Relationships can only be set between Operators; received {type(task).__name__}"
                    )
                tasks.append(task)
        dag = self._shared_dag(tasks)
        for task in tasks:
            if not task.has_dag():
                dag.add_task(task)
            first, second = (task, self) if upstream else (self, task)
            first.downstream_task_ids.add(second.node_id)
            second.upstream_task_ids.add(first.node_id)
            if edge_modifier is not None:
                edge_modifier.add_edge_info(dag, first.node_id, second.node_id)

    def _shared_dag(self, tasks: list[BaseOperator]) -> DAG:
        dags: list[DAG] = []
        for task in [*self.roots, *tasks]:
            if task.dag is not None and not any(task.dag is dag for dag in dags):
                dags.append(task.dag)
        if len(dags) > 1:
            raise RuntimeError(f"Tried to set relationships between tasks in more than one Dag: {dags}")
        if not dags:
            raise ValueError(
                "Tried to create relationships between tasks that don't have Dags yet. "
                f"Set the Dag for at least one task and try again: {[self, *tasks]}"
            )
        if self.dag is None:
            dags[0].add_task(self)
        return dags[0]

    @property
    def downstream_list(self) -> list[BaseOperator]:
        """Tasks directly after this one, sorted by id."""
        return self.get_direct_relatives(upstream=False)

    @property
    def upstream_list(self) -> list[BaseOperator]:
        """Tasks directly before this one, sorted by id."""
        return self.get_direct_relatives(upstream=True)

    def get_direct_relative_ids(self, upstream: bool = False) -> set[str]:
        return self.upstream_task_ids if upstream else self.downstream_task_ids

    def get_direct_relatives(self, upstream: bool = False) -> list[BaseOperator]:
        if self.dag is None:
            raise RuntimeError(f"Operator {self} has not been assigned to a Dag yet")
        return [self.dag.get_task(task_id) for task_id in sorted(self.get_direct_relative_ids(upstream))]

    def get_flat_relative_ids(self, upstream: bool = False) -> set[str]:
        """Ids of all tasks before or after this one, at any distance."""
        if self.dag is None:
            return set()
        found: set[str] = set()
        waiting = list(self.get_direct_relative_ids(upstream))
        while waiting:
            task_id = waiting.pop()
            if task_id not in found:
                found.add(task_id)
                waiting.extend(self.dag.get_task(task_id).get_direct_relative_ids(upstream))
        return found

    def get_flat_relatives(self, upstream: bool = False) -> list[BaseOperator]:
        """All tasks before or after this one, sorted by id."""
        if self.dag is None:
            return []
        return [self.dag.get_task(task_id) for task_id in sorted(self.get_flat_relative_ids(upstream))]
