"""The grid's rows, the graph's nodes, and a run's states summed up per row."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.engine.operations.runs import operator_name
from leoflow_server.api.structure.edges import Joined, as_json, downstream_join, joined_edges, upstream_join
from leoflow_server.api.structure.tree import GroupNode, Node, TaskNode, tree

Json = dict[str, Any]

# The state of a group is the first of these that one of its tasks is in.
STATE_PRIORITY = (
    "failed",
    "upstream_failed",
    "up_for_retry",
    "up_for_reschedule",
    "queued",
    "scheduled",
    "deferred",
    "running",
    "restarting",
    None,
    "success",
    "skipped",
    "removed",
)


def grid_nodes(spec: DagSpec) -> list[Json]:
    """`GridNodeResponse` for the top level of the DAG."""
    return [_grid_node(node, is_mapped=False) for node in tree(spec)]


def merge_grids(newest_first: Sequence[Sequence[Json]]) -> list[Json]:
    """The newest structure, and what only older versions have after it."""
    merged: list[Json] = []
    for nodes in newest_first:
        _merge(merged, nodes)
    return merged


def graph(spec: DagSpec) -> Json:
    """`StructureDataResponse`."""
    joined = joined_edges(spec)
    return {
        "nodes": [_graph_node(node, joined, is_mapped=False) for node in tree(spec)],
        "edges": as_json(spec, joined),
    }


def summaries(spec: DagSpec, rows: Iterable[Row[Any]], version_number: int) -> list[Json]:
    """`LightGridTaskInstanceSummary` of every task and group of one run.

    `rows` are its task instances, counted by task and state. A task that the version does not have (any more)
    follows at the end.
    """
    per_task: dict[str, list[Row[Any]]] = {}
    for row in rows:
        per_task.setdefault(row.task_id, []).append(row)
    result: list[Json] = []

    def visit(node: Node) -> list[Row[Any]]:
        if isinstance(node, TaskNode):
            mine = per_task.pop(node.node_id, [])
        else:
            mine = [row for child in node.children for row in visit(child)]
        if mine or isinstance(node, GroupNode):
            result.append(_summary(node.node_id, _name(node), mine, version_number))
        return mine

    for node in tree(spec):
        visit(node)
    result.extend(_summary(task_id, task_id, mine, version_number) for task_id, mine in per_task.items())
    return result


def subset(
    spec: DagSpec, root: str, *, upstream: bool, downstream: bool, depth: int | None = None
) -> DagSpec:
    """`spec` with `root` and what is asked for around it; edges to other tasks are gone."""
    below: dict[str, list[str]] = {}
    for task in spec.tasks:
        for above in task.depends_on:
            below.setdefault(above, []).append(task.task_id)
    above_of = {task.task_id: task.depends_on for task in spec.tasks}
    kept = {root}
    for wanted, neighbours in ((upstream, above_of), (downstream, below)):
        frontier, steps = {root}, 0
        while wanted and frontier and (depth is None or steps < depth):
            frontier = {name for at in frontier for name in neighbours.get(at, ())} - kept
            kept |= frontier
            steps += 1
    tasks = tuple(
        dataclasses.replace(task, depends_on=tuple(name for name in task.depends_on if name in kept))
        for task in spec.tasks
        if task.task_id in kept
    )
    return dataclasses.replace(spec, tasks=tasks)


def _is_mapped(node: Node) -> bool:
    return "mapped" in node.task.raw if isinstance(node, TaskNode) else node.group.mapped is not None


def _grid_node(node: Node, *, is_mapped: bool) -> Json:
    """`is_mapped`: whether a group around it is."""
    is_mapped = is_mapped or _is_mapped(node)
    if isinstance(node, TaskNode):
        kind = "setup" if node.task.is_setup else "teardown" if node.task.is_teardown else None
        return {
            "id": node.node_id,
            "label": node.label,
            "is_mapped": is_mapped or None,
            "children": None,
            "setup_teardown_type": kind,
        }
    children = [_grid_node(child, is_mapped=is_mapped) for child in node.children]
    own = _is_mapped(node) or None
    return {"id": node.node_id, "label": node.label, "is_mapped": own, "children": children}


def _merge(current: list[Json], new: Iterable[Json]) -> None:
    known = {node["id"]: node for node in current}
    for node in new:
        mine = known.get(node["id"])
        if mine is None:
            current.append(node)
        elif mine.get("children") is not None and node.get("children") is not None:
            _merge(mine["children"], node["children"])


def _graph_node(node: Node, joined: Joined, *, is_mapped: bool) -> Json:
    is_mapped = is_mapped or _is_mapped(node)
    if isinstance(node, TaskNode):
        task: Json = {
            "id": node.node_id,
            "label": node.label,
            "type": "task",
            "operator": operator_name(node.task),
        }
        if node.task.is_setup or node.task.is_teardown:
            task["setup_teardown_type"] = "setup" if node.task.is_setup else "teardown"
        if is_mapped:
            task["is_mapped"] = True
        return task
    children = [_graph_node(child, joined, is_mapped=is_mapped) for child in node.children]
    if node.node_id in joined.with_upstream_join:
        children.append({"id": upstream_join(node.node_id), "label": "", "type": "join"})
    if node.node_id in joined.with_downstream_join:
        children.append({"id": downstream_join(node.node_id), "label": "", "type": "join"})
    return {
        "id": node.node_id,
        "label": node.label,
        "tooltip": node.group.tooltip,
        "is_mapped": _is_mapped(node),
        "children": children,
        "type": "task",
    }


def _summary(node_id: str, name: str, rows: Sequence[Row[Any]], version_number: int) -> Json:
    counts: Counter[str | None] = Counter()
    for row in rows:
        counts[row.state] += row.instances
    starts: list[datetime] = [row.start_date for row in rows if row.start_date is not None]
    ends: list[datetime] = [row.end_date for row in rows if row.end_date is not None]
    return {
        "task_id": node_id,
        "task_display_name": name,
        "state": next((state for state in STATE_PRIORITY if state in counts), None),
        "child_states": {state or "no_status": count for state, count in counts.items()},
        "min_start_date": min(starts, default=None),
        "max_end_date": max(ends, default=None),
        "dag_version_number": version_number if rows else None,
    }


def _name(node: Node) -> str:
    if isinstance(node, TaskNode):
        return node.task.task_display_name or node.node_id
    return node.node_id
