"""Groups, edges and states as the grid and the graph draw them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.artifact import DagSpec
from leoflow_server.api.structure.edges import joined_edges
from leoflow_server.api.structure.render import grid_nodes, merge_grids, subset, summaries
from leoflow_server.api.structure.tree import ordered
from tests.api.documents import dag, task


def spec(edges: str, *groups: str, **fields: Any) -> DagSpec:
    """`"a>b c.d>e"`: edges by name; a name with a dot is in the group before its last dot."""
    upstream: dict[str, set[str]] = {}
    for edge in edges.split():
        above, _, below = edge.partition(">")
        upstream.setdefault(above, set())
        if below:
            upstream.setdefault(below, set()).add(above)
    tasks = []
    for name, above in upstream.items():
        group = name.rpartition(".")[0]
        tasks.append(task(name, *above, **({"task_group": group} if group else {})))
    declared = [
        {"group_id": group, **({"parent": group.rpartition(".")[0]} if "." in group else {})}
        for group in groups
    ]
    return DagSpec.from_document(dag("d", *tasks, task_groups=declared, **fields))


def names(nodes: list[dict[str, Any]]) -> list[Any]:
    return [
        node["id"] if node["children"] is None else {node["id"]: names(node["children"])} for node in nodes
    ]


@pytest.mark.parametrize(
    ("given_edges", "groups", "expected"),
    [
        ("c>b b>a", (), ["c", "b", "a"]),
        ("b a", (), ["a", "b"]),
        ("start>g.x g.x>g.w g.w>end", ("g",), ["start", {"g": ["g.x", "g.w"]}, "end"]),
        ("g.h.a>g.b", ("g", "g.h"), [{"g": [{"g.h": ["g.h.a"]}, "g.b"]}]),
        ("a", ("empty",), ["a"]),
    ],
)
def test_the_grid_goes_from_upstream_to_downstream(
    given_edges: str, groups: tuple[str, ...], expected: list[Any]
) -> None:
    assert names(grid_nodes(spec(given_edges, *groups))) == expected


@pytest.mark.parametrize(
    ("given_edges", "groups", "expected"),
    [
        ("a>b", (), "a>b"),
        # One line each way through a group of one task needs no join.
        ("a>g.x g.x>b", ("g",), "a>g.x g.x>b"),
        ("a>g.x a>g.y", ("g",), "a>g.upstream_join_id g.upstream_join_id>g.x g.upstream_join_id>g.y"),
        (
            "g.x>b g.y>b",
            ("g",),
            "g.downstream_join_id>b g.x>g.downstream_join_id g.y>g.downstream_join_id",
        ),
        (
            "g.x>h.u g.x>h.v g.y>h.u g.y>h.v",
            ("g", "h"),
            "g.downstream_join_id>h.upstream_join_id g.x>g.downstream_join_id g.y>g.downstream_join_id "
            "h.upstream_join_id>h.u h.upstream_join_id>h.v",
        ),
        # Not the whole group leads there: the lines stay as they are.
        ("g.x>b g.y>c", ("g",), "g.x>b g.y>c"),
        # Inner tasks are no ends of the group.
        ("a>g.x g.x>g.y g.x>g.z g.y>b g.z>b", ("g",), None),
    ],
)
def test_parallel_lines_of_a_group_meet_in_a_join(
    given_edges: str, groups: tuple[str, ...], expected: str | None
) -> None:
    found = {f"{above}>{below}" for above, below in joined_edges(spec(given_edges, *groups)).edges}
    if expected is not None:
        assert found == set(expected.split())
    else:
        assert {"a>g.x", "g.x>g.y", "g.downstream_join_id>b", "g.y>g.downstream_join_id"} <= found


@st.composite
def grouped_graphs(draw: st.DrawFn) -> DagSpec:
    count = draw(st.integers(min_value=1, max_value=9))
    groups = draw(st.lists(st.sampled_from(["", "g.", "g.h.", "k."]), min_size=count, max_size=count))
    names_ = [f"{group}t{index}" for index, group in enumerate(groups)]
    pairs = [(a, b) for i, a in enumerate(names_) for b in names_[i + 1 :]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    text = " ".join([*names_, *(f"{a}>{b}" for a, b in chosen)])
    return spec(text, "g", "g.h", "k")


@given(grouped_graphs())
def test_joins_change_no_meaning(one: DagSpec) -> None:
    """Whoever follows the lines from task to task, through joins, finds exactly the DAG's own edges."""
    below: dict[str, set[str]] = {}
    for above, target in joined_edges(one).edges:
        below.setdefault(above, set()).add(target)
    tasks = {item.task_id for item in one.tasks}

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        for target in below.get(start, ()):
            found |= {target} if target in tasks else reached(target)
        return found

    for item in one.tasks:
        expected = {other.task_id for other in one.tasks if item.task_id in other.depends_on}
        assert reached(item.task_id) == expected


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda one: one[0] < one[1])))
def test_order_is_topological_and_whole(pairs: list[tuple[int, int]]) -> None:
    links = [(str(a), str(b)) for a, b in pairs]
    found = ordered([str(n) for n in range(9)], links, {})
    assert sorted(found) == [str(n) for n in range(9)]
    assert all(found.index(a) < found.index(b) for a, b in links)


def test_what_is_part_of_a_cycle_of_groups_is_shown_all_the_same() -> None:
    assert ordered(["a", "b", "c"], [("a", "b"), ("b", "a")], {}) == ["c", "a", "b"]


def rows(**states: str | None) -> list[Any]:
    return [
        SimpleNamespace(
            task_id=name.replace("__", "."), state=state, instances=1, start_date=None, end_date=None
        )
        for name, state in states.items()
    ]


def test_a_group_has_the_state_that_matters_most() -> None:
    one = spec("g.x>g.y g.y>g.z", "g")
    found = summaries(one, rows(g__x="success", g__y="running", g__z=None), 4)  # type: ignore[arg-type]
    states = {item["task_id"]: item["state"] for item in found}
    assert states == {"g.x": "success", "g.y": "running", "g.z": None, "g": "running"}
    group = found[-1]
    assert group["child_states"] == {"success": 1, "running": 1, "no_status": 1}
    assert group["dag_version_number"] == 4


def test_a_task_that_its_version_lacks_is_summed_up_too() -> None:
    found = summaries(spec("a"), rows(a="success", gone="removed"), 1)  # type: ignore[arg-type]
    assert [item["task_id"] for item in found] == ["a", "gone"]


def test_versions_merge_newest_first() -> None:
    newer, older = grid_nodes(spec("a>g.x", "g")), grid_nodes(spec("a>g.y old", "g"))
    assert names(merge_grids([newer, older])) == ["a", {"g": ["g.x", "g.y"]}, "old"]


def test_a_subset_has_what_was_asked_for() -> None:
    one = spec("a>b b>c c>d x>c")
    assert {t.task_id for t in subset(one, "c", upstream=True, downstream=False).tasks} == {
        "a",
        "b",
        "c",
        "x",
    }
    assert {t.task_id for t in subset(one, "c", upstream=True, downstream=False, depth=1).tasks} == {
        "b",
        "c",
        "x",
    }
    assert subset(one, "c", upstream=False, downstream=True).tasks[0].depends_on == ()
