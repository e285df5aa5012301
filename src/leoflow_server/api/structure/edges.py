"""The lines of the graph. Where a whole group leads to something, the lines meet in a join node.

`dag.json` knows tasks only, so that a group's own edges are recognised: every leaf of the group leads to
every root of the other. That draws as few lines as Airflow does; the meaning is the same either way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from leoflow_runtime.artifact import DagSpec
from leoflow_server.api.structure.tree import parent_chains

Edge = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    edges: tuple[Edge, ...]  # sorted
    with_upstream_join: frozenset[str]  # groups
    with_downstream_join: frozenset[str]


def upstream_join(group_id: str) -> str:
    return f"{group_id}.upstream_join_id"


def downstream_join(group_id: str) -> str:
    return f"{group_id}.downstream_join_id"


def joined_edges(spec: DagSpec) -> Joined:
    """Every edge of the graph, with bundles of parallel ones led through join nodes."""
    edges = {(upstream, task.task_id) for task in spec.tasks for upstream in task.depends_on}
    chains = parent_chains(spec)
    roots, leaves = _ends(chains, edges)
    # A label belongs to one line, which stays.
    labelled = {(upstream, task.task_id) for task in spec.tasks for upstream in task.edge_labels}
    left = set(edges)
    added: set[Edge] = set()
    with_upstream: set[str] = set()
    with_downstream: set[str] = set()
    for source, target in _candidates(chains, edges):
        sources, targets = leaves.get(source, {source}), roots.get(target, {target})
        bundle = {(above, below) for above in sources for below in targets}
        if len(bundle) < 2 or not bundle <= left or bundle & labelled:
            continue
        left -= bundle
        start, end = source, target
        if source in leaves:
            start = downstream_join(source)
            with_downstream.add(source)
            added |= {(above, start) for above in sources}
        if target in roots:
            end = upstream_join(target)
            with_upstream.add(target)
            added |= {(end, below) for below in targets}
        added.add((start, end))
    return Joined(
        edges=tuple(sorted(left | added)),
        with_upstream_join=frozenset(with_upstream),
        with_downstream_join=frozenset(with_downstream),
    )


def as_json(spec: DagSpec, joined: Joined) -> list[dict[str, Any]]:
    """`EdgeResponse` for each, with labels and the mark of setup and teardown."""
    tasks = {task.task_id: task for task in spec.tasks}
    result = []
    for source, target in joined.edges:
        record: dict[str, Any] = {"source_id": source, "target_id": target}
        above, below = tasks.get(source), tasks.get(target)
        if above is not None and below is not None:
            if above.is_setup and below.is_teardown:
                record["is_setup_teardown"] = True
            label = below.edge_labels.get(source)
            if label:
                record["label"] = label
        result.append(record)
    return result


def _ends(
    chains: dict[str, tuple[str, ...]], edges: Iterable[Edge]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Of every group, the tasks that nothing in it precedes, and those that nothing in it follows."""
    roots: dict[str, set[str]] = {}
    leaves: dict[str, set[str]] = {}
    for task_id, chain in chains.items():
        for group in chain:
            roots.setdefault(group, set()).add(task_id)
            leaves.setdefault(group, set()).add(task_id)
    for above, below in edges:
        for group in set(chains[above]) & set(chains[below]):
            roots[group].discard(below)
            leaves[group].discard(above)
    return roots, leaves


def _candidates(chains: dict[str, tuple[str, ...]], edges: Iterable[Edge]) -> list[Edge]:
    """Pairs (group or task, group or task) that an edge connects, the outermost ones first."""
    found: dict[Edge, int] = {}
    for above, below in edges:
        outer_above = [group for group in chains[above] if group not in chains[below]]
        outer_below = [group for group in chains[below] if group not in chains[above]]
        for i, source in enumerate([above, *outer_above]):
            for j, target in enumerate([below, *outer_below]):
                if i or j:
                    found[(source, target)] = -(i + j)
    return sorted(found, key=lambda pair: (found[pair], pair))
