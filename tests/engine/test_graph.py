"""What a version's graph says about setups, teardowns and leaves."""

from __future__ import annotations

import pytest

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.engine.graph import Graph

from .machine import document, task

SETUP = {"is_setup": True}
TEARDOWN = {"is_teardown": True, "trigger_rule": "all_done_setup_success"}

# tasks -> leaves, distant setups, teardown scopes
CASES = {
    "plain": (
        [task("a"), task("b", "a"), task("c", "a")],
        {"b", "c"},
        {},
        {},
    ),
    "a teardown at the end is no leaf": (
        [task("s", **SETUP), task("w", "s"), task("t", "s", "w", **TEARDOWN)],
        {"w"},
        {},
        {},
    ),
    "unless its failure is to fail the run": (
        [task("s", **SETUP), task("w", "s"), task("t", "s", "w", on_failure_fail_dagrun=True, **TEARDOWN)],
        {"t"},
        {},
        {},
    ),
    "a teardown alone is its run's leaf": ([task("t", **TEARDOWN)], {"t"}, {}, {}),
    "work needs setups above it that are not torn down yet": (
        [task("s", **SETUP), task("w", "s"), task("v", "w"), task("t", "s", "v", **TEARDOWN)],
        {"v"},
        {"v": {"s"}},
        {"t": {"w"}},
    ),
    "a setup that is torn down above is of no concern": (
        [task("s", **SETUP), task("w", "s"), task("t", "s", "w", **TEARDOWN), task("v", "t")],
        {"v", "w"},
        {},
        {},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_shapes(name: str) -> None:
    tasks, leaves, distant, scopes = CASES[name]
    graph = Graph(DagSpec.from_document(document(tasks=tasks)))

    def names(indices: frozenset[int]) -> set[str]:
        return {graph.specs[index].task_id for index in indices}

    assert names(graph.leaves) == leaves
    assert {graph.specs[i].task_id: names(found) for i, found in graph.distant_setups.items()} == distant
    assert {graph.specs[i].task_id: names(found) for i, found in graph.teardown_scopes.items()} == scopes


def test_relatives() -> None:
    tasks = [task("a"), task("b", "a"), task("c", "b"), task("x")]
    graph = Graph(DagSpec.from_document(document(tasks=tasks)))
    assert graph.descendants(["a"]) == {"b", "c"}
    assert graph.ancestors(["c"]) == {"a", "b"}
    assert graph.parents("c") == {"b"}


def test_a_long_chain_is_no_matter() -> None:
    tasks = [task(f"t{n}", *([f"t{n - 1}"] if n else [])) for n in range(5000)]
    graph = Graph(DagSpec.from_document(document(tasks=tasks)))
    assert len(graph.descendants(["t0"])) == 4999
    assert graph.weights[0] == 5000
