"""Chains, diamonds, fans: what follows from a finished task, in the same transaction."""

from __future__ import annotations

from .machine import Machine, task


def test_a_chain_orders_each_task_when_the_one_before_has_succeeded() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b", "a"), task("c", "b")])
    assert machine.ordered() == ["a"]
    machine.finish("a")
    assert machine.ordered() == ["b"]
    machine.finish("b")
    machine.finish("c")
    assert machine.states() == {"a": "success", "b": "success", "c": "success"}
    assert machine.run_state() == "success"


def test_a_diamond_joins_once() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c")])
    machine.finish("a")
    machine.finish("b")
    assert machine.ordered() == ["a", "b", "c"]
    machine.finish("c")
    assert machine.ordered() == ["d"]


def test_a_failure_reaches_the_end_of_the_run_at_once() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b", "a"), task("c", "b")])
    machine.finish("a", "failed")
    assert machine.states() == {"a": "failed", "b": "upstream_failed", "c": "upstream_failed"}
    assert machine.run_state() == "failed"


def test_empty_tasks_settle_without_a_process() -> None:
    machine = Machine()
    machine.run_of(
        tasks=[
            task("start", type="empty"),
            task("work", "start"),
            task("join", "work", type="empty"),
            task("end", "join", type="empty"),
        ]
    )
    assert machine.ordered() == ["work"]
    machine.finish("work")
    assert machine.ordered() == []
    assert machine.run_state() == "success"
    assert machine.rows()["end"].start_date == machine.now


def test_a_run_of_empty_tasks_alone_ends_in_the_transaction_that_triggered_it() -> None:
    machine = Machine()
    machine.register(tasks=[task("a", type="empty"), task("b", "a", type="empty")])
    before = machine.store.commits
    machine.trigger()
    assert machine.store.commits == before + 1
    assert machine.run_state() == "success"


def test_the_leaves_decide_how_a_run_ended() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("always_after", "a", trigger_rule="all_done")])
    machine.finish("a", "failed")
    machine.finish("always_after")
    assert machine.run_state() == "success"


def test_a_teardown_does_not_decide_how_a_run_ended() -> None:
    machine = Machine()
    machine.run_of(
        tasks=[
            task("setup", is_setup=True),
            task("work", "setup"),
            task("teardown", "setup", "work", is_teardown=True, trigger_rule="all_done_setup_success"),
        ]
    )
    machine.finish("setup")
    machine.finish("work")
    machine.finish("teardown", "failed")
    assert machine.run_state() == "success"


def test_a_failing_task_fails_the_run_though_its_teardown_succeeds() -> None:
    machine = Machine()
    machine.run_of(
        tasks=[
            task("setup", is_setup=True),
            task("work", "setup"),
            task("teardown", "setup", "work", is_teardown=True, trigger_rule="all_done_setup_success"),
        ]
    )
    machine.finish("setup")
    machine.finish("work", "failed")
    assert machine.state("teardown") == "queued"
    machine.finish("teardown")
    assert machine.run_state() == "failed"


def test_a_teardown_waits_for_everything_between_it_and_its_setup() -> None:
    machine = Machine()
    machine.run_of(
        tasks=[
            task("setup", is_setup=True),
            task("one", "setup"),
            task("two", "one"),
            task("teardown", "setup", "two", is_teardown=True, trigger_rule="all_done_setup_success"),
            task("beside", "setup"),
            task("late", "beside"),
        ]
    )
    machine.finish("setup")
    machine.finish("one", "failed")
    assert machine.state("two") == "upstream_failed"
    assert machine.state("teardown") == "queued"


def test_branches_skip_what_was_not_chosen_and_join_below() -> None:
    machine = Machine()
    machine.run_of(
        tasks=[
            task("choose", kind="branch"),
            task("left", "choose"),
            task("right", "choose"),
            task("after_right", "right"),
            task("join", "left", "right", trigger_rule="none_failed_min_one_success"),
        ]
    )
    machine.finish("choose", skip_task_ids=("right",))
    assert machine.states() == {
        "choose": "success",
        "left": "queued",
        "right": "skipped",
        "after_right": "skipped",
        "join": None,
    }
    machine.finish("left")
    machine.finish("join")
    assert machine.run_state() == "success"


def test_a_short_circuit_that_ignores_trigger_rules_skips_everything_below() -> None:
    machine = Machine()
    machine.run_of(
        tasks=[
            task("check", kind="short_circuit"),
            task("a", "check"),
            task("b", "a", trigger_rule="all_done"),
            task("other"),
        ]
    )
    machine.finish("check", skip_task_ids=("a",), skip_ignores_trigger_rules=True)
    assert machine.states() == {"check": "success", "a": "skipped", "b": "skipped", "other": "queued"}


def test_a_short_circuit_that_respects_trigger_rules_skips_its_children_only() -> None:
    machine = Machine()
    machine.run_of(
        tasks=[
            task("check", kind="short_circuit"),
            task("a", "check"),
            task("b", "a", trigger_rule="all_done"),
        ]
    )
    machine.finish("check", skip_task_ids=("a",))
    assert machine.states() == {"check": "success", "a": "skipped", "b": "queued"}


def test_fail_fast_ends_everything_else() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b"), task("c", "b")], fail_fast=True)
    machine.start("b")
    machine.finish("a", "failed")
    assert machine.states() == {"a": "failed", "b": "failed", "c": "skipped"}
    assert machine.cancels == [machine.launch_of("b")]
    assert machine.run_state() == "failed"


def test_a_run_that_takes_too_long_fails_and_stops() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b", "a")], dagrun_timeout_seconds=60)
    machine.start("a")
    machine.wait(59)
    assert machine.run_state() == "running"
    machine.wait(1)
    assert machine.run_state() == "failed"
    assert machine.states() == {"a": "skipped", "b": "skipped"}
    assert machine.cancels == [machine.launch_of("a")]
