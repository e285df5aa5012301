"""Trigger, clear, mark, delete, register: what people do, and what follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leoflow_runtime.engine import errors, operations
from leoflow_runtime.engine.rows import TaskRow

from .machine import START, Machine, document, task

CHAIN = [task("a"), task("b", "a"), task("c", "b")]


def finished(machine: Machine, *, failing: str | None = None) -> str:
    run = machine.run_of(tasks=CHAIN)
    for name in ("a", "b", "c"):
        machine.finish(name, "failed" if name == failing else "success", xcoms={"return_value": b"1"})
        if name == failing:
            break
    return run


def clear(machine: Machine, run: str | None, **arguments: Any) -> list[str]:
    rows: list[TaskRow] = machine.apply(
        lambda tx: operations.clear_tasks(tx, dag_id="d", run_id=run, **arguments)
    )
    return [row.task_id for row in rows]


# Trigger


def test_two_triggers_at_one_moment_are_two_runs() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")])
    assert machine.trigger() != machine.trigger()


def test_a_run_id_is_taken_once() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")])
    machine.trigger(run_id="same")
    with pytest.raises(errors.RunExists) as caught:
        machine.trigger(run_id="same")
    assert caught.value.existing.run_id == "same"


def test_a_logical_date_names_the_run_and_its_interval() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")])
    run = machine.trigger(logical_date=START)
    assert run == "manual__2026-03-01T12:00:00+00:00"
    assert machine.find_run(run).data_interval_end == START


@pytest.mark.parametrize("run_id", ["", "a/b", "a b", "x" * 251])
def test_an_unfit_run_id_is_refused(run_id: str) -> None:
    machine = Machine()
    machine.register(tasks=[task("a")])
    with pytest.raises(errors.RunIdInvalid):
        machine.trigger(run_id=run_id)


def test_conf_is_checked_against_the_params() -> None:
    machine = Machine()
    machine.register(
        tasks=[task("a")],
        params={
            "n": {"value": 1, "schema": {"type": "integer", "minimum": 1}},
            "who": {"value": None, "schema": {"type": "string"}},
        },
    )
    with pytest.raises(errors.ParamsInvalid) as caught:
        machine.trigger(conf={"n": 0})
    assert [name for name, _ in caught.value.problems] == ["n", "who"]
    machine.trigger(conf={"who": "x", "free": True})
    assert dict(machine.find_run().conf) == {"who": "x", "free": True}


def test_an_unknown_dag_is_named() -> None:
    with pytest.raises(errors.UnknownDag) as caught:
        Machine().trigger("nope")
    assert caught.value.dag_id == "nope"


# Clear


def test_clearing_a_task_with_what_is_below_runs_it_again() -> None:
    machine = Machine()
    run = finished(machine)
    assert clear(machine, run, task_ids=["b"], include_downstream=True) == ["b", "c"]
    assert machine.states() == {"a": "success", "b": "queued", "c": None}
    assert machine.run_state() == "running"
    assert machine.rows()["b"].try_number == 2
    assert [pk for pk, _ in machine.store.tables["xcoms"]] == [1]
    machine.finish("b")
    machine.finish("c")
    assert machine.run_state() == "success"


def test_clearing_nothing_named_clears_everything() -> None:
    machine = Machine()
    run = finished(machine)
    assert clear(machine, run) == ["a", "b", "c"]
    assert machine.states() == {"a": "queued", "b": None, "c": None}


def test_clearing_what_failed() -> None:
    machine = Machine()
    run = finished(machine, failing="b")
    assert clear(machine, run, only_failed=True) == ["b", "c"]
    assert machine.states() == {"a": "success", "b": "queued", "c": None}


def test_a_dry_run_changes_nothing() -> None:
    machine = Machine()
    run = finished(machine)
    before = machine.rows()
    assert clear(machine, run, task_ids=["c"], include_upstream=True, dry_run=True) == ["a", "b", "c"]
    assert machine.rows() == before


def test_a_cleared_task_has_its_retries_again() -> None:
    machine = Machine()
    run = machine.run_of(tasks=[task("a", retries=1, retry_delay_seconds=0)])
    machine.finish("a", "failed")
    machine.finish("a", "failed")
    assert machine.state("a") == "failed"
    clear(machine, run)
    machine.finish("a", "failed")
    assert machine.state("a") == "queued"
    assert machine.rows()["a"].try_number == 4


def test_a_cleared_try_is_kept() -> None:
    machine = Machine()
    run = finished(machine)
    clear(machine, run, task_ids=["c"])
    assert {key: str(row.state) for key, row in machine.store.tables["tries"].items()} == {(3, 1): "success"}


def test_clearing_a_running_task_stops_it_first_and_starts_it_again_once_it_has_ended() -> None:
    machine = Machine()
    run = machine.run_of(tasks=CHAIN)
    machine.start("a")
    old = machine.launch_of("a")
    clear(machine, run, task_ids=["a"])
    assert machine.state("a") == "restarting"
    assert machine.cancels == [old]
    assert machine.launch_of("a") == old
    verdict = machine.report(old, "success", xcoms={"return_value": b"1"})
    assert (verdict.accepted, verdict.should_stop) == (False, True)
    assert machine.store.tables["xcoms"] == {}
    assert machine.state("a") == "queued"
    assert machine.launch_of("a") > old
    assert machine.state("b") is None


def test_a_cleared_task_whose_process_is_lost_starts_again() -> None:
    machine = Machine()
    run = machine.run_of(tasks=CHAIN)
    machine.start("a")
    old = machine.launch_of("a")
    clear(machine, run, task_ids=["a"])
    machine.apply(lambda tx: operations.lose_launch(tx, old, "gone"))
    assert machine.state("a") == "queued"


def test_clearing_a_skipped_child_alone_skips_it_again() -> None:
    machine = Machine()
    run = machine.run_of(
        tasks=[task("choose", kind="branch"), task("left", "choose"), task("right", "choose")]
    )
    machine.finish("choose", skip_task_ids=("right",))
    machine.finish("left")
    clear(machine, run, task_ids=["right"])
    assert machine.state("right") == "skipped"
    clear(machine, run, task_ids=["choose"], include_downstream=True)
    machine.finish("choose", skip_task_ids=("left",))
    assert machine.states() == {"choose": "success", "left": "skipped", "right": "queued"}


def test_clearing_onto_the_latest_version_adds_and_removes_tasks() -> None:
    machine = Machine()
    run = finished(machine, failing="b")
    machine.register(tasks=[task("a"), task("b2", "a"), task("c", "b2")])
    clear(machine, run, task_ids=["c"], run_on_latest_version=True)
    assert machine.states() == {"a": "success", "b": "removed", "c": None, "b2": "queued"}
    machine.finish("b2")
    machine.finish("c")
    assert machine.run_state() == "success"


def test_a_task_that_comes_back_with_a_version_is_done_again_and_keeps_its_tries() -> None:
    machine = Machine()
    run = finished(machine)
    machine.register(tasks=[task("a"), task("c", "a")])
    clear(machine, run, task_ids=["c"], run_on_latest_version=True)
    machine.finish("c")
    assert machine.states() == {"a": "success", "b": "removed", "c": "success"}
    machine.register(tasks=CHAIN)
    clear(machine, run, run_on_latest_version=True)
    for name in ("a", "b", "c"):
        machine.finish(name)
    assert machine.run_state() == "success"
    b = machine.rows()["b"]
    assert (b.state, b.try_number) == ("success", 2)
    assert (b.pk, 1) in machine.store.tables["tries"]


def test_moving_to_the_latest_version_without_clearing_does_what_is_new() -> None:
    machine = Machine()
    run = finished(machine)
    machine.register(tasks=[*CHAIN, task("new", "c")])
    assert clear(machine, run, map_indexes=(), run_on_latest_version=True) == []
    assert machine.states() == {"a": "success", "b": "success", "c": "success", "new": "queued"}
    machine.finish("new")
    assert machine.run_state() == "success"


def test_a_run_keeps_its_version_when_it_is_cleared() -> None:
    machine = Machine()
    run = finished(machine)
    machine.register(tasks=[task("other")])
    clear(machine, run)
    assert machine.states() == {"a": "queued", "b": None, "c": None}


def test_past_and_future_runs_are_cleared_along() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")])
    days = [machine.trigger(run_id=f"r{n}", logical_date=START + timedelta(days=n)) for n in range(3)]
    for day in days:
        machine.finish("a", run_id=day)
    clear(machine, days[1], task_ids=["a"], include_future=True)
    assert [machine.run_state(day) for day in days] == ["success", "running", "running"]
    assert len(clear(machine, days[1], include_past=True, dry_run=True)) == 2
    assert len(clear(machine, None, dry_run=True)) == 3


def test_clearing_an_unknown_task_is_refused() -> None:
    machine = Machine()
    run = finished(machine)
    with pytest.raises(errors.UnknownTask):
        clear(machine, run, task_ids=["nope"])


# Mark


def mark(machine: Machine, run: str, task_id: str, state: str, **arguments: Any) -> list[str]:
    rows: list[TaskRow] = machine.apply(
        lambda tx: operations.mark_task(tx, dag_id="d", run_id=run, task_id=task_id, state=state, **arguments)
    )
    return [row.task_id for row in rows]


def test_marking_a_failed_task_as_good_lets_the_run_go_on() -> None:
    machine = Machine()
    run = finished(machine, failing="b")
    assert mark(machine, run, "b", "success") == ["b"]
    assert machine.states() == {"a": "success", "b": "success", "c": "queued"}
    assert machine.run_state() == "running"


def test_marking_a_running_task_stops_its_process() -> None:
    machine = Machine()
    run = machine.run_of(tasks=CHAIN)
    machine.start("a")
    launch = machine.launch_of("a")
    mark(machine, run, "a", "success")
    assert machine.cancels == [launch]
    assert machine.state("b") == "queued"
    assert not machine.report(launch, "failed").accepted
    assert machine.state("a") == "success"


def test_marking_with_everything_below() -> None:
    machine = Machine()
    run = machine.run_of(tasks=CHAIN)
    assert mark(machine, run, "a", "failed", include_downstream=True, dry_run=True) == ["a", "b", "c"]
    mark(machine, run, "a", "failed", include_downstream=True)
    assert machine.run_state() == "failed"


def test_a_state_that_nobody_may_set_is_refused() -> None:
    machine = Machine()
    run = machine.run_of(tasks=CHAIN)
    with pytest.raises(errors.UnknownState):
        mark(machine, run, "a", "running")


@pytest.mark.parametrize(
    ("state", "tasks"),
    [
        ("success", {"a": "success", "b": "success", "c": "success"}),
        ("failed", {"a": "failed", "b": "skipped", "c": "skipped"}),
    ],
)
def test_marking_a_run_ends_its_tasks(state: str, tasks: dict[str, str]) -> None:
    machine = Machine()
    run = machine.run_of(tasks=CHAIN)
    machine.start("a")
    launch = machine.launch_of("a")
    machine.apply(lambda tx: operations.mark_run(tx, dag_id="d", run_id=run, state=state))
    assert machine.run_state() == state
    assert machine.states() == tasks
    assert machine.cancels == [launch]


def test_marking_a_run_as_what_it_is_keeps_when_it_ended() -> None:
    machine = Machine()
    run = finished(machine, failing="b")
    before = machine.find_run(run)
    machine.wait(3600)
    machine.apply(lambda tx: operations.mark_run(tx, dag_id="d", run_id=run, state="failed"))
    assert machine.find_run(run) == before


def test_marking_a_run_leaves_its_teardown_to_be_done() -> None:
    machine = Machine()
    run = machine.run_of(
        tasks=[
            task("setup", is_setup=True),
            task("work", "setup"),
            task("teardown", "setup", "work", is_teardown=True, trigger_rule="all_done_setup_success"),
        ]
    )
    machine.finish("setup")
    machine.start("work")
    machine.apply(lambda tx: operations.mark_run(tx, dag_id="d", run_id=run, state="failed"))
    assert machine.states() == {"setup": "success", "work": "failed", "teardown": "queued"}
    machine.finish("teardown")
    assert machine.run_state() == "failed"


# Delete and register


def test_a_deleted_run_stops_and_leaves_nothing() -> None:
    machine = Machine()
    run = machine.run_of(tasks=CHAIN)
    launch = machine.launch_of("a")
    machine.apply(lambda tx: operations.delete_run(tx, dag_id="d", run_id=run))
    assert machine.cancels == [launch]
    assert machine.store.tables["tasks"] == {}
    assert machine.report(launch).should_stop
    machine.trigger()
    assert machine.run_state() == "running"


def test_a_deleted_task_is_stopped_and_begins_again_in_a_run_that_goes_on() -> None:
    machine = Machine()
    run = machine.run_of(tasks=CHAIN)
    machine.finish("a")
    launch = machine.launch_of("b")
    machine.apply(lambda tx: operations.delete_task(tx, dag_id="d", run_id=run, task_id="b"))
    assert machine.cancels == [launch]
    assert machine.report(launch).should_stop
    assert machine.launch_of("b") != launch
    machine.finish("b")
    machine.finish("c")
    assert machine.run_state() == "success"


def test_a_task_that_is_deleted_from_an_ended_run_waits_for_a_clear() -> None:
    machine = Machine()
    run = finished(machine)
    machine.apply(lambda tx: operations.delete_task(tx, dag_id="d", run_id=run, task_id="c"))
    assert machine.states() == {"a": "success", "b": "success", "c": None}
    assert machine.run_state() == "success"
    with pytest.raises(errors.UnknownTask):
        machine.apply(lambda tx: operations.delete_task(tx, dag_id="d", run_id=run, task_id="nothing"))
    assert clear(machine, run, task_ids=["c"]) == ["c"]
    machine.finish("c")
    assert machine.run_state() == "success"


def test_a_deleted_dag_is_gone_with_its_history() -> None:
    machine = Machine()
    machine.run_of(tasks=CHAIN)
    launch = machine.launch_of("a")
    machine.apply(lambda tx: operations.delete_dag(tx, dag_id="d"))
    assert machine.cancels == [launch]
    for table in ("dags", "versions", "runs", "tasks", "launches"):
        assert machine.store.tables[table] == {}, table
    with pytest.raises(errors.UnknownDag):
        machine.trigger()


def test_registering_the_same_again_makes_no_version_and_an_older_one_becomes_current() -> None:
    machine = Machine()
    first, second = document(tasks=[task("a")]), document(tasks=[task("b")])
    seen = [
        machine.apply(
            lambda tx, wanted=wanted: operations.register_version(tx, wanted, created_by="t", meta={})
        )
        for wanted in (first, first, second, first)
    ]
    assert [(found.version.number, found.created) for found in seen] == [
        (1, True),
        (1, False),
        (2, True),
        (1, False),
    ]
    machine.trigger()
    assert list(machine.states()) == ["a"]


@pytest.mark.parametrize(
    ("wish", "default", "expected"), [(None, True, True), (False, True, False), (True, False, True)]
)
def test_a_new_dag_is_paused_as_it_says_or_by_default(
    wish: bool | None, default: bool, expected: bool
) -> None:
    machine = Machine()
    fields = {} if wish is None else {"is_paused_upon_creation": wish}
    wanted = document(tasks=[task("a")], **fields)
    found = machine.apply(
        lambda tx: operations.register_version(tx, wanted, created_by="t", meta={}, paused=default)
    )
    assert found.dag.is_paused is expected
