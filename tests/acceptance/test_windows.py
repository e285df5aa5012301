"""What looks at other dates: the latest run of a schedule, sensors that wait for several runs and groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.driving import Lite, Machine, until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

DAILY = """
from datetime import datetime

from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator

with DAG("daily", schedule="@daily", start_date=datetime({start:%Y, %-m, %-d}), catchup=True):
    LatestOnlyOperator(task_id="latest") >> EmptyOperator(task_id="newest")
"""
LOADS = """
from airflow.sdk import DAG, task, task_group

with DAG("loads", schedule=None):
    @task
    def one(): ...

    @task
    def two(*, logical_date):
        if logical_date.day == 3:
            raise ValueError("no data on the third")

    @task_group
    def load():
        one() >> two()

    load()
"""
WAITS = """
from datetime import timedelta

from airflow.sdk import DAG
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor

with DAG("waits", schedule=None):
    ExternalTaskSensor(
        task_id="both_days", external_dag_id="loads", external_task_group_id="load", poke_interval=0.1,
        execution_date_fn=lambda date: [date, date - timedelta(days=1)],
    )
    ExternalTaskSensor(
        task_id="tasks", external_dag_id="loads", external_task_ids=["load.one", "load.two"],
        execution_date_fn=lambda date: date, poke_interval=0.1,
    )
    ExternalTaskSensor(
        task_id="with_the_third", external_dag_id="loads", external_task_group_id="load",
        execution_date_fn=lambda date: [date, date + timedelta(days=1)], failed_states=["failed"],
        poke_interval=0.1,
    )
"""


def states(lite: Lite, dag_id: str, run_id: str) -> dict[str, str]:
    return {task["task_id"]: task["state"] for task in lite.tasks(dag_id, run_id)}


def test_only_the_latest_run_of_a_schedule_goes_on(machine: Machine) -> None:
    start = datetime.now(UTC) - timedelta(days=3)
    machine.project("daily", DAILY.format(start=start))
    with machine.lite() as lite:
        lite.wait_for_dag("daily")

        def ended() -> Any:
            runs = lite.get("/api/v2/dags/daily/dagRuns?order_by=run_after")["dag_runs"]
            return runs if len(runs) >= 3 and all(run["state"] == "success" for run in runs) else None

        *earlier, latest = until(ended, "every day that has passed has run", seconds=90)
        assert states(lite, "daily", latest["dag_run_id"]) == {"latest": "success", "newest": "success"}
        for run in earlier:
            assert states(lite, "daily", run["dag_run_id"]) == {"latest": "success", "newest": "skipped"}


def test_a_sensor_waits_for_groups_and_for_several_dates(machine: Machine) -> None:
    machine.project("loads", LOADS)
    machine.project("waits", WAITS)
    with machine.lite() as lite:
        for dag_id in ("loads", "waits"):
            lite.wait_for_dag(dag_id)

        def trigger(dag_id: str, day: int) -> str:
            body = {"logical_date": f"2026-03-0{day}T00:00:00Z", "conf": {}}
            reply = lite.api("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)
            assert reply.status_code == 200, reply.text
            run_id: str = reply.json()["dag_run_id"]
            return run_id

        run_id = trigger("waits", 2)
        trigger("loads", 2)
        until(lambda: states(lite, "waits", run_id)["tasks"] == "success", "the tasks of the day have ended")
        assert states(lite, "waits", run_id)["both_days"] == "running", "the day before has not run"
        trigger("loads", 1)
        until(lambda: states(lite, "waits", run_id)["both_days"] == "success", "both days have run")
        assert states(lite, "waits", run_id)["with_the_third"] == "running"
        trigger("loads", 3)
        assert lite.finish("waits", run_id) == "failed"
        assert states(lite, "waits", run_id)["with_the_third"] == "failed"
