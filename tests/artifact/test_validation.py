"""What a schema cannot say is checked too, and all problems come at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.artifact import ArtifactInvalid, check_document
from leoflow_runtime.artifact.validation import find_cycle


def document(*tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"schema_version": "1.0", "dag_id": "d", "tasks": list(tasks), **more}


def empty(task_id: str, *depends_on: str, **more: Any) -> dict[str, Any]:
    return {"task_id": task_id, "type": "empty", "depends_on": sorted(depends_on), **more}


def codes(candidate: Any) -> list[str]:
    with pytest.raises(ArtifactInvalid) as caught:
        check_document(candidate)
    return [problem.code for problem in caught.value.problems]


def test_a_plain_document_is_accepted() -> None:
    check_document(document(empty("a"), empty("b", "a")))


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (document(empty("a"), empty("a")), ["duplicate-task"]),
        (document(empty("a", "ghost")), ["dangling-dependency"]),
        (
            document({"task_id": "p", "type": "python", "xcom_input": {"x": "ghost"}}),
            ["dangling-input"],
        ),
        (document(empty("a", task_group="g")), ["dangling-group"]),
        (document(empty("a"), task_groups=[{"group_id": "g", "parent": "ghost"}]), ["dangling-group"]),
        (document(empty("a", "b"), empty("b", "a")), ["cycle"]),
        (document(empty("a", "a")), ["cycle"]),
        (document(), ["schema"]),
        (document(empty("a"), surprise=1), ["schema"]),
        (document({"task_id": "b", "type": "bash"}), ["schema"]),
        (document({"task_id": "h", "type": "http_api"}), ["schema"]),
        (document({"task_id": "no/slash", "type": "empty"}), ["schema"]),
        ([], ["schema"]),
        (document(empty("a", "ghost"), empty("a")), ["duplicate-task", "dangling-dependency"]),
    ],
)
def test_what_is_refused(candidate: Any, expected: list[str]) -> None:
    assert codes(candidate) == expected


def test_a_cycle_is_named_in_the_direction_people_read() -> None:
    with pytest.raises(ArtifactInvalid, match="a → b → c → a"):
        check_document(document(empty("a", "c"), empty("b", "a"), empty("c", "b")))


@given(st.integers(min_value=1, max_value=30), st.data())
def test_forward_edges_never_make_a_cycle_and_one_back_edge_does(size: int, data: st.DataObject) -> None:
    graph = {
        str(node): data.draw(st.lists(st.integers(0, node - 1).map(str), unique=True, max_size=4))
        if node
        else []
        for node in range(size)
    }
    assert find_cycle(graph) is None
    chain = {str(node): [str(node - 1)] if node else [str(size - 1)] for node in range(size)}
    cycle = find_cycle(chain)
    assert cycle is not None
    assert cycle[0] == cycle[-1]
    assert len(cycle) == size + 1


def test_a_long_chain_is_no_recursion() -> None:
    assert find_cycle({str(n): [str(n - 1)] if n else [] for n in range(50_000)}) is None
