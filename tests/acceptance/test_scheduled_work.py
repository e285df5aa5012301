"""Assets from producer to consumer, and a backfill that survives its server, through Lite."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.driving import Lite, Machine, as_json, lines_of, until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

PRODUCER = """
from airflow.sdk import DAG, Asset, Metadata, task

orders = Asset("s3://shop/orders.csv")

with DAG("producer", schedule=None):

    @task(outlets=[orders])
    def make():
        yield Metadata(orders, {"rows": 3})

    make()
"""
CONSUMER = """
from airflow.sdk import Asset, asset

orders = Asset("s3://shop/orders.csv")


@asset(schedule=orders, uri="s3://shop/report")
def report(self, context):
    (event,) = context["triggering_asset_events"][orders]
    print("made of", event.extra["rows"], "rows by", event.source_task_id, "for", self.uri)
"""
NIGHTLY = """
from pathlib import Path

from airflow.sdk import DAG, task

with DAG("nightly", schedule="@daily", start_date=None, is_paused_upon_creation=False):

    @task
    def work(*, logical_date):
        with Path("{marks}").open("a") as file:
            file.write(f"{{logical_date:%d}}\\n")

    work()
"""


LATE = """
import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, DeadlineAlert, DeadlineReference, SyncCallback, task

MARK = Path("{mark}")


def alarm(who, context):
    MARK.write_text(f"{{who}} {{context['dag_run'].dag_id}}")


with DAG(
    "late",
    schedule=None,
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=1),
        callback=SyncCallback(alarm, {{"who": "ops"}}),
    ),
):

    @task
    def slow():
        while not MARK.exists():
            time.sleep(0.05)

    slow()
"""


def runs(lite: Lite, dag_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lite.get(f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"]
    return found


def test_what_a_task_makes_starts_the_dag_that_wants_it(machine: Machine) -> None:
    machine.project("producer", PRODUCER)
    machine.project("report", CONSUMER)
    with machine.lite() as lite:
        lite.wait_for_dag("producer")
        lite.wait_for_dag("report")
        producer = lite.trigger("producer")
        assert lite.finish("producer", producer) == "success", lite.describe("producer", producer)
        (run,) = until(lambda: runs(lite, "report"), "the report's run is there")
        assert run["run_type"] == "asset_triggered"
        assert lite.finish("report", run["dag_run_id"]) == "success", lite.describe(
            "report", run["dag_run_id"]
        )
        log = lite.log("report", run["dag_run_id"], "report")
        assert "made of 3 rows by make for s3://shop/report" in log
        events = lite.get("/api/v2/assets/events?order_by=timestamp")["asset_events"]
        assert [(one["name"], one["source_run_id"]) for one in events] == [
            ("s3://shop/orders.csv", producer),
            ("report", run["dag_run_id"]),
        ]


def test_a_backfill_survives_the_death_of_its_server(machine: Machine) -> None:
    marks = machine.folder / "marks"
    machine.project("nightly", NIGHTLY.format(marks=marks))
    options = ("--from", "2024-02-01T00:00:00Z", "--to", "2024-02-05T00:00:00Z", "--json")
    with machine.lite() as lite:
        lite.wait_for_dag("nightly")
        plan = as_json(machine.leoflow("backfill", "create", "nightly", *options, "--dry-run"))
        assert plan["total_entries"] == 5
        made = as_json(
            machine.leoflow(
                "backfill", "create", "nightly", *options, "--max-active-runs", "1", "--run-backwards"
            )
        )
        number = str(made["id"])
        until(lambda: lines_of(marks), "the first run has worked")
        lite.kill()
        lite.start()
        lite.login()

        def completed() -> Any:
            shown = as_json(machine.leoflow("backfill", "show", number, "--json"))
            return shown if shown["completed_at"] else None

        shown = until(completed, "the backfill is complete", seconds=90)
        assert shown["counts"] == {"success": 5}
        mine = [mark for mark in lines_of(marks) if mark in ("01", "02", "03", "04", "05")]
        assert sorted(set(mine)) == ["01", "02", "03", "04", "05"]
        assert "completed" in machine.leoflow("backfill", "list", "nightly").stdout
        again = machine.leoflow("backfill", "cancel", number)
        assert again.returncode == 1
        assert "already completed" in again.stderr


def test_a_missed_deadline_is_told(machine: Machine) -> None:
    mark = machine.folder / "mark"
    machine.project("late", LATE.format(mark=mark))
    with machine.lite() as lite:
        lite.wait_for_dag("late")
        run_id = lite.trigger("late")
        assert lite.finish("late", run_id) == "success", lite.describe("late", run_id)
        assert mark.read_text() == "ops late"
        (deadline,) = lite.get(f"/ui/dags/late/dagRuns/{run_id}/deadlines")["deadlines"]
        assert deadline["missed"] is True
