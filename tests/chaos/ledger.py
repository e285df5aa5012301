"""A fan-out whose tasks write down that they ran, and the record to compare that with."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.driving import Lite, Machine, lines_of

WIDTH = 24
# Each task leaves one line when it starts and one when it ends: what a user's side effects would be.
DAG = f"""\
from airflow.sdk import DAG, get_current_context, task

with DAG("fan_out", schedule=None, params={{"folder": "", "pause": 0.2}}, max_active_tasks=64):

    @task
    def numbers() -> list:
        return list(range({WIDTH}))

    @task
    def work(values: list, index: int) -> int:
        import os
        import time

        params = get_current_context()["params"]
        with open(os.path.join(params["folder"], str(index)), "a") as ledger:
            ledger.write("started\\n")
            ledger.flush()
            time.sleep(params["pause"])
            ledger.write("ended\\n")
        print(f"task {{index}} did its work")
        return values[index] * 2

    @task
    def total(values: list) -> int:
        return sum(values)

    first = numbers()
    total([work(first, index) for index in range({WIDTH})])
"""
TOTAL = sum(range(WIDTH)) * 2


@dataclass(frozen=True, kw_only=True)
class FanOut:
    """One run of it."""

    lite: Lite
    folder: Path
    run_id: str

    def started(self) -> int:
        """How many tasks have begun."""
        return sum(1 for index in range(WIDTH) if lines_of(self.folder / str(index)))

    def total(self) -> object:
        path = f"/api/v2/dags/fan_out/dagRuns/{self.run_id}/taskInstances/total/xcomEntries/return_value"
        return self.lite.get(path + "?deserialize=true")["value"]

    def launches(self, *, lost_unstarted: bool) -> Counter[str]:
        """How many launches each task had, from the record itself.

        A launch that was lost before its process began did nothing; `lost_unstarted` says whether it counts.
        """
        query = (
            "SELECT t.task_id, count(*) FROM launches l JOIN task_instances t ON t.pk = l.task_pk "
            "JOIN dag_runs r ON r.pk = t.run_pk "
            "WHERE r.run_id = ? AND (? OR l.outcome <> 'lost' OR l.started_at IS NOT NULL) GROUP BY t.task_id"
        )
        return Counter(dict(self._rows(query, lost_unstarted)))

    def unfinished_launches(self) -> int:
        query = (
            "SELECT count(*) FROM launches l JOIN dag_runs r ON r.pk = l.run_pk "
            "WHERE r.run_id = ? AND l.finished_at IS NULL"
        )
        return int(self._rows(query)[0][0])

    def _rows(self, query: str, *more: object) -> list[tuple]:
        with sqlite3.connect(f"file:{self.lite.machine.database}?mode=ro", uri=True, timeout=10) as database:
            return database.execute(query, (self.run_id, *more)).fetchall()

    def assert_each_ran_once(self, *, agent_died: bool = False) -> None:
        """Nothing lost and nothing doubled: in the record, and in the world.

        Only with an agent may a launch die that had been ordered and had not begun; the record shows it.
        """
        state = self.lite.finish("fan_out", self.run_id, seconds=90)
        assert state == "success", self.lite.describe("fan_out", self.run_id)
        assert self.total() == TOTAL
        wrong = {
            index: lines
            for index in range(WIDTH)
            if (lines := lines_of(self.folder / str(index))) != ["started", "ended"]
        }
        assert not wrong, wrong
        tasks = self.lite.tasks("fan_out", self.run_id)
        launches = self.launches(lost_unstarted=not agent_died)
        assert launches == Counter([task["task_id"] for task in tasks]), launches
        assert self.unfinished_launches() == 0
        assert {task["try_number"] for task in tasks} == {1}


def begin(machine: Machine, lite: Lite, *, pause: float) -> FanOut:
    lite.wait_for_dag("fan_out")
    folder = machine.folder / "ledger"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    run_id = lite.trigger("fan_out", {"folder": str(folder), "pause": pause})
    return FanOut(lite=lite, folder=folder, run_id=run_id)
