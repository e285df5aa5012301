"""States between running and done: rescheduled, deferred, outside of a task's dates; and the ends of runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_runtime.engine import errors, operations

from .machine import START, Machine, task


@pytest.fixture
def machine() -> Machine:
    return Machine()


def defer(machine: Machine, task_id: str, is_deferred: bool = True) -> Any:
    launch = machine.launch_of(task_id)
    return machine.apply(lambda tx: operations.defer_launch(tx, launch, is_deferred=is_deferred))


class TestRescheduling:
    def test_a_task_gives_its_place_back_and_goes_on_with_its_try(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("s"), task("other")], max_active_tasks=1)
        machine.start("s")
        first = machine.launch_of("s")
        machine.finish("s", "up_for_reschedule", reschedule_at=machine.now + timedelta(seconds=60))
        assert machine.states() == {"s": "up_for_reschedule", "other": "queued"}
        machine.finish("other")
        began = machine.rows()["s"].start_date
        machine.wait(60)
        row = machine.rows()["s"]
        assert (row.state, row.try_number, row.start_date) == (TaskState.QUEUED, 1, began)
        assert machine.launch_of("s") > first

    def test_it_survives_a_restart(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("s")])
        machine.start("s")
        machine.finish("s", "up_for_reschedule", reschedule_at=machine.now + timedelta(seconds=60))
        machine.restart()
        machine.wait(60)
        assert machine.state("s") == "queued"


class TestDeferral:
    def test_a_deferred_task_keeps_its_launch_and_gives_its_slots_back(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("d"), task("other")], max_active_tasks=1)
        machine.start("d")
        assert defer(machine, "d").accepted
        assert machine.states() == {"d": "deferred", "other": "queued"}
        assert defer(machine, "d", False).accepted
        assert machine.state("d") == "running"
        machine.finish("d")
        machine.finish("other")
        assert machine.run_state() is RunState.SUCCESS

    def test_it_may_end_while_it_is_deferred(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("d")])
        machine.start("d")
        defer(machine, "d")
        machine.finish("d", "failed")
        assert machine.state("d") == "failed"

    def test_a_late_word_of_its_start_changes_nothing(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("d")])
        defer(machine, "d")
        assert machine.start("d").accepted
        assert machine.state("d") == "deferred"

    def test_a_restart_finds_it_waiting(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("d")])
        machine.start("d")
        defer(machine, "d")
        machine.restart()
        assert machine.state("d") == "deferred"
        assert machine.cancels == []

    def test_cleared_it_is_told_to_stop(self, machine: Machine) -> None:
        run_id = machine.run_of(tasks=[task("d")])
        machine.start("d")
        defer(machine, "d")
        launch = machine.launch_of("d")
        machine.apply(lambda tx: operations.clear_tasks(tx, dag_id="d", run_id=run_id, task_ids=["d"]))
        assert machine.cancels == [launch]
        assert machine.state("d") == "restarting"
        assert defer(machine, "d").should_stop

    def test_marking_its_run_as_failed_ends_it(self, machine: Machine) -> None:
        run_id = machine.run_of(tasks=[task("d")])
        machine.start("d")
        defer(machine, "d")
        machine.apply(lambda tx: operations.mark_run(tx, dag_id="d", run_id=run_id, state="failed"))
        assert machine.state("d") == "failed"
        assert len(machine.cancels) == 1


class TestDates:
    @pytest.mark.parametrize(
        ("fields", "state"),
        [
            ({"start_date": "2026-03-02T00:00:00+00:00"}, "skipped"),
            ({"end_date": "2026-02-28T00:00:00+00:00"}, "skipped"),
            ({"start_date": "2026-03-01T00:00:00+00:00", "end_date": "2026-03-02T00:00:00+00:00"}, "queued"),
        ],
    )
    def test_a_run_outside_of_a_tasks_own_dates_skips_it(
        self, machine: Machine, fields: dict[str, str], state: str
    ) -> None:
        machine.register(tasks=[task("t", **fields), task("after", "t")])
        machine.trigger(logical_date=START)
        assert machine.state("t") == state

    def test_a_run_without_a_date_has_all_tasks(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("t", end_date="2020-01-01T00:00:00+00:00")])
        assert machine.state("t") == "queued"


class TestEmptyTasks:
    @pytest.mark.parametrize(
        ("callbacks", "state"),
        [
            (["on_success_callback"], "queued"),
            (["on_execute_callback"], "queued"),
            (["on_failure_callback"], "success"),
        ],
    )
    def test_one_that_somebody_is_told_of_is_run(
        self, machine: Machine, callbacks: list[str], state: str
    ) -> None:
        machine.run_of(tasks=[task("e", type="empty", callbacks=callbacks)])
        assert machine.state("e") == state


class TestCallbacksOfRuns:
    CALLBACKS = ("on_success_callback", "on_failure_callback")

    def launch(self, machine: Machine) -> Any:
        return machine.store.read_now(lambda tx: tx.launch(machine.orders[-1].launch_id))

    @pytest.mark.parametrize(
        ("outcome", "callback", "reason"),
        [
            ("success", "on_success_callback", "success"),
            ("failed", "on_failure_callback", "task_failure"),
        ],
    )
    def test_the_end_of_a_run_is_told_of_the_task_that_brought_it(
        self, machine: Machine, outcome: str, callback: str, reason: str
    ) -> None:
        machine.run_of(tasks=[task("a"), task("b", "a")], callbacks=list(self.CALLBACKS))
        machine.finish("a")
        machine.wait(1)
        machine.finish("b", outcome)
        launch = self.launch(machine)
        assert (launch.callback, launch.callback_reason) == (callback, reason)
        assert machine.orders[-1].task_id == "b"
        assert machine.rows()["b"].launch_id != launch.launch_id, "it is nobody's current launch"

    def test_only_what_the_dag_asks_for(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("a")], callbacks=["on_failure_callback"])
        machine.finish("a")
        assert [order.task_id for order in machine.orders] == ["a"]

    def test_a_run_that_timed_out(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("a")], callbacks=list(self.CALLBACKS), dagrun_timeout_seconds=60)
        machine.wait(60)
        assert machine.run_state() is RunState.FAILED
        assert self.launch(machine).callback_reason == "timed_out"

    def test_it_opens_starts_and_ends_without_touching_its_task(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("a")], callbacks=list(self.CALLBACKS))
        machine.finish("a")
        before, number = machine.rows()["a"], machine.orders[-1].launch_id
        assert machine.apply(lambda tx: operations.open_launch(tx, number)).accepted
        assert machine.apply(lambda tx: operations.start_launch(tx, number)).accepted
        assert machine.apply(lambda tx: operations.stop_reason(tx, number)) is None
        assert machine.report(number, "success", xcoms={"k": b"1"}).accepted
        assert machine.report(number, "success").accepted, "twice is once"
        assert machine.rows()["a"] == before
        assert not machine.store.tables["xcoms"]

    def test_of_a_task_that_needs_no_process_it_is_told_in_one(self, machine: Machine) -> None:
        request = {"method": "GET", "url": "http://x"}
        native = task("a", type="http_api", http_request=request, execution_mode="inline")
        machine.run_of(tasks=[native], callbacks=list(self.CALLBACKS))
        machine.finish("a")
        assert [order.is_native for order in machine.orders] == [True, False]

    def test_a_restart_does_not_cancel_it(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("a")], callbacks=list(self.CALLBACKS))
        machine.finish("a")
        machine.restart()
        assert machine.cancels == []


class TestTasksWithoutAWord:
    """A process that vanished or was killed could tell nobody: another does."""

    WANTED = {"callbacks": ["on_failure_callback", "on_retry_callback"]}

    def told(self, machine: Machine) -> list[str | None]:
        launches = machine.store.tables["launches"].values()
        return [launch.callback for launch in launches if launch.callback]

    def test_one_that_was_killed(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("a", retries=1, retry_delay_seconds=0, **self.WANTED)])
        machine.finish("a", "failed", signal=9, message="out of memory")
        machine.wait(0)
        machine.finish("a", "failed", signal=9, message="out of memory")
        assert self.told(machine) == ["task:on_retry_callback", "task:on_failure_callback"]
        ordered = {order.launch_id for order in machine.orders}
        assert {number for number, one in machine.store.tables["launches"].items()} == ordered

    def test_one_that_said_it_itself_is_told_of_once(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("a", **self.WANTED)])
        machine.finish("a", "failed", exit_code=1)
        assert self.told(machine) == []

    def test_one_that_was_lost_too_often(self, machine: Machine) -> None:
        machine.run_of(tasks=[task("a", **self.WANTED)])
        for _ in range(4):
            machine.finish("a", "lost", message="gone")
            machine.wait(30)
        assert self.told(machine) == ["task:on_failure_callback"]


class TestFailingAgainAndAgain:
    def test_as_many_failed_runs_in_a_row_pause_the_dag(self, machine: Machine) -> None:
        machine.register(tasks=[task("a")], max_consecutive_failed_dag_runs=2)
        for outcome, is_paused in (
            ("failed", False),
            ("success", False),
            ("failed", False),
            ("failed", True),
        ):
            run_id = machine.trigger()
            machine.finish("a", outcome, run_id)
            machine.wait(60)
            assert machine.store.read_now(lambda tx: tx.find_dag("d")).is_paused is is_paused  # type: ignore[union-attr]
        waiting = machine.trigger()
        machine.apply(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=False))
        assert machine.state("a", waiting) == "queued"


def test_a_branch_stops_what_is_launched_and_not_begun(machine: Machine) -> None:
    machine.run_of(tasks=[task("b", kind="branch"), task("eager", "b", trigger_rule="always")])
    launch = machine.launch_of("eager")
    machine.finish("b", skip_task_ids=("eager",))
    assert machine.state("eager") == "skipped"
    assert machine.cancels == [launch]


@pytest.mark.parametrize(
    ("format_name", "good", "bad"),
    [
        ("date", "2026-03-01", "1st of March"),
        ("date-time", "2026-03-01T04:05:06+00:00", "2026-03-01T04:05:06"),
        ("date-time", "2026-03-01T04:05:06Z", "yesterday"),
        ("time", "04:05:06Z", "late"),
    ],
)
def test_params_have_the_formats_that_they_say(
    machine: Machine, format_name: str, good: str, bad: str
) -> None:
    schema = {"type": ["string", "null"], "format": format_name}
    machine.register(tasks=[task("a")], params={"p": {"value": None, "schema": schema}})
    machine.trigger(conf={"p": good})
    with pytest.raises(errors.ParamsInvalid):
        machine.trigger(conf={"p": bad})


@pytest.mark.parametrize("where", ["include_past", "include_future"])
def test_a_run_without_a_date_has_no_past_and_no_future_to_clear(machine: Machine, where: str) -> None:
    run_id = machine.run_of(tasks=[task("a")])
    with pytest.raises(errors.NoLogicalDate):
        machine.apply(lambda tx: operations.clear_tasks(tx, dag_id="d", run_id=run_id, **{where: True}))
