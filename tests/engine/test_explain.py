"""Why a task waits, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.explain import explain

from .machine import Machine, task


def paused(machine: Machine) -> None:
    machine.run_of(tasks=[task("a"), task("x", "a")])
    machine.apply(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=True))


def triggered_while_paused(machine: Machine) -> None:
    machine.register(tasks=[task("x")])
    machine.apply(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=True))
    machine.trigger()


def waiting_for_upstream(machine: Machine) -> None:
    machine.run_of(tasks=[task("a"), task("b"), task("x", "a", "b")])
    machine.finish("a")


def in_retry(machine: Machine) -> None:
    machine.run_of(tasks=[task("x", retries=1, retry_delay_seconds=60)])
    machine.finish("x", "failed")


def behind_a_limit(machine: Machine) -> None:
    machine.store.tables["pools"][1, "db"] = 1
    machine.run_of(tasks=[task("a", pool="db", priority_weight=2), task("x", pool="db")])


def behind_the_past(machine: Machine) -> None:
    machine.register(tasks=[task("x", depends_on_past=True)])
    machine.trigger(run_id="one", logical_date=machine.now)
    machine.trigger(run_id="two", logical_date=machine.now + timedelta(days=1))


def behind_other_runs(machine: Machine) -> None:
    machine.register(tasks=[task("x")], max_active_runs=1)
    machine.trigger()
    machine.trigger()


def running(machine: Machine) -> None:
    machine.run_of(tasks=[task("x")])
    machine.start("x")


CASES: list[tuple[Callable[[Machine], None], list[tuple[str, str]]]] = [
    (
        paused,
        [
            ("Dag Not Paused", "Dag 'd' is paused."),
            ("Trigger Rule", "Trigger rule 'all_success' over 1 upstream tasks: none has ended."),
        ],
    ),
    (
        triggered_while_paused,
        [("Dag Not Paused", "Dag 'd' is paused."), ("Dagrun Running", "The run is queued.")],
    ),
    (
        waiting_for_upstream,
        [("Trigger Rule", "Trigger rule 'all_success' over 2 upstream tasks: 1 success.")],
    ),
    (in_retry, [("Not In Retry Period", "It is due at 2026-03-01T12:01:00+00:00.")]),
    (behind_a_limit, [("Task Concurrency", "It waits at pool db: 1 of 1 slots taken.")]),
    (
        behind_the_past,
        [
            (
                "Previous Dagrun State",
                "The task of the run before (or what is directly below it) has not ended well.",
            )
        ],
    ),
    (
        behind_other_runs,
        [("Dagrun Running", "The run is queued: 1 of at most 1 runs of its Dag are running.")],
    ),
    (running, []),
]


@pytest.mark.parametrize(("arrange", "expected"), CASES, ids=[case[0].__name__ for case in CASES])
def test_why_x_waits(arrange: Callable[[Machine], None], expected: list[tuple[str, str]]) -> None:
    machine = Machine()
    arrange(machine)
    run = machine.find_run()
    found = machine.store.read_now(lambda tx: explain(tx, run.pk, "x", machine.planner))
    assert [(reason.name, reason.reason) for reason in found] == expected
