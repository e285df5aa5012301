"""Deadline alerts on virtual time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .machine import START, Machine, task

AFTER_QUEUED = [{"reference": "DAGRUN_QUEUED_AT", "interval_seconds": 60}]


def told(machine: Machine) -> list[str]:
    """The callbacks of all launches, in order."""
    launches = machine.store.tables["launches"].values()
    return [launch.callback for launch in launches if launch.callback is not None]


def test_a_run_that_is_not_done_in_time_is_told_of_once() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a")], deadlines=AFTER_QUEUED)
    machine.wait(59)
    assert told(machine) == []
    machine.wait(1)
    assert told(machine) == ["deadline:0"]
    machine.restart()
    machine.wait(600)
    assert told(machine) == ["deadline:0"]
    assert machine.orders[-1].task_id == "a"
    assert machine.store.tables["missed_deadlines"][1, 0] == START + timedelta(seconds=60)


def test_a_run_that_is_done_in_time_is_not() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a")], deadlines=AFTER_QUEUED)
    machine.finish("a")
    machine.wait(600)
    assert told(machine) == []


def test_each_deadline_is_its_own_and_a_restart_loses_none() -> None:
    machine = Machine()
    machine.register(
        tasks=[task("a")],
        deadlines=[{"reference": "DAGRUN_LOGICAL_DATE", "interval_seconds": 300}, *AFTER_QUEUED],
    )
    machine.trigger(logical_date=START)
    machine.restart()
    machine.wait(100)
    assert told(machine) == ["deadline:1"]
    machine.restart()
    machine.wait(200)
    assert told(machine) == ["deadline:1", "deadline:0"]


def test_without_a_logical_date_there_is_no_deadline_after_it() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a")], deadlines=[{"reference": "DAGRUN_LOGICAL_DATE", "interval_seconds": 1}])
    machine.wait(600)
    assert told(machine) == []


def test_a_run_that_waits_in_the_queue_misses_it_as_well() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a")], deadlines=AFTER_QUEUED, max_active_runs=1)
    machine.trigger(run_id="second")
    machine.wait(60)
    assert told(machine) == ["deadline:0", "deadline:0"]


def test_a_fixed_time_counts_for_every_run_also_where_it_has_passed() -> None:
    machine = Machine()
    fixed = {"reference": "FIXED_DATETIME", "at": "2026-03-01T13:00:00+01:00", "interval_seconds": 60}
    machine.run_of(tasks=[task("a")], deadlines=[fixed])
    machine.wait(59)
    assert told(machine) == []
    machine.wait(1)
    assert told(machine) == ["deadline:0"]
    machine.wait(600)
    machine.trigger()
    machine.wait(0)
    assert told(machine) == ["deadline:0", "deadline:0"]


def average(**fields: int) -> list[dict[str, Any]]:
    return [{"reference": "AVERAGE_RUNTIME", "max_runs": 2, "min_runs": 2, "interval_seconds": 5, **fields}]


def run_for(machine: Machine, seconds: float) -> None:
    machine.trigger()
    machine.wait(seconds)
    machine.finish("a")


def test_the_average_is_that_of_the_latest_runs_when_a_run_is_made() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], deadlines=average())
    for seconds in (1000, 10, 30):
        run_for(machine, seconds)
    run_id = machine.trigger()
    run_for(machine, 0)  # a later run changes nothing
    machine.restart()
    machine.wait(24)
    assert told(machine) == []
    machine.wait(1)
    assert told(machine) == ["deadline:0"]
    assert machine.run_state(run_id) == "running"


def test_without_as_many_runs_there_is_no_average() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], deadlines=average(max_runs=5))
    run_for(machine, 1)
    machine.trigger()
    machine.wait(10_000)
    assert told(machine) == []
