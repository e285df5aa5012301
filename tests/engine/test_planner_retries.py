"""Tries, retries and lost launches, on virtual time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.rows import LaunchReport

from .machine import START, Machine, task


def test_a_failed_try_waits_its_delay_and_runs_again() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a", retries=1, retry_delay_seconds=30), task("b", "a")])
    first = machine.launch_of("a")
    machine.finish("a", "failed", message="boom")
    assert machine.state("a") == "up_for_retry"
    machine.wait(29.9)
    assert machine.launch_of("a") == first
    machine.wait(0.1)
    assert machine.state("a") == "queued"
    assert machine.rows()["a"].try_number == 2
    assert machine.launch_of("a") > first
    machine.finish("a")
    assert machine.state("b") == "queued"


def test_without_a_delay_the_next_try_starts_in_the_same_transaction() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a", retries=1, retry_delay_seconds=0)])
    machine.finish("a", "failed")
    assert machine.ordered() == ["a", "a"]


def test_the_last_try_fails_for_good() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a", retries=1, retry_delay_seconds=0)])
    machine.finish("a", "failed")
    machine.wait(0)
    machine.finish("a", "failed")
    assert machine.state("a") == "failed"
    assert machine.run_state() == "failed"


def test_a_task_that_says_no_is_not_retried() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a", retries=5)])
    machine.finish("a", "failed_no_retry")
    assert machine.state("a") == "failed"


def test_every_try_is_kept_as_it_ended() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a", retries=2, retry_delay_seconds=0)])
    machine.start("a")
    machine.finish("a", "failed")
    machine.wait(0)
    (key,) = machine.store.tables["tries"]
    kept = machine.store.tables["tries"][key]
    assert (kept.try_number, str(kept.state), kept.launch_id) == (1, "failed", 1)


def test_values_of_a_failed_try_are_gone_when_the_next_begins() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a", retries=1, retry_delay_seconds=10)])
    machine.finish("a", "failed", xcoms={"half": b"1"})
    assert [key for _, key in machine.store.tables["xcoms"]] == ["half"]
    machine.wait(10)
    assert machine.store.tables["xcoms"] == {}


def test_a_lost_launch_is_made_again_without_using_a_try() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a")])
    for losses, pause in ((1, 1), (2, 5), (3, 25)):
        launch = machine.launch_of("a")
        machine.start("a")
        machine.apply(lambda tx, launch=launch: operations.lose_launch(tx, launch, "the agent died"))
        row = machine.rows()["a"]
        assert (row.state, row.infra_failures, row.try_number) == ("scheduled", losses, 1)
        assert row.due_at == machine.now + timedelta(seconds=pause)
        machine.wait(pause)
        assert machine.state("a") == "queued"
        assert machine.launch_of("a") > launch
    launch = machine.launch_of("a")
    machine.apply(lambda tx: operations.lose_launch(tx, launch, "the agent died"))
    assert machine.state("a") == "failed"
    assert machine.store.tables["unseen"][1]["message"] == "the agent died (lost 4 times)"


def test_losses_of_one_try_do_not_count_against_the_next() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a", retries=1, retry_delay_seconds=0)])
    launch = machine.launch_of("a")
    machine.apply(lambda tx: operations.lose_launch(tx, launch, "gone"))
    machine.wait(1)
    machine.finish("a", "failed")
    machine.wait(0)
    row = machine.rows()["a"]
    assert (row.try_number, row.infra_failures, row.state) == (2, 0, "queued")


def test_a_late_report_of_an_old_launch_changes_nothing_and_is_told_to_stop() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b", "a")])
    old = machine.launch_of("a")
    machine.apply(lambda tx: operations.lose_launch(tx, old, "gone"))
    machine.wait(1)
    machine.start("a")
    verdict = machine.report(old, "success", xcoms={"return_value": b"1"})
    assert (verdict.accepted, verdict.should_stop) == (False, True)
    assert machine.state("a") == "running"
    assert machine.state("b") is None
    assert machine.store.tables["xcoms"] == {}


def test_a_report_that_comes_twice_counts_once() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b", "a")])
    launch = machine.launch_of("a")
    assert machine.report(launch).accepted
    assert machine.report(launch).accepted
    assert machine.ordered() == ["a", "b"]


def test_a_contradicting_second_report_is_refused() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a")])
    launch = machine.launch_of("a")
    assert machine.report(launch, "success").accepted
    assert not machine.report(launch, "failed").accepted
    assert machine.state("a") == "success"


def test_a_report_of_an_unknown_launch_is_told_to_stop() -> None:
    machine = Machine()
    verdict = machine.report(99)
    assert (verdict.accepted, verdict.should_stop) == (False, True)


def test_a_reschedule_goes_on_with_the_same_try_when_its_time_comes() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("sense", kind="sensor")])
    machine.start("sense")
    first = machine.launch_of("sense")
    machine.finish("sense", "up_for_reschedule", reschedule_at=START + timedelta(seconds=60))
    assert machine.state("sense") == "up_for_reschedule"
    machine.wait(60)
    row = machine.rows()["sense"]
    assert (row.state, row.try_number, row.start_date, row.end_date) == ("queued", 1, START, None)
    assert row.launch_id is not None
    assert row.launch_id > first


def test_an_orderly_shutdown_is_nobodys_failure() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a")])
    for _ in range(7):
        machine.start("a")
        machine.finish("a", "shut_down", message="Leoflow is shutting down")
        row = machine.rows()["a"]
        assert (row.state, row.infra_failures, row.try_number) == ("scheduled", 0, 1)
        machine.restart()
        machine.wait(1)
        assert machine.state("a") == "queued"
    machine.finish("a")
    assert machine.run_state() == "success"


def test_an_unasked_cancellation_is_an_infrastructure_failure() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a")])
    machine.finish("a", "cancelled")
    assert machine.state("a") == "scheduled"


@pytest.mark.parametrize("outcome", ["success", "failed", "skipped"])
def test_a_report_without_a_start_is_taken(outcome: str) -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a")])
    assert machine.finish("a", outcome).accepted
    assert machine.state("a") == outcome


def test_a_started_launch_reports_its_start_once() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a")])
    assert machine.start("a").accepted
    assert machine.start("a").accepted
    assert machine.state("a") == "running"


def test_a_retry_whose_upstream_was_cleared_waits_for_it() -> None:
    machine = Machine()
    run = machine.run_of(tasks=[task("a"), task("b", "a", retries=1, retry_delay_seconds=10)])
    machine.finish("a")
    machine.finish("b", "failed")
    machine.apply(lambda tx: operations.clear_tasks(tx, dag_id="d", run_id=run, task_ids=["a"]))
    machine.wait(10)
    assert machine.states() == {"a": "queued", "b": None}
    machine.finish("a")
    assert machine.state("b") == "queued"


def test_what_an_operation_raises_undoes_it_alone() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b")])

    def faulty(tx: object) -> None:
        operations.finish_launch(tx, LaunchReport(launch_id=machine.launch_of("b"), outcome="success"))  # type: ignore[arg-type]
        raise ValueError("no")

    launch = machine.launch_of("a")
    with pytest.raises(ValueError, match="no"):
        machine.apply(
            faulty,
            lambda tx: operations.finish_launch(tx, LaunchReport(launch_id=launch, outcome="success")),  # type: ignore[arg-type]
        )
    assert machine.states() == {"a": "success", "b": "queued"}
