"""What `explain` says is what the planner does: it waits for nothing if and only if it goes next."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from leoflow_runtime.domain.states import Outcome, TaskState
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.explain import Reason, explain
from leoflow_runtime.engine.rows import LaunchReport, TaskRow

from .machine import Machine
from .test_planner_properties import dags

TO_START = (None, TaskState.SCHEDULED, TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE)


def explained(machine: Machine) -> dict[int, list[Reason]]:
    """Of every task instance that has not begun, by its key."""
    return {
        row.pk: machine.store.read_now(
            lambda tx, row=row: explain(tx, row.run_pk, row.task_id, row.map_index)
        )
        for row in machine.store.tables["tasks"].values()
        if row.state in TO_START
    }


def at_rest(machine: Machine) -> None:
    """All consequences are drawn: whatever has not begun waits for something, and stays where it is."""
    waiting = explained(machine)
    idle = [machine.store.tables["tasks"][pk] for pk, reasons in waiting.items() if not reasons]
    assert not idle, f"explain says that these wait for nothing: {idle}"
    before = dict(machine.store.tables["tasks"])
    machine.apply(sweep=True)
    assert machine.store.tables["tasks"] == before


def fact(machine: Machine, chance: random.Random) -> None:
    """Something that another replica takes down, and whose consequences nobody has drawn yet."""
    alive = [launch for launch in machine.store.tables["launches"].values() if launch.finished_at is None]
    match chance.randrange(6):
        case 0:
            is_paused = chance.random() < 0.5
            machine.elsewhere(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=is_paused))
        case 1:
            machine.store.tables["pools"][1, "default_pool"] = chance.choice([0, 1, 2, 8])
            machine.elsewhere(operations.announce_config)
        case 2:
            machine.elsewhere(lambda tx: operations.trigger_run(tx, dag_id="d"))
        case _ if alive:
            launch = chance.choice(alive)
            outcome = Outcome(chance.choice(["success"] * 3 + ["failed", "skipped", "lost"]))
            report = LaunchReport(launch_id=launch.launch_id, outcome=outcome)
            machine.elsewhere(lambda tx: operations.finish_launch(tx, report))


def went(before: TaskRow, after: TaskRow) -> bool:
    """It was launched, or came to its end without a process."""
    return after.launch_id != before.launch_id or (after.state is not None and after.state.is_terminal)


@settings(max_examples=100, deadline=None)
@given(tasks=dags(), seed=st.integers(0, 2**32), limit=st.sampled_from([1, 2, 16]), past=st.booleans())
def test_what_waits_for_nothing_goes_next_and_nothing_else_does(
    tasks: list[dict[str, object]], seed: int, limit: int, past: bool
) -> None:
    chance = random.Random(seed)
    machine = Machine()
    tasks = [{**one, "depends_on_past": past} for one in tasks]
    machine.register(tasks=tasks, max_active_tasks=limit, max_active_runs=2)
    machine.trigger(run_id="first", logical_date=machine.now)
    for _ in range(12):
        at_rest(machine)
        fact(machine, chance)
        ready = [pk for pk, reasons in explained(machine).items() if not reasons]
        before = dict(machine.store.tables["tasks"])
        machine.apply(drain=True)
        after = explained(machine)
        for pk in ready:
            # Of several that want the last slot one gets it; the others can say which limit it was.
            outpaced = any(reason.reason.startswith("It waits at ") for reason in after.get(pk, []))
            assert went(before[pk], machine.store.tables["tasks"][pk]) or outpaced
        if (due := machine.planner.next_due()) is not None and chance.random() < 0.3:
            machine.wait((due - machine.now).total_seconds())
