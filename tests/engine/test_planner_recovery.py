"""Restarts, replicas and stale memory: the record is the truth, memory may vanish at any moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from leoflow_runtime.domain.states import Outcome, TaskState
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.engine.store import LeaseLost

from .machine import Machine, task

DIAMOND = [task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c")]


def success(launch: int) -> LaunchReport:
    return LaunchReport(launch_id=launch, outcome=Outcome.SUCCESS)


def test_a_restart_in_the_middle_goes_on_where_it_was() -> None:
    machine = Machine()
    machine.run_of(tasks=DIAMOND)
    machine.finish("a")
    machine.finish("b")
    orders = len(machine.orders)
    machine.restart()
    assert len(machine.orders) == orders
    machine.finish("c")
    assert machine.state("d") == "queued"
    machine.finish("d")
    assert machine.run_state() == "success"


def test_a_restart_keeps_retries_reschedules_and_queued_runs() -> None:
    machine = Machine()
    machine.register(
        tasks=[task("a", retries=1, retry_delay_seconds=60), task("s", kind="sensor")], max_active_runs=1
    )
    first, second = machine.trigger(run_id="first"), machine.trigger(run_id="second")
    machine.finish("a", "failed", run_id=first)
    machine.finish("s", "up_for_reschedule", run_id=first, reschedule_at=machine.now + timedelta(seconds=30))
    machine.restart()
    machine.wait(30)
    assert machine.states(first) == {"a": "up_for_retry", "s": "queued"}
    machine.wait(30)
    assert machine.states(first) == {"a": "queued", "s": "queued"}
    machine.finish("a", run_id=first)
    machine.finish("s", run_id=first)
    assert machine.run_state(second) == "running"


def test_a_restart_keeps_slots_taken() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b")], max_active_tasks=1)
    machine.restart()
    assert sorted(machine.states().values()) == ["queued", "scheduled"]  # type: ignore[type-var]
    machine.finish("a" if machine.state("a") == "queued" else "b")
    assert sorted(machine.states().values()) == ["queued", "success"]  # type: ignore[type-var]


def test_a_restart_stops_what_was_marked_while_nobody_planned() -> None:
    machine = Machine()
    run = machine.run_of(tasks=[task("a")])
    machine.start("a")
    launch = machine.launch_of("a")
    machine.elsewhere(
        lambda tx: operations.mark_task(tx, dag_id="d", run_id=run, task_id="a", state="success")
    )
    machine.restart()
    assert launch in machine.cancels
    assert machine.run_state() == "success"


def test_facts_that_another_replica_took_are_drained_in_sequence() -> None:
    machine = Machine()
    machine.run_of(tasks=DIAMOND)
    verdict = machine.elsewhere(lambda tx: operations.finish_launch(tx, success(machine.launch_of("a"))))
    assert verdict.accepted
    assert machine.states() == {"a": "success", "b": None, "c": None, "d": None}
    machine.apply(drain=True)
    assert machine.states() == {"a": "success", "b": "queued", "c": "queued", "d": None}
    assert machine.store.tables["inbox"] == {}


def test_a_run_that_another_replica_triggered_starts_from_the_inbox() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")])
    machine.elsewhere(lambda tx: operations.trigger_run(tx, dag_id="d"))
    assert machine.run_state() == "queued"
    machine.apply(drain=True)
    assert machine.state("a") == "queued"


def test_the_sweep_finds_what_no_notice_told() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")])
    machine.elsewhere(lambda tx: operations.trigger_run(tx, dag_id="d"))
    machine.store.tables["inbox"].clear()
    machine.apply(sweep=True)
    assert machine.state("a") == "queued"


def test_the_sweep_finds_an_end_that_no_notice_told() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b", "a")])
    machine.elsewhere(lambda tx: operations.finish_launch(tx, success(machine.launch_of("a"))))
    machine.store.tables["inbox"].clear()
    machine.apply(sweep=True)
    assert machine.state("b") == "queued"


def test_the_sweep_finds_a_task_that_was_cleared_and_nobody_told() -> None:
    machine = Machine()
    run_id = machine.run_of(tasks=[task("a"), task("b")])
    machine.finish("a")
    machine.elsewhere(lambda tx: operations.clear_tasks(tx, dag_id="d", run_id=run_id, task_ids=["a"]))
    machine.store.tables["inbox"].clear()
    machine.apply(sweep=True)
    assert machine.state("a") == "queued"


def test_stale_memory_is_noticed_by_a_guard_and_rebuilt() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b", "a")])
    (row,) = [row for row in machine.store.tables["tasks"].values() if row.task_id == "b"]
    # Somebody changed the row and told nobody.
    machine.store.tables["tasks"][row.pk] = row._replace(state=TaskState.SKIPPED)
    machine.finish("a")
    assert machine.states() == {"a": "success", "b": "skipped"}
    assert machine.run_state() == "success"


def test_a_planner_that_has_lost_its_lease_writes_nothing() -> None:
    machine = Machine()
    machine.run_of(tasks=DIAMOND)
    launch = machine.launch_of("a")
    machine.store.tables["lease"]["planner"] = replace(machine.lease, owner="other", epoch=2)
    with pytest.raises(LeaseLost):
        machine.apply(lambda tx: operations.finish_launch(tx, success(launch)))
    assert machine.states() == {"a": "queued", "b": None, "c": None, "d": None}
    assert machine.store.tables["inbox"] == {}


def test_a_commit_that_fails_leaves_no_trace_in_memory() -> None:
    machine = Machine()
    machine.run_of(tasks=DIAMOND)
    machine.finish("a")
    launch_b, launch_c = machine.launch_of("b"), machine.launch_of("c")
    machine.store.failing_commits = 1
    with pytest.raises(OSError, match="disk is full"):
        machine.report(launch_b)
    machine.report(launch_c)
    assert machine.states() == {"a": "success", "b": "queued", "c": "success", "d": None}
    machine.report(launch_b)
    assert machine.state("d") == "queued"


def test_many_reports_in_one_transaction_draw_their_consequences_together() -> None:
    machine = Machine()
    machine.run_of(tasks=[*(task(f"t{n}") for n in range(10)), task("join", *(f"t{n}" for n in range(10)))])
    commits = machine.store.commits
    launches = [machine.launch_of(f"t{n}") for n in range(10)]
    machine.apply(
        *(lambda tx, launch=launch: operations.finish_launch(tx, success(launch)) for launch in launches)
    )
    assert machine.store.commits == commits + 1
    assert machine.state("join") == "queued"
