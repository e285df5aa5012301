"""What the process of a mapped task's instance is given, and what it leaves for others to be mapped over."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .task_process import Ended, Project
from .test_client import FakeAgent


def given(task_id: str, value: Any, map_index: int = -1) -> dict[str, Any]:
    return {"task_id": task_id, "key": "return_value", "map_index": map_index, "value": value}


@pytest.fixture
def agent() -> Iterator[FakeAgent]:
    """Knows the values of a mapped task `mapped`: 10, nothing, 30."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        values = [given(task_id, value, index) for task_id in request["task_ids"] for index, value in KNOWN]
        wanted = request["map_index"]
        return {"ok": True, "values": [one for one in values if wanted in (None, one["map_index"])]}

    with tempfile.TemporaryDirectory() as folder:
        fake = FakeAgent(Path(folder) / "a.sock", answer)
        yield fake
        fake.close()


KNOWN = ((0, 10), (2, 30))


def mapped(project: Project, expression: str, **launch: Any) -> Ended:
    """The instance `map_index` of a task that is made by `expression` out of `t(a, b)`."""
    project.write(
        f"""
        from airflow.sdk import DAG, task
        from airflow.exceptions import AirflowSkipException

        def double(x): return 2 * x

        def no_threes(x):
            if x == 3:
                raise AirflowSkipException("a three")
            return x

        with DAG("d"):
            @task
            def numbers(): ...
            @task
            def letters(): ...
            @task
            def t(a=None, b=None): return [a, b]
            numbers, letters = numbers(), letters()
            {expression}
        """
    )
    inputs = [given("numbers", [1, 2, 3]), given("letters", {"x": 7, "y": 8})]
    return project.run("t", inputs=inputs, **launch)


@pytest.mark.parametrize(
    ("expression", "map_index", "expected"),
    [
        ("t.expand(a=[5, 6])", 1, [6, None]),
        ("t.expand(a={'k': 5, 'l': 6})", 1, [["l", 6], None]),
        ("t.partial(b=4).expand(a=numbers)", 2, [3, 4]),
        ("t.partial(b=letters).expand(a=numbers)", 0, [1, {"x": 7, "y": 8}]),
        ("t.expand(a=letters)", 0, [["x", 7], None]),
        # The last argument turns fastest.
        ("t.expand(a=[5, 6], b=numbers)", 0, [5, 1]),
        ("t.expand(a=[5, 6], b=numbers)", 1, [5, 2]),
        ("t.expand(a=[5, 6], b=numbers)", 3, [6, 1]),
        ("t.expand(b=numbers, a=[5, 6])", 1, [6, 1]),
        ("t.expand_kwargs([{'a': 1}, {'b': 2}])", 1, [None, 2]),
        ("t.partial(b=9).expand_kwargs(numbers.map(lambda x: {'a': x}))", 1, [2, 9]),
        ("t.expand(a=numbers.map(double).map(double))", 1, [8, None]),
        ("t.expand(a=numbers.zip(letters))", 1, [[2, "y"], None]),
        ("t.expand(a=numbers.zip(letters, fillvalue='-'))", 2, [[3, "-"], None]),
        ("t.expand(a=numbers.concat(letters))", 3, ["x", None]),
        # A function is only asked about the instance's own item.
        ("t.expand(a=numbers.map(no_threes))", 1, [2, None]),
    ],
)
def test_an_instance_is_given_its_own_arguments(
    project: Project, expression: str, map_index: int, expected: list[Any]
) -> None:
    ended = mapped(project, expression, map_index=map_index)
    assert ended.xcoms["return_value"] == expected
    assert ended.result["map_length"] == 2


def test_a_function_of_map_may_skip_its_instance(project: Project) -> None:
    assert mapped(project, "t.expand(a=numbers.map(no_threes))", map_index=2).result["outcome"] == "skipped"


def test_arguments_that_are_none_or_given_twice_fail_the_instance(project: Project) -> None:
    twice = "t.partial(a=1).expand_kwargs(numbers.map(lambda x: {'a': x}))"
    assert mapped(project, twice, map_index=0).result["message"] == (
        "TypeError: mapping already partial argument: a"
    )
    assert mapped(project, "t.expand_kwargs(numbers)", map_index=0).result["message"] == (
        "ValueError: expand_kwargs() expects a list[dict], not list[int]"
    )


def test_templates_are_those_of_the_file_and_not_those_that_a_task_left(project: Project) -> None:
    project.write(
        """
        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.sdk import DAG, task

        with DAG("d"):
            @task
            def commands(): ...
            BashOperator.partial(task_id="file").expand(bash_command=["echo {{ ti.map_index }}"])
            BashOperator.partial(task_id="left").expand(bash_command=commands())
        """
    )
    assert project.run("file", map_index=0).xcoms["return_value"] == "0"
    left = project.run("left", map_index=0, inputs=[given("commands", ["echo '{{ ti.map_index }}'"])])
    assert left.xcoms["return_value"] == "{{ ti.map_index }}"


def test_a_reducer_gets_a_real_list_in_order(project: Project, agent: FakeAgent) -> None:
    ended = reduced(project, agent, "total(values)")
    assert ended.xcoms["return_value"] == ["list", [10, 30]]


def test_one_may_be_mapped_over_the_values_of_a_mapped_task(project: Project, agent: FakeAgent) -> None:
    ended = reduced(project, agent, "total.expand(given=values)", map_index=1)
    assert ended.xcoms["return_value"] == ["int", 30]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", [10, 30]),
        (", map_indexes=2", 30),
        (", map_indexes=1", None),
        (", map_indexes=1, default='-'", "-"),
        (", map_indexes=[2, 1, 0]", [30, None, 10]),
        (", map_indexes=None", None),
    ],
)
def test_values_are_pulled_by_map_index(
    project: Project, agent: FakeAgent, arguments: str, expected: Any
) -> None:
    pulled = f"ti.xcom_pull(task_ids='mapped'{arguments})"
    ended = reduced(project, agent, f"pull(lambda ti: {pulled})")
    assert ended.xcoms.get("return_value") == expected


def reduced(project: Project, agent: FakeAgent, expression: str, **launch: Any) -> Ended:
    project.write(
        f"""
        from airflow.sdk import DAG, task

        with DAG("d"):
            @task
            def mapped(x): ...
            @task(task_id="t")
            def total(given): return [type(given).__name__, given]
            @task(task_id="t")
            def pull(how, ti): return how(ti)
            values = mapped.expand(x=[1, 2, 3])
            {expression}
        """
    )
    return project.run("t", socket=str(agent.path), **launch)


GROUP = """
    from airflow.sdk import DAG, task, task_group

    with DAG("d"):
        @task
        def numbers(): ...
        @task
        def first(x, y): ...
        @task
        def second(x, from_first): return [x, from_first]
        @task
        def after(values): return values

        @task_group
        def group(x, y):
            return second(x, first(x, y))

        after(group.partial(y="{{ ds }}").expand(x=numbers()))
"""


def test_inside_a_mapped_group_arguments_and_outputs_are_those_of_the_index(project: Project) -> None:
    project.write(GROUP)
    inputs = [given("numbers", [4, 5]), given("group.first", 50, 1)]
    ended = project.run("group.second", map_index=1, inputs=inputs)
    assert ended.xcoms["return_value"] == [5, 50]


def test_outside_of_the_group_its_output_is_a_list(project: Project, agent: FakeAgent) -> None:
    project.write(GROUP)
    assert project.run("after", socket=str(agent.path)).xcoms["return_value"] == [10, 30]


@pytest.mark.parametrize(
    ("returned", "length"),
    [("[1, 2]", 2), ("(1,)", 1), ("{'a': 1}", 1), ("[]", 0), ("5", None), ("'text'", None), ("None", None)],
)
def test_the_length_of_a_value_is_told(project: Project, returned: str, length: int | None) -> None:
    project.write(
        f"""
        from airflow.sdk import DAG, task

        with DAG("d"):
            @task
            def t(): return {returned}
            t()
        """
    )
    assert project.run("t").result["map_length"] == length


@pytest.mark.parametrize(
    ("returned", "said"),
    [("None", "nothing"), ("5", "a int"), ("'text'", "a str")],
)
def test_a_task_that_others_are_mapped_over_has_to_return_what_has_items(
    project: Project, returned: str, said: str
) -> None:
    project.write(
        f"""
        from airflow.sdk import DAG, task

        with DAG("d"):
            @task
            def t(): return {returned}
            @task
            def each(x): ...
            each.expand(x=t())
        """
    )
    ended = project.run("t")
    assert ended.result["outcome"] == "failed"
    assert ended.result["message"] == (
        f"NothingToMapOver: 'each' is mapped over this task's output, which is {said}."
    )


def test_an_instance_has_a_name(project: Project) -> None:
    project.write(
        """
        from airflow.sdk import DAG, get_current_context, task

        with DAG("d"):
            @task(map_index_template="{{ who }} of {{ expanded_ti_count }}")
            def t(x):
                get_current_context()["who"] = f"number {x}"
            t.expand(x=[7, 8])
        """
    )
    ended = project.run("t", map_index=1, context={"expanded_ti_count": 2})
    assert ended.result["rendered_map_index"] == "number 8 of 2"
