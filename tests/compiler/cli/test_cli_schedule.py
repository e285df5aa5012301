"""`leoflow schedule preview`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.compiler.cli.cli_runner import Leoflow

HEAD = "import pendulum\nfrom datetime import timedelta\nfrom airflow.sdk import DAG, Asset, task\n\n"
BODY = ":\n\n    @task\n    def f():\n        return 1\n\n    f()\n"


def project(arguments: str) -> None:
    Path("p").mkdir()
    Path("p/leoflow.yaml").write_text("dag_id: p\n")
    Path("p/dag.py").write_text(f"{HEAD}with DAG('p', {arguments}){BODY}")


def test_runs_over_a_change_of_clocks(leoflow: Leoflow) -> None:
    project("schedule='30 2 * * *', start_date=pendulum.datetime(2026, 1, 1, tz='Europe/Berlin')")

    done = leoflow("schedule", "preview", "p", "--count", "3", "--from", "2026-10-23T12:00:00Z")

    # The first is the slot that has just passed: without catch-up the latest one is made up.
    assert done.out.splitlines() == [
        "p: 30 2 * * * in Europe/Berlin",
        "  Fri 2026-10-23 02:30 CEST  (2026-10-23 00:30 UTC)",
        "  Sat 2026-10-24 02:30 CEST  (2026-10-24 00:30 UTC)",
        "  Sun 2026-10-25 02:30 CET  (2026-10-25 01:30 UTC)  clocks have changed",
    ]


def test_json_for_programs(leoflow: Leoflow) -> None:
    project("schedule=timedelta(hours=6), start_date=pendulum.datetime(2026, 1, 1)")

    done = leoflow("schedule", "preview", "p", "--count", "2", "--from", "2026-01-01T00:00:00Z", "--json")

    runs = json.loads(done.out)["runs"]
    assert [run["run_after"] for run in runs] == ["2026-01-01T00:00:00+00:00", "2026-01-01T06:00:00+00:00"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("schedule=None", "when somebody triggers it"),
        ("schedule=[Asset('a')]", "when its assets are updated"),
        ("schedule='@continuous', max_active_runs=1", "as soon as the one before has ended"),
    ],
)
def test_schedules_without_a_clock_are_explained(leoflow: Leoflow, arguments: str, said: str) -> None:
    project(arguments)

    assert said in leoflow("schedule", "preview", "p").out
