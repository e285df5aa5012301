"""Deadline alerts on virtual time."""

from __future__ import annotations

from datetime import timedelta

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
