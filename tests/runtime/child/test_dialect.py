"""What of Airflow's dialect runs in a task's process, and what says that it does not."""

from __future__ import annotations

from typing import Any

import pytest

from .task_process import Project


def given(task_id: str, value: Any) -> dict[str, Any]:
    return {"task_id": task_id, "key": "return_value", "map_index": -1, "value": value}


def test_an_operator_of_the_project_runs_with_its_fields_rendered(project: Project) -> None:
    project.write(
        """
        from airflow.sdk import BaseOperator

        class Greet(BaseOperator):
            template_fields = ("greeting", "names")

            def __init__(self, *, greeting, names, **kwargs):
                super().__init__(**kwargs)
                self.greeting = greeting
                self.names = names

            def execute(self, context):
                self.xcom_push(context, "count", len(self.names))
                return [f"{self.greeting}, {name}, on {context['ds']}" for name in self.names]
        """,
        "own.py",
    )
    project.write(
        """
        from airflow.sdk import DAG, task
        from own import Greet

        with DAG("d"):
            @task
            def names(): ...
            Greet(task_id="greet", greeting="Dear", names=names())
        """
    )

    ended = project.run("greet", inputs=[given("names", ["Ada", "Bob"])])

    assert ended.xcoms == {
        "count": 2,
        "return_value": ["Dear, Ada, on 2026-03-01", "Dear, Bob, on 2026-03-01"],
    }


def test_setups_and_teardowns_are_tasks_like_others(project: Project) -> None:
    project.write(
        """
        from airflow.sdk import DAG, setup, task, teardown

        with DAG("d"):
            @setup
            def prepare(): return "prepared"
            @teardown
            def remove(what): return f"{what} removed"
            @task
            def work(): return "worked"
            with remove(prepare()):
                work()
        """
    )

    returned = {
        task_id: project.run(task_id, inputs=[given("prepare", "all")]).xcoms["return_value"]
        for task_id in ("prepare", "work", "remove")
    }

    assert returned == {"prepare": "prepared", "work": "worked", "remove": "all removed"}


@pytest.mark.parametrize(
    ("decorators", "outcome"),
    [
        ("@task.run_if(lambda context: context['run_id'] == 'run-1')", "success"),
        ("@task.run_if(lambda context: False)", "skipped"),
        ("@task.skip_if(lambda context: True, skip_message='not today')", "skipped"),
        ("@task.skip_if(lambda context: False)\n    @task.run_if(lambda context: True)", "success"),
    ],
)
def test_conditions_are_asked_before_the_task_runs(project: Project, decorators: str, outcome: str) -> None:
    project.write(
        f"from airflow.sdk import DAG, task\nwith DAG('d'):\n    {decorators}\n    @task\n"
        "    def t(): return 1\n    t()\n"
    )

    assert project.run("t").result["outcome"] == outcome


def test_hooks_are_called_around_the_work(project: Project) -> None:
    project.write(
        """
        from airflow.sdk import DAG, task

        def before(context): print("before", context["task"].task_id)
        def after(context, result): print("after", result)

        with DAG("d"):
            @task(pre_execute=before, post_execute=after)
            def t():
                print("work")
                return 7
            t()
        """
    )

    assert project.run("t").printed() == ["before t", "work", "after 7"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a.map(str)", ["1", "2"]),
        ("a.filter(lambda n: n > 1)", [2]),
        ("a.zip(b)", [[1, "x"]]),
        ("a.zip(b, fillvalue='-')", [[1, "x"], [2, "-"]]),
        ("a.concat(b).map(lambda item: [item])", [[1], [2], ["x"]]),
    ],
)
def test_outputs_made_of_outputs_are_values_when_the_task_runs(
    project: Project, expression: str, value: Any
) -> None:
    project.write(
        f"""
        from airflow.sdk import DAG, task

        with DAG("d"):
            @task
            def a(): ...
            @task
            def b(): ...
            @task
            def t(given): return [list(item) if isinstance(item, tuple) else item for item in given]
            a, b = a(), b()
            t({expression})
        """
    )

    ended = project.run("t", inputs=[given("a", [1, 2]), given("b", ["x"])])

    assert ended.xcoms["return_value"] == value


def test_a_marker_of_an_external_task_is_an_empty_task(project: Project) -> None:
    project.write(
        """
        from airflow.providers.standard.sensors.external_task import ExternalTaskMarker
        from airflow.sdk import DAG

        with DAG("d"):
            ExternalTaskMarker(task_id="t", external_dag_id="o", external_task_id="x")
        """
    )
    assert project.run("t").result["outcome"] == "success"


BUILT_ONLY = {
    "The ApprovalOperator": "ApprovalOperator(task_id='t', subject='May it go on?')",
}


@pytest.mark.parametrize("feature", BUILT_ONLY)
def test_what_is_only_built_ends_its_task_for_good_with_one_sentence(project: Project, feature: str) -> None:
    project.write(
        f"""
        from airflow.providers.standard.operators.hitl import ApprovalOperator
        from airflow.sdk import DAG, task

        def work(): ...
        def shown(x): ...


        with DAG("d"):
            {BUILT_ONLY[feature]}
        """
    )

    result = project.run("t").result

    assert result["outcome"] == "failed_no_retry"
    assert result["message"].endswith(f"{feature} is not supported by Leoflow's lean engine.")
