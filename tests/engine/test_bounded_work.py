"""However much follows from one fact, a transaction of the planner writes about a thousand rows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.instances import CHUNK
from leoflow_runtime.engine.planner import Planner

from .machine import START, Machine, task

EMPTY = [task("a", type="empty"), task("b", "a", type="empty")]


def step(machine: Machine) -> int:
    """One transaction. Returns how many task instances it touched."""
    before = dict(machine.store.tables["tasks"])
    machine.apply()
    after = machine.store.tables["tasks"]
    return sum(before.get(pk) != row for pk, row in after.items())


def wide_run(machine: Machine, **fields: Any) -> str:
    """5,000 tasks that wait for a slot or run, one beside them, and a teardown."""
    tasks = [task(f"t{number}") for number in range(5000)]
    setup = [task("up", is_setup=True), task("bad", "up")]
    down = task("down", "up", "bad", is_teardown=True, trigger_rule="all_done_setup_success")
    return machine.run_of(tasks=[*setup, down, *tasks], max_active_tasks=100, **fields)


def counts(machine: Machine) -> Counter[str]:
    return Counter(state or "none" for state in machine.states().values())


@pytest.mark.parametrize("restarted", [False, True], ids=["", "and through a restart"])
def test_a_run_that_fails_fast_ends_in_steps(restarted: bool) -> None:
    machine = Machine()
    wide_run(machine, fail_fast=True)
    steps(machine)
    machine.finish("up")
    for name in ("t0", "t1"):
        machine.start(name)
    ordered = len(machine.orders)
    machine.finish("bad", "failed")
    assert 0 < counts(machine)["skipped"] < 1.5 * CHUNK
    if restarted:
        machine.planner = Planner(dispatch_limit=10_000)
        machine.apply(drain=True)
    assert max(steps(machine)) < 1.5 * CHUNK
    assert counts(machine) == {"skipped": 4998, "failed": 3, "success": 1, "queued": 1}
    assert [order.task_id for order in machine.orders[ordered:]] == ["down"]
    assert len(machine.cancels) >= 99
    machine.finish("down")
    machine.apply(drain=True)
    assert machine.run_state() == "failed"


@pytest.mark.parametrize("restarted", [False, True], ids=["", "and through a restart"])
def test_a_run_that_has_had_its_time_ends_in_steps(restarted: bool) -> None:
    machine = Machine()
    wide_run(machine, dagrun_timeout_seconds=60)
    steps(machine)
    ordered = len(machine.orders)
    machine.now += timedelta(seconds=60)
    assert step(machine) < 1.5 * CHUNK
    assert machine.run_state() == "running"
    if restarted:
        machine.restart()
    assert max(steps(machine)) < 1.5 * CHUNK
    assert (machine.run_state(), set(counts(machine))) == ("failed", {"skipped"})
    assert len(machine.orders) == ordered


def test_what_is_cleared_while_its_run_is_stopped_is_not_stopped_by_what_was_left_to_do() -> None:
    machine = Machine()
    run_id = wide_run(machine, fail_fast=True)
    steps(machine)
    machine.finish("up")
    machine.finish("bad", "failed")
    machine.apply(lambda tx: operations.clear_tasks(tx, dag_id="d", run_id=run_id))
    machine.apply(drain=True)
    steps(machine)
    assert counts(machine)["skipped"] == 0
    assert machine.run_state() == "running"


def steps(machine: Machine) -> list[int]:
    found = []
    while (due := machine.planner.next_due()) is not None and due <= machine.now:
        found.append(step(machine))
    return found


def test_a_backfill_of_runs_that_need_no_process_goes_in_steps_and_through_a_restart() -> None:
    machine = Machine()
    machine.register(tasks=EMPTY, schedule="@daily", start_date="2099-01-01T00:00:00Z")
    first = datetime(2016, 1, 1, tzinfo=UTC)
    last = first + timedelta(days=2999)
    machine.apply(lambda tx: operations.create_backfill(tx, dag_id="d", from_date=first, to_date=last))
    assert 0 < len(machine.store.tables["runs"]) < CHUNK
    machine.restart()
    sizes = steps(machine)
    assert len(sizes) > 3
    assert max(sizes) < 1.5 * CHUNK
    states = [run.state for run in machine.store.tables["runs"].values()]
    assert (len(states), set(states)) == (3000, {"success"})
    (row,) = machine.store.tables["backfills"].values()
    assert row.completed_at is not None


def test_a_catch_up_of_runs_that_need_no_process_goes_in_steps() -> None:
    machine = Machine()
    start = (START - timedelta(days=3000)).isoformat()
    machine.register(tasks=EMPTY, schedule="@daily", start_date=start, catchup=True)
    machine.apply(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=False))
    assert 0 < len(machine.store.tables["runs"]) < CHUNK
    assert max(steps(machine)) < 1.5 * CHUNK
    assert {run.state for run in machine.store.tables["runs"].values()} == {"success"}
    assert len(machine.store.tables["runs"]) in (2999, 3000)
