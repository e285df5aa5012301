"""Telling of a missed deadline, in a real process."""

from __future__ import annotations

from .task_process import Project

SOURCE = """
from datetime import timedelta

from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference, SyncCallback, task


def plain(what, context):
    print(what, context["run_id"] == context["dag_run"].run_id)


async def awaited(what):
    print(what)


def fails():
    raise ValueError("no")


def alert(callback):
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=1), callback)


with DAG("d", deadline=[
    alert(SyncCallback(plain, {"what": "first"})),
    alert(AsyncCallback(awaited, {"what": "second"})),
    alert(SyncCallback(fails)),
]):

    @task
    def t():
        print("never")

    t()
"""


def test_the_callback_of_the_alert_is_called_and_nothing_else(project: Project) -> None:
    project.write(SOURCE)
    for position, said in enumerate((["first True"], ["second"], [])):
        ended = project.run("t", callback={"kind": f"deadline:{position}", "reason": "missed"})
        assert ended.printed() == said
        assert ended.result["outcome"] == "success"
    assert ended.error["exc_value"] == "no"
