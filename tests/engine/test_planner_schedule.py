"""Scheduled runs, on virtual time."""

from __future__ import annotations

from datetime import timedelta

from leoflow_runtime.domain.states import RunType
from leoflow_runtime.engine import operations

from .machine import START, Machine, task


def runs(machine: Machine) -> list[str]:
    return [run.run_id for run in machine.store.tables["runs"].values()]


def test_a_scheduled_run_is_made_and_ordered_when_its_slot_comes() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], schedule="0 * * * *", start_date="2026-03-01T12:30:00+00:00")
    machine.wait(3599)
    assert runs(machine) == []
    machine.wait(1)
    assert runs(machine) == ["scheduled__2026-03-01T13:00:00+00:00"]
    run = machine.find_run()
    assert run.run_type is RunType.SCHEDULED
    assert run.logical_date == run.data_interval_start == run.data_interval_end == machine.now
    assert machine.ordered() == ["a"]


def test_the_dag_knows_its_next_run() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], schedule="0 * * * *", start_date="2026-03-01T12:30:00+00:00")
    machine.wait(3600)
    (dag,) = machine.store.tables["dags"].values()
    assert dag.next_run_after == dag.next_logical_date == START + timedelta(hours=2)


def test_catch_up_makes_every_missed_run_within_the_limit() -> None:
    machine = Machine()
    machine.register(
        tasks=[task("a")],
        schedule="0 * * * *",
        start_date="2026-03-01T08:00:00+00:00",
        catchup=True,
        max_active_runs=2,
    )
    assert [run[-14:-9] for run in runs(machine)] == ["08:00", "09:00"]
    for run_id in [*runs(machine)]:
        machine.finish("a", run_id=run_id)
    assert [run[-14:-9] for run in runs(machine)] == ["08:00", "09:00", "10:00", "11:00"]


def test_without_catch_up_only_the_latest_missed_slot_runs() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], schedule="0 * * * *", start_date="2026-03-01T08:30:00+00:00")
    assert [run[-14:-9] for run in runs(machine)] == ["12:00"]


def test_a_manual_run_neither_blocks_nor_shifts_the_schedule() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], schedule="0 * * * *", start_date="2026-03-01T12:30:00+00:00")
    machine.trigger(run_id="by_hand", logical_date=START + timedelta(days=400))
    machine.wait(3600)
    assert runs(machine) == ["by_hand", "scheduled__2026-03-01T13:00:00+00:00"]


def test_a_slot_that_somebody_ran_by_hand_counts_as_done() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], schedule="0 * * * *", start_date="2026-03-01T12:30:00+00:00")
    machine.trigger(run_id="by_hand", logical_date=START + timedelta(hours=1))
    machine.wait(7200)
    assert runs(machine) == ["by_hand", "scheduled__2026-03-01T14:00:00+00:00"]


def test_the_end_date_ends_the_schedule() -> None:
    machine = Machine()
    machine.register(
        tasks=[task("a", type="empty")],
        schedule="0 * * * *",
        start_date="2026-03-01T12:30:00+00:00",
        end_date="2026-03-01T14:00:00+00:00",
    )
    machine.wait(10 * 3600)
    assert len(runs(machine)) == 2


def test_a_paused_dag_makes_no_runs_and_drops_what_it_missed() -> None:
    machine = Machine()
    machine.register(tasks=[task("a", type="empty")], schedule="0 * * * *", is_paused_upon_creation=True)
    machine.wait(5 * 3600 + 60)
    assert runs(machine) == []
    machine.apply(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=False))
    assert [run[-14:-9] for run in runs(machine)] == ["17:00"]


def test_once_is_once() -> None:
    machine = Machine()
    machine.register(tasks=[task("a", type="empty")], schedule="@once")
    machine.wait(86400)
    assert len(runs(machine)) == 1


def test_continuous_runs_follow_each_other_one_at_a_time() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], schedule="@continuous")
    assert len(runs(machine)) == 1
    machine.wait(10)
    machine.finish("a")
    assert len(runs(machine)) == 2
    assert machine.find_run().data_interval_start == START
    assert machine.find_run().data_interval_end == machine.now
    assert machine.run_state() == "running"


def test_a_run_of_the_future_waits_for_its_time() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")])
    machine.trigger(run_after=START + timedelta(minutes=5))
    machine.wait(299)
    assert machine.run_state() == "queued"
    machine.wait(1)
    assert machine.run_state() == "running"


def test_a_restart_keeps_the_schedule() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], schedule="0 * * * *", start_date="2026-03-01T12:30:00+00:00")
    machine.restart()
    machine.wait(3600)
    assert len(runs(machine)) == 1


def test_a_new_version_moves_the_schedule() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], schedule="0 * * * *", start_date="2026-03-01T12:30:00+00:00")
    machine.register(tasks=[task("a")], schedule="15 * * * *", start_date="2026-03-01T12:30:00+00:00")
    machine.wait(3600)
    assert [run[-14:-9] for run in runs(machine)] == []
    machine.wait(900)
    assert [run[-14:-9] for run in runs(machine)] == ["13:15"]


def test_a_dag_has_one_timer_however_often_it_is_looked_at() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], schedule="@hourly")
    for _ in range(5):
        machine.wait(3600)
        machine.finish("a")
        machine.trigger()
        machine.finish("a")
    assert len(machine.planner.timers) == 1
