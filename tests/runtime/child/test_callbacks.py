"""Who is told of what, and that it changes nothing about the outcome."""

from __future__ import annotations

import pytest

from .task_process import Project

HEADER = """
from airflow.sdk import DAG, task, BaseNotifier
from airflow.exceptions import *

def told(kind):
    def tell(context):
        error = context.get("exception")
        print(kind, context["ti"].task_id, context["ti"].state, type(error).__name__ if error else "-")
    return tell

class Notifier(BaseNotifier):
    template_fields = ("text",)
    def __init__(self, text):
        super().__init__()
        self.text = text
    def notify(self, context):
        print("notified", self.text)

def broken(context):
    raise RuntimeError("a callback must not matter")

ALL = {f"on_{kind}_callback": told(kind) for kind in ("success", "failure", "retry", "skipped", "execute")}
"""


def write(project: Project, body: str, more: str = "**ALL") -> None:
    project.write(
        HEADER
        + f"""
with DAG("d"):
    @task(task_id="t", {more})
    def work():
        {body}
    work()
"""
    )


@pytest.mark.parametrize(
    ("body", "more", "expected"),
    [
        ("return 1", "", ["success t success -"]),
        ("raise ValueError('x')", "", ["failure t failed ValueError"]),
        ("raise ValueError('x')", "retries=2, ", ["retry t up_for_retry ValueError"]),
        ("raise AirflowFailException('x')", "retries=2, ", ["failure t failed AirflowFailException"]),
        ("raise AirflowSkipException('x')", "", ["skipped t skipped -"]),
        ("import sys; sys.exit(3)", "", ["failure t failed SystemExit"]),
    ],
)
def test_each_end_has_its_callback(project: Project, body: str, more: str, expected: list[str]) -> None:
    write(project, body, more + "**ALL")

    assert project.run("t").printed() == ["execute t running -", *expected]


def test_the_last_try_fails(project: Project) -> None:
    write(project, "raise ValueError('x')", "retries=2, **ALL")

    assert project.run("t", try_number=3, max_tries=2).printed()[1:] == ["failure t failed ValueError"]


def test_several_are_told_one_after_the_other_whatever_one_does(project: Project) -> None:
    write(project, "return 7", "on_success_callback=[broken, told('first'), Notifier('run {{ run_id }}')]")

    ended = project.run("t")

    assert ended.printed() == ["first t success -", "notified run run-1"]
    assert (ended.result["outcome"], ended.xcoms) == ("success", {"return_value": 7})
    assert "a callback must not matter" in ended.error["exc_value"]


def test_a_callback_that_kills_the_process_leaves_the_outcome(project: Project) -> None:
    write(project, "return 7", "on_success_callback=lambda context: __import__('os')._exit(9)")

    ended = project.run("t")

    assert (ended.exit_code, ended.result["outcome"]) == (9, "success")


def test_a_callback_may_leave_values(project: Project) -> None:
    write(project, "return 7", "on_success_callback=lambda context: context['ti'].xcom_push('told', 1)")

    assert project.run("t").xcoms == {"return_value": 7, "told": 1}


@pytest.mark.parametrize(("condition", "outcome"), [("run_if", "skipped"), ("skip_if", "success")])
def test_a_condition_decides_right_before_the_work(project: Project, condition: str, outcome: str) -> None:
    project.write(
        HEADER
        + f"""
with DAG("d"):
    @task.{condition}(lambda context: context["run_id"] == "another", "not for this run")
    @task(task_id="t", **ALL)
    def work():
        print("worked")
    work()
"""
    )

    ended = project.run("t")

    assert ended.result["outcome"] == outcome
    assert ("worked" in ended.printed()) is (outcome == "success")
