"""Effective priority weights against their definition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.priority import priority_weights


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[TaskSpec], list[list[int]], list[list[int]]]:
    count = draw(st.integers(1, 8))
    parents = [sorted(draw(st.sets(st.integers(0, index - 1)))) if index else [] for index in range(count)]
    children: list[list[int]] = [[] for _ in range(count)]
    for index, above in enumerate(parents):
        for parent in above:
            children[parent].append(index)
    specs = [
        TaskSpec(
            task_id=str(index),
            type="python",
            priority_weight=draw(st.integers(1, 5)),
            weight_rule=draw(st.sampled_from(["downstream", "upstream", "absolute"])),
        )
        for index in range(count)
    ]
    return specs, children, parents


@given(graphs())
def test_a_weight_counts_each_relative_once(
    graph: tuple[list[TaskSpec], list[list[int]], list[list[int]]],
) -> None:
    specs, children, parents = graph

    def reach(index: int, step: list[list[int]]) -> set[int]:
        return {index}.union(*(reach(other, step) for other in step[index]))

    expected = []
    for index, spec in enumerate(specs):
        step = {"downstream": children, "upstream": parents}.get(spec.weight_rule)
        around = reach(index, step) if step else {index}
        expected.append(sum(specs[other].priority_weight for other in around))
    assert priority_weights(specs, children, parents) == expected
