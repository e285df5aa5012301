"""Ctrl-C: Lite ends within seconds, its tasks with it, and the next start carries on."""

from __future__ import annotations

import pytest

from tests.acceptance.driving import Machine, lines_of, until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

DAG = """\
from airflow.sdk import DAG, get_current_context, task

with DAG("patient", schedule=None, params={"ledger": ""}):

    @task
    def work() -> str:
        import time

        path = get_current_context()["params"]["ledger"]
        with open(path, "a") as ledger:
            ledger.write("began\\n")
        # The first process would take an hour; the one after it is quick.
        if len(open(path).readlines()) == 1:
            time.sleep(3600)
        return "done"

    work()
"""


def test_ctrl_c_stops_the_tasks_and_the_next_start_runs_them_again(machine: Machine) -> None:
    machine.project("patient", DAG)
    ledger = machine.folder / "ledger"
    with machine.lite() as lite:
        lite.wait_for_dag("patient")
        run_id = lite.trigger("patient", {"ledger": str(ledger)})
        until(lambda: lines_of(ledger), "the task began")
        below = lite.descendants()
        assert lite.stop(seconds=20) == 0
        until(
            lambda: not [process for process in below if process.is_running()], "nothing is left", seconds=10
        )
        lite.start()
        lite.login()
        assert lite.finish("patient", run_id) == "success", lite.describe("patient", run_id)
        assert lines_of(ledger) == ["began", "began"]


def test_ctrl_c_without_work_is_quick_and_quiet(machine: Machine) -> None:
    with machine.lite() as lite:
        assert lite.stop(seconds=15) == 0
        assert "Traceback" not in lite.said
        assert "rror" not in lite.said
