"""However much follows from one fact, a transaction of the planner writes about a thousand rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.instances import CHUNK

from .machine import START, Machine, task

EMPTY = [task("a", type="empty"), task("b", "a", type="empty")]


def step(machine: Machine) -> int:
    """One transaction. Returns how many task instances it touched."""
    before = dict(machine.store.tables["tasks"])
    machine.apply()
    after = machine.store.tables["tasks"]
    return sum(before.get(pk) != row for pk, row in after.items())


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
