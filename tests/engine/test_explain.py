"""Why a task waits, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.explain import explain

from .machine import Machine, task
from .mapped_machine import mapped


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


def behind_a_limit_of_its_dag(machine: Machine) -> None:
    machine.store.tables["pools"][1, "none"] = 0
    x = task("x", pool="none", pool_slots=2, priority_weight=1)
    machine.run_of(tasks=[task("a", priority_weight=2), x], max_active_tasks=1)


def behind_its_own_limit(machine: Machine) -> None:
    machine.register(tasks=[task("x", max_active_tis_per_dag=1)])
    machine.trigger()
    machine.trigger()


def behind_a_setup(machine: Machine) -> None:
    tasks = [task("s", is_setup=True), task("a", "s"), task("x", "a", trigger_rule="all_done")]
    machine.run_of(tasks=tasks)


def behind_what_it_takes_down(machine: Machine) -> None:
    tasks = [task("s", is_setup=True), task("a", "s"), task("b", "a")]
    machine.run_of(tasks=[*tasks, task("x", "s", "b", is_teardown=True)])
    machine.finish("s")


def mapped_over_what_runs(machine: Machine) -> None:
    machine.run_of(tasks=[task("a"), mapped("x", over="a")])


def before_its_time(machine: Machine) -> None:
    machine.register(tasks=[task("x")])
    machine.trigger(run_after=machine.now + timedelta(hours=1))


def on_its_way(machine: Machine) -> None:
    machine.run_of(tasks=[task("x")])


def cleared_while_it_ran(machine: Machine) -> None:
    run = machine.run_of(tasks=[task("x")])
    machine.start("x")
    machine.apply(lambda tx: operations.clear_tasks(tx, dag_id="d", run_id=run))


def running(machine: Machine) -> None:
    machine.run_of(tasks=[task("x")])
    machine.start("x")


class OnItsWay:
    """What a replica knows that has just ordered a launch."""

    def why_held_back(self, *, native: bool) -> str | None:
        return None

    def obstacle(self, launch_id: int) -> str | None:
        return "It is on its way."


CASES: list[tuple[Callable[[Machine], None], list[tuple[str, str]]]] = [
    (
        paused,
        [
            ("Dag Not Paused", "Dag 'd' is paused."),
            (
                "Trigger Rule",
                "Trigger rule 'all_success' over 1 upstream tasks: none has ended; not ended: a (queued).",
            ),
        ],
    ),
    (
        triggered_while_paused,
        [("Dag Not Paused", "Dag 'd' is paused."), ("Dagrun Running", "The run is queued.")],
    ),
    (
        waiting_for_upstream,
        [
            (
                "Trigger Rule",
                "Trigger rule 'all_success' over 2 upstream tasks: 1 success; not ended: b (queued).",
            )
        ],
    ),
    (in_retry, [("Not In Retry Period", "It is due at 2026-03-01T12:01:00+00:00.")]),
    (behind_a_limit, [("Pool Slots Available", "It waits at pool db: 1 of 1 slots taken.")]),
    (
        behind_a_limit_of_its_dag,
        [
            ("Pool Slots Available", "The pool none has no slots, or does not exist."),
            ("Task Instance Slots Available", "It waits at max_active_tasks: 1 of 1 slots taken."),
        ],
    ),
    (
        behind_its_own_limit,
        [("Task Concurrency", "It waits at max_active_tis_per_dag: 1 of 1 slots taken.")],
    ),
    (
        behind_a_setup,
        [
            ("Trigger Rule", "Setups have to succeed first: s (queued)."),
            (
                "Trigger Rule",
                "Trigger rule 'all_done' over 1 upstream tasks: none has ended; not ended: a (not begun).",
            ),
        ],
    ),
    (
        behind_what_it_takes_down,
        [
            ("Trigger Rule", "It takes down after the end of a (queued)."),
            (
                "Trigger Rule",
                "Trigger rule 'all_success' over 2 upstream tasks: 1 success; not ended: b (not begun).",
            ),
        ],
    ),
    (
        mapped_over_what_runs,
        [
            ("Task has been mapped", "It is mapped over a (queued)."),
            (
                "Trigger Rule",
                "Trigger rule 'all_success' over 1 upstream tasks: none has ended; not ended: a (queued).",
            ),
        ],
    ),
    (before_its_time, [("Dagrun Running", "The run starts after 2026-03-01T13:00:00+00:00.")]),
    (on_its_way, [("Executor", "It is on its way.")]),
    (
        cleared_while_it_ran,
        [("Task Instance Not Running", "It was cleared while it ran; launch 1 has to end first.")],
    ),
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
    found = machine.store.read_now(lambda tx: explain(tx, run.pk, "x", handover=OnItsWay()))
    assert [(reason.name, reason.reason) for reason in found] == expected
