"""Scheduled runs over random histories: restarts, pauses, new versions, changes of the schedule's kind."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leoflow_runtime.domain.states import RunType
from leoflow_runtime.engine import operations

from .machine import Machine, task

HOURLY: dict[str, Any] = {
    "cron": "@hourly",
    "interval": {
        "timetable": "airflow.sdk.CronDataIntervalTimetable",
        "arguments": {"expression": "0 * * * *", "timezone": "Europe/Zurich"},
    },
    "delta": {"delta_seconds": 3600},
    "several": {
        "timetable": "airflow.sdk.MultipleCronTriggerTimetable",
        "arguments": {"crons": ["0 */2 * * *", "0 1-23/2 * * *"], "timezone": "UTC"},
    },
}
STEPS = st.lists(
    st.sampled_from(["wait", "long wait", "restart", "pause", "unpause", "version", "finish", "sweep"]),
    max_size=25,
)


def machine_with(kind: str, *, catchup: bool, version: int = 1) -> Machine:
    machine = Machine()
    register(machine, kind, catchup=catchup, version=version)
    return machine


def register(machine: Machine, kind: str, *, catchup: bool, version: int) -> None:
    machine.register(
        tasks=[task("a")],
        schedule=HOURLY[kind],
        catchup=catchup,
        start_date="2026-03-01T10:00:00+00:00",
        max_active_runs=3,
        description=f"version {version}",
    )


def go(machine: Machine, step: str, kind: str, catchup: bool, number: int) -> None:
    match step:
        case "wait":
            machine.wait(1700)
        case "long wait":
            machine.wait(3 * 3600 + 60)
        case "restart":
            machine.restart()
        case "pause" | "unpause":
            paused = step == "pause"
            machine.apply(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=paused))
        case "version":
            register(machine, kind, catchup=catchup, version=number)
        case "sweep":
            machine.apply(sweep=True)
        case "finish":
            for run in machine.store.read_now(lambda tx: tx.active_runs()):
                row = next(iter(machine.store.read_now(lambda tx, pk=run.pk: tx.tasks(pk))))
                if row.launch_id is not None:
                    machine.report(row.launch_id)


def scheduled(machine: Machine) -> list[Any]:
    runs = machine.store.tables["runs"].values()
    return [run.logical_date for run in runs if run.run_type is RunType.SCHEDULED]


@pytest.mark.parametrize("kind", HOURLY)
@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_with_catch_up_no_slot_is_lost_or_doubled(kind: str, steps: list[str]) -> None:
    machine = machine_with(kind, catchup=True)
    for number, step in enumerate([*steps, "unpause", *["finish"] * 40]):
        go(machine, step, kind, True, number)
    dates = scheduled(machine)
    assert dates == [dates[0] + timedelta(hours=hour) for hour in range(len(dates))]
    assert dates[0].hour == 10
    behind = machine.now - dates[-1]
    assert behind < timedelta(hours=2 if kind == "interval" else 1)


@pytest.mark.parametrize("kind", HOURLY)
@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_without_catch_up_runs_rise_and_the_latest_slot_is_never_missed(kind: str, steps: list[str]) -> None:
    machine = machine_with(kind, catchup=False)
    for number, step in enumerate([*steps, "unpause", "finish", "long wait", *["finish"] * 9]):
        go(machine, step, kind, False, number)
    dates = scheduled(machine)
    assert all(early < late for early, late in pairwise(dates))
    assert machine.now - dates[-1] < timedelta(hours=2 if kind == "interval" else 1)
