"""Random DAGs, outcomes, duplicates, crashes and hands: every run ends, and nothing happens twice."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from leoflow_runtime.domain.states import LAUNCHED_TASK_STATES, TaskState
from leoflow_runtime.domain.trigger_rules import RULES
from leoflow_runtime.engine import operations

from .machine import Machine, task

OUTCOMES = ["success"] * 4 + ["failed", "failed", "failed_no_retry", "skipped", "lost", "cancelled"]


@st.composite
def dags(draw: st.DrawFn) -> list[dict[str, object]]:
    count = draw(st.integers(1, 8))
    tasks = []
    for index in range(count):
        above = sorted(draw(st.sets(st.integers(0, index - 1), max_size=3))) if index else []
        fields = {
            "trigger_rule": draw(st.sampled_from(["all_success", *sorted(RULES)])),
            "type": draw(st.sampled_from(["python", "python", "empty"])),
            "retries": draw(st.integers(0, 2)),
            "retry_delay_seconds": draw(st.sampled_from([0, 5])),
            "is_setup": draw(st.integers(0, 9)) == 0,
            "is_teardown": draw(st.integers(0, 9)) == 0,
        }
        tasks.append(task(f"t{index}", *(f"t{up}" for up in above), **fields))
    return tasks


def disturb(machine: Machine, run: str, chance: random.Random) -> None:
    """Something that a person, a crash or the network does."""
    name = chance.choice(list(machine.states(run)))
    match chance.randrange(7):
        case 0:
            machine.restart()
        case 1:
            machine.apply(sweep=True, drain=True)
        case 2:
            machine.apply(
                lambda tx: operations.clear_tasks(
                    tx, dag_id="d", run_id=run, task_ids=[name], include_downstream=chance.random() < 0.5
                )
            )
        case 3:
            state = chance.choice(["success", "failed", "skipped"])
            machine.apply(
                lambda tx: operations.mark_task(tx, dag_id="d", run_id=run, task_id=name, state=state)
            )
        case 4:
            # A report of any launch that ever was, late or doubled.
            if machine.orders:
                machine.report(chance.choice(machine.orders).launch_id, chance.choice(OUTCOMES))
        case 5:
            machine.elsewhere(lambda tx: operations.clear_tasks(tx, dag_id="d", run_id=run, only_failed=True))
        case 6:
            machine.wait(chance.choice([0, 1, 30]))


def check(machine: Machine, run: str) -> None:
    open_launches = {
        launch.launch_id: launch
        for launch in machine.store.tables["launches"].values()
        if launch.finished_at is None
    }
    ordered = [order.launch_id for order in machine.orders]
    assert len(ordered) == len(set(ordered)), "a launch was ordered twice"
    for row in machine.rows(run).values():
        alive = [launch for launch in open_launches.values() if launch.task_pk == row.pk]
        assert len(alive) <= 1, "two processes of one task"
        if row.state in (*LAUNCHED_TASK_STATES, TaskState.RESTARTING):
            assert [launch.launch_id for launch in alive] == [row.launch_id]
    if machine.run_state(run).is_terminal:
        for row in machine.rows(run).values():
            assert row.state is not None
            assert row.state.is_terminal


@settings(max_examples=150, deadline=None)
@given(
    tasks=dags(),
    seed=st.integers(0, 2**32),
    disturbances=st.integers(0, 12),
    limit=st.sampled_from([1, 2, 16]),
    fail_fast=st.booleans(),
)
def test_every_run_ends_whatever_happens(
    tasks: list[dict[str, object]], seed: int, disturbances: int, limit: int, fail_fast: bool
) -> None:
    chance = random.Random(seed)
    machine = Machine()
    run = machine.run_of(tasks=tasks, max_active_tasks=limit, fail_fast=fail_fast)
    for _ in range(400):
        check(machine, run)
        if disturbances and chance.random() < 0.3:
            disturbances -= 1
            disturb(machine, run, chance)
            continue
        alive = [
            launch.launch_id
            for launch in machine.store.tables["launches"].values()
            if launch.finished_at is None
        ]
        if alive:
            launch_id = chance.choice(alive)
            if chance.random() < 0.5:
                machine.apply(lambda tx, launch_id=launch_id: operations.start_launch(tx, launch_id))
            machine.report(launch_id, chance.choice(OUTCOMES))
        elif machine.run_state(run).is_terminal:
            break
        else:
            due = machine.planner.next_due()
            assert due is not None or machine.store.tables["inbox"], "a task was forgotten"
            machine.apply(drain=True)
            if due is not None:
                machine.wait(max(0.0, (due - machine.now).total_seconds()))
    assert machine.run_state(run).is_terminal
    check(machine, run)
    # Memory agrees with the record: building it again changes nothing.
    before = dict(machine.store.tables["tasks"])
    machine.restart()
    assert machine.store.tables["tasks"] == before
    assert not machine.planner.runs
    assert not machine.planner.launches
