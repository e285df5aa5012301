"""Marking and clearing leave runs and tasks as in Airflow 3.2.2 (`tests/oracle/record_operations.py`)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.domain.states import RunState, RunType, TaskState
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.graph import graph_of
from leoflow_runtime.engine.store import TaskChange, Tx

from .machine import Machine, document

RECORDED: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "oracle" / "operations.jsonl").read_text("utf-8").splitlines()
]
RUNS = {
    "r1": (1, 0, RunType.SCHEDULED),
    "r2": (2, 0, RunType.SCHEDULED),
    "r3": (2, 7, RunType.MANUAL),
    "r4": (3, 0, RunType.SCHEDULED),
}
ACTIVE = (RunState.QUEUED, RunState.RUNNING)


def prepare(tx: Tx, case: dict[str, Any]) -> None:
    """The runs as Airflow had them before; no process has begun."""
    schedule = {"schedule": case["schedule"]} if case["schedule"] else {}
    wanted = document(tasks=case["tasks"], start_date="2026-01-01T00:00:00Z", **schedule)
    operations.register_version(tx, wanted, created_by="test", meta={}, paused=True)
    for run_id, (day, hour, run_type) in RUNS.items():
        date = datetime(2026, 1, day, hour, tzinfo=UTC)
        run = operations.trigger_run(
            tx, dag_id="d", run_id=run_id, logical_date=date, run_after=date, run_type=run_type
        )
        given = case["before"][run_id]
        tx.update_run(run.pk, ACTIVE, {"state": RunState(given["run"])})
        tx.update_tasks(
            [
                TaskChange(pk=row.pk, values={"state": TaskState(state)})
                for row in tx.tasks(run.pk)
                if (state := given["tasks"][row.task_id]) is not None
            ]
        )


def operate(tx: Tx, case: dict[str, Any]) -> None:
    how = dict(case["how"])
    if case["operation"] == "mark":
        operations.mark_task(tx, dag_id="d", **how)
    elif case["operation"] == "clear":
        if (day := how.pop("from_day", None)) is not None:
            how["start_date"] = datetime(2026, 1, day, tzinfo=UTC)
        operations.clear_tasks(tx, dag_id="d", **how)
    else:
        operations.mark_run(tx, dag_id="d", **how)


def stands(tx: Tx) -> dict[str, Any]:
    dag = tx.find_dag("d")
    assert dag is not None
    return {
        run.run_id: {
            "run": str(run.state),
            "tasks": {row.task_id: row.state and str(row.state) for row in tx.tasks(run.pk)},
        }
        for run in tx.runs_between(dag.pk)
    }


def marks_failures_below(case: dict[str, Any]) -> bool:
    """Airflow clears at once what it has just marked as failed below the task that was named."""
    how = case["how"]
    return case["operation"] == "mark" and how["state"] == "failed" and how["include_downstream"]


def test_what_is_marked_as_failed_stays_so() -> None:
    for case in filter(marks_failures_below, RECORDED):
        machine = Machine()
        machine.elsewhere(lambda tx, case=case: prepare(tx, case))
        machine.elsewhere(lambda tx, case=case: operate(tx, case))
        after = machine.elsewhere(stands)["r2"]
        graph = graph_of(machine.elsewhere(lambda tx: tx.version(1)))
        marked = {case["how"]["task_id"], *graph.descendants({case["how"]["task_id"]})}
        assert {after["tasks"][name] for name in marked} == {"failed"}
        assert case["after"]["r2"]["tasks"][case["how"]["task_id"]] == "failed"


COMPARED = [case for case in RECORDED if not marks_failures_below(case)]


@pytest.mark.parametrize("case", COMPARED, ids=lambda case: f"{case['operation']} {case['seed']}")
def test_it_leaves_what_airflow_leaves(case: dict[str, Any]) -> None:
    machine = Machine()
    machine.elsewhere(lambda tx: prepare(tx, case))
    machine.elsewhere(lambda tx: operate(tx, case))
    assert machine.elsewhere(stands) == case["after"]
