"""Backfills on virtual time: order, limits, what is made again, pause, cancel, restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leoflow_runtime.domain.states import RunState, RunType
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.backfill_rows import BackfillRow, NoRun, ReprocessBehavior
from leoflow_runtime.engine.errors import BackfillInvalid, BackfillRunning, ParamsInvalid

from .machine import START, Machine, task

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


def machine_with_dag(*tasks: dict[str, Any], **fields: Any) -> Machine:
    machine = Machine()
    # Without catch-up, and with a start date to come: nothing runs by itself.
    fields = {"schedule": "@daily", "start_date": "2027-01-01T00:00:00+00:00", **fields}
    machine.register(tasks=list(tasks) or [task("a")], **fields)
    return machine


def backfill(machine: Machine, days: int = 3, **options: Any) -> BackfillRow:
    to_date = FEBRUARY + timedelta(days=days - 1)
    return machine.apply(
        lambda tx: operations.create_backfill(tx, dag_id="d", from_date=FEBRUARY, to_date=to_date, **options)
    )


def running(machine: Machine) -> list[int]:
    """Days of February that run, in the order in which they were made."""
    return [
        run.logical_date.day for run in machine.store.tables["runs"].values() if run.state is RunState.RUNNING
    ]


def finish(machine: Machine, day: int, outcome: str = "success") -> None:
    run = next(run for run in machine.store.tables["runs"].values() if run.logical_date.day == day)
    machine.finish("a", outcome, run_id=run.run_id)


def of(machine: Machine, row: BackfillRow) -> BackfillRow:
    found = machine.store.read_now(lambda tx: tx.backfill(row.pk))
    assert found is not None
    return found


def reasons(machine: Machine) -> list[NoRun | None]:
    return [entry.reason for entry in machine.store.tables["backfill_runs"].values()]


def test_its_runs_are_made_in_order_and_as_many_at_once_as_it_allows() -> None:
    machine = machine_with_dag()
    row = backfill(machine, 4, max_active_runs=2, conf={"why": "again"})
    assert running(machine) == [1, 2]
    run = machine.find_run()
    assert (run.run_type, run.triggered_by, run.conf) == (RunType.BACKFILL, "backfill", {"why": "again"})
    assert run.run_id == "backfill__2026-02-02T00:00:00+00:00"
    finish(machine, 2)
    assert running(machine) == [1, 3]
    for day in (1, 3, 4):
        assert of(machine, row).completed_at is None
        finish(machine, day)
    assert of(machine, row).completed_at == machine.now


def test_backwards_it_begins_with_the_latest() -> None:
    machine = machine_with_dag()
    backfill(machine, 3, max_active_runs=1, run_backwards=True)
    assert running(machine) == [3]
    finish(machine, 3)
    assert running(machine) == [2]


def test_its_limit_is_its_own() -> None:
    machine = machine_with_dag(max_active_runs=1)
    backfill(machine, 3, max_active_runs=2)
    assert running(machine) == [1, 2]
    machine.trigger()
    assert machine.run_state() is RunState.RUNNING


def test_a_paused_dag_makes_none_of_its_runs() -> None:
    machine = machine_with_dag()
    machine.apply(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=True))
    backfill(machine, 2)
    assert running(machine) == []
    machine.apply(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=False))
    assert running(machine) == [1, 2]


def test_a_pause_makes_no_more_runs_and_lets_those_that_run_go_on() -> None:
    machine = machine_with_dag()
    row = backfill(machine, 3, max_active_runs=1)
    machine.apply(lambda tx: operations.set_backfill_paused(tx, row.pk, is_paused=True))
    finish(machine, 1)
    assert running(machine) == []
    machine.apply(lambda tx: operations.set_backfill_paused(tx, row.pk, is_paused=False))
    assert running(machine) == [2]


def test_cancelled_it_is_complete_at_once_and_what_runs_comes_to_its_end() -> None:
    machine = machine_with_dag()
    row = backfill(machine, 3, max_active_runs=1)
    machine.apply(lambda tx: operations.cancel_backfill(tx, row.pk))
    assert of(machine, row).completed_at == machine.now
    assert running(machine) == [1]
    finish(machine, 1)
    assert running(machine) == []
    assert reasons(machine) == [None, NoRun.CANCELLED, NoRun.CANCELLED]
    backfill(machine, 1, reprocess_behavior=ReprocessBehavior.COMPLETED)
    assert running(machine) == [1]


@pytest.mark.parametrize(
    ("behavior", "made", "left"),
    [
        (ReprocessBehavior.NONE, [3], [NoRun.ALREADY_EXISTS, NoRun.ALREADY_EXISTS, None]),
        (ReprocessBehavior.FAILED, [2, 3], [NoRun.ALREADY_EXISTS, None, None]),
        (ReprocessBehavior.COMPLETED, [1, 2, 3], [None, None, None]),
    ],
)
def test_what_is_made_again(behavior: ReprocessBehavior, made: list[int], left: list[NoRun | None]) -> None:
    machine = machine_with_dag(task("a", retries=0))
    for day, outcome in ((1, "success"), (2, "failed")):
        run_id = machine.trigger(
            run_id=f"by hand {day}".replace(" ", "_"), logical_date=FEBRUARY + timedelta(days=day - 1)
        )
        machine.finish("a", outcome, run_id=run_id)
    backfill(machine, 3, reprocess_behavior=behavior)
    assert running(machine) == made
    assert reasons(machine) == left
    types = {run.logical_date.day: run.run_type for run in machine.store.tables["runs"].values()}
    assert [day for day, kind in types.items() if kind is RunType.BACKFILL] == made


def test_a_run_in_flight_is_never_made_again() -> None:
    machine = machine_with_dag()
    machine.trigger(logical_date=FEBRUARY)
    backfill(machine, 1, reprocess_behavior=ReprocessBehavior.COMPLETED)
    assert reasons(machine) == [NoRun.IN_FLIGHT]


@pytest.mark.parametrize(
    ("fields", "options", "said"),
    [
        ({"schedule": None}, {}, "d has no schedule"),
        ({"schedule": {"assets": {"alias": "x"}}}, {}, "d has no schedule"),
        ({"tasks": [task("a", depends_on_past=True)]}, {"run_backwards": True}, "in reverse"),
        ({"tasks": [task("a", depends_on_past=True)]}, {}, "reprocess behavior"),
        ({}, {"from_date": START + timedelta(days=1), "to_date": START + timedelta(days=2)}, "future"),
        ({}, {"from_date": FEBRUARY, "to_date": FEBRUARY - timedelta(days=1)}, "before"),
        ({"schedule": "* * * * *"}, {"from_date": datetime(2020, 1, 1, tzinfo=UTC)}, "100,000"),
    ],
)
def test_what_makes_no_backfill(fields: dict[str, Any], options: dict[str, Any], said: str) -> None:
    machine = Machine()
    machine.register(**{"tasks": [task("a")], "schedule": "@daily", **fields})
    wanted = {"from_date": FEBRUARY, "to_date": FEBRUARY + timedelta(days=3), **options}
    with pytest.raises(BackfillInvalid, match=said):
        machine.apply(lambda tx: operations.create_backfill(tx, dag_id="d", **wanted))


def test_conf_has_to_fit_the_params() -> None:
    machine = machine_with_dag(params={"n": {"value": 1, "schema": {"type": "integer"}}})
    with pytest.raises(ParamsInvalid):
        backfill(machine, conf={"n": "many"})


def test_there_is_one_at_a_time() -> None:
    machine = machine_with_dag()
    backfill(machine)
    with pytest.raises(BackfillRunning):
        backfill(machine)


def test_a_run_of_it_that_somebody_clears_is_one_of_its_own_again() -> None:
    machine = machine_with_dag()
    row = backfill(machine, 2, max_active_runs=1)
    finish(machine, 1)
    first = next(iter(machine.store.tables["runs"].values()))
    machine.apply(lambda tx: operations.clear_run(tx, dag_id="d", run_id=first.run_id))
    assert running(machine) == [2]
    finish(machine, 2)
    assert running(machine) == [1]
    finish(machine, 1)
    assert of(machine, row).completed_at is not None


STEPS = st.lists(
    st.sampled_from(["finish", "fail", "restart", "pause", "unpause", "dag pause", "dag unpause", "sweep"]),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(1, 3), st.booleans())
def test_no_run_is_lost_or_doubled_whatever_happens(steps: list[str], limit: int, backwards: bool) -> None:
    machine = machine_with_dag(task("a", retries=0))
    row = backfill(machine, 5, max_active_runs=limit, run_backwards=backwards)
    held = operations.set_backfill_paused
    made: list[int] = []
    for step in [*steps, "restart", "unpause", "dag unpause", *["finish"] * 5]:
        match step:
            case "finish" | "fail" if running(machine):
                finish(machine, running(machine)[0], "success" if step == "finish" else "failed")
            case "restart":
                machine.restart()
            case "sweep":
                machine.apply(sweep=True)
            case "pause" | "unpause" if of(machine, row).completed_at is None:
                machine.apply(partial(held, pk=row.pk, is_paused=step == "pause"))
            case "dag pause" | "dag unpause":
                machine.apply(partial(operations.set_paused, dag_id="d", is_paused=step == "dag pause"))
        assert len(running(machine)) <= limit
        made = [run.logical_date.day for run in machine.store.tables["runs"].values()]
    assert made == ([5, 4, 3, 2, 1] if backwards else [1, 2, 3, 4, 5])
    assert of(machine, row).completed_at is not None
