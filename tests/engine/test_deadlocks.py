"""A run in which nothing can begin any more fails, as in Airflow 3.2.2 (`oracle/record_deadlocks.py`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.store import Change, TaskChange, Tx

from .machine import Machine, task

RECORDED: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "oracle" / "deadlocks.jsonl").read_text("utf-8").splitlines()
]


def put(machine: Machine, states: dict[str, str]) -> None:
    """These tasks of the latest run stand so, by nobody's hand."""
    rows, run = machine.rows(), machine.find_run()

    def write(tx: Tx) -> None:
        changes = [
            TaskChange(pk=rows[name].pk, values={"state": TaskState(state), "end_date": machine.now})
            for name, state in states.items()
        ]
        tx.update_tasks(changes)
        tx.announce(Change(kind="run", pk=run.pk))

    machine.apply(write)


def told(machine: Machine) -> list[tuple[str, str | None]]:
    launches = [launch for launch in machine.store.tables["launches"].values() if launch.callback is not None]
    names = {row.pk: row.task_id for row in machine.rows().values()}
    return [(names[launch.task_pk], launch.callback_reason) for launch in launches]


@pytest.mark.parametrize(
    "case", RECORDED, ids=lambda case: " ".join([case["rule"], *case["states"].values(), *case["fields"]])
)
def test_it_ends_as_in_airflow(case: dict[str, Any]) -> None:
    machine = Machine()
    machine.register(
        tasks=[
            *(task(name) for name in "abe"),
            task("c", "a", "b", type="empty", trigger_rule=case["rule"], **case["fields"]),
            task("d", "c", type="empty"),
        ],
        callbacks=["on_failure_callback"],
    )
    machine.trigger()
    put(machine, case["states"])
    expected = case["airflow"]
    assert machine.states() == expected["states"]
    if case["fields"]:
        # Airflow does not look where a task of the kind has not ended, and the run goes on for ever.
        assert (expected["run"], str(machine.run_state())) == ("running", "failed")
        return
    assert str(machine.run_state()) == expected["run"]
    assert told(machine) == ([(expected["told"], expected["reason"])] if expected["told"] else [])


def test_a_run_that_waits_for_the_one_before_is_not_stuck() -> None:
    machine = Machine()
    machine.register(tasks=[task("a", depends_on_past=True)])
    for day in (1, 2):
        machine.trigger(run_id=f"r{day}", logical_date=machine.now.replace(day=day))
    machine.finish("a", "failed", run_id="r1")
    machine.wait(1000)
    assert (machine.run_state("r1"), machine.run_state("r2")) == ("failed", "running")


def test_a_deadlocked_run_goes_on_when_what_it_lacked_is_cleared() -> None:
    machine = Machine()
    run_id = machine.run_of(tasks=[task("a"), task("b"), task("c", "a", "b")])
    put(machine, {"a": "removed", "b": "success"})
    assert (machine.run_state(), machine.state("c")) == ("failed", None)
    put(machine, {"a": "failed"})
    machine.apply(lambda tx: operations.clear_tasks(tx, dag_id="d", run_id=run_id, task_ids=["a"]))
    machine.finish("a")  # of the launch before
    machine.finish("a")
    machine.finish("c")
    assert machine.run_state() == "success"


def test_a_restart_finds_the_deadlock() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b", "a")])
    row = machine.rows()["a"]
    machine.store.write_now(
        lambda tx: tx.update_tasks([TaskChange(pk=row.pk, values={"state": TaskState.REMOVED})])
    )
    machine.restart()
    assert machine.run_state() == "failed"
