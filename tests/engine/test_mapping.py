"""Mapped tasks and groups, from the planner's side: how many instances there are, and who waits for whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leoflow_runtime.domain.states import Outcome, RunState
from leoflow_runtime.engine import operations

from .machine import task
from .mapped_machine import MappedMachine, mapped


@pytest.fixture
def machine() -> MappedMachine:
    return MappedMachine()


def begin(machine: MappedMachine, *tasks: dict[str, Any], **fields: Any) -> None:
    machine.run_of(tasks=tasks, **{"max_active_tasks": 100, **fields})
    machine.settle()


GROUP = {"group_id": "g", "mapped": {"expand": {"x": {"$xcom": "source"}}}}


def member(task_id: str, *depends_on: str, **fields: Any) -> dict[str, Any]:
    return task(f"g.{task_id}", *depends_on, task_group="g", **fields)


# --- over what, and how many


def test_over_a_literal_the_instances_are_there_when_the_run_begins(machine: MappedMachine) -> None:
    begin(machine, task("first"), mapped("m", "first", over=[1, 2, 3]))
    assert machine.shown("m") == {("m", 0): None, ("m", 1): None, ("m", 2): None}
    machine.end("first")
    assert machine.shown("m") == {("m", 0): "queued", ("m", 1): "queued", ("m", 2): "queued"}


def test_over_an_output_they_are_there_when_it_is(machine: MappedMachine) -> None:
    begin(machine, task("source"), mapped("m", over="source"), task("reduce", "m"))
    assert machine.shown("m") == {("m", -1): None}
    machine.end("source", value=["a", "b"])
    assert machine.shown("m") == {("m", 0): "queued", ("m", 1): "queued"}
    machine.end("m", 1)
    assert machine.state("reduce") is None
    machine.end("m", 0)
    machine.end("reduce")
    assert machine.run_state() is RunState.SUCCESS


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"zip": ["two", "three"]}, 2),
        ({"zip": ["two", "three"], "fillvalue": None}, 3),
        ({"concat": ["two", "three", {"value": [1, 2]}]}, 7),
        ({"map": {"concat": ["two", "two"]}, "function": "dag:f"}, 4),
        ({"zip": ["three", {"concat": ["two", "two"]}]}, 3),
    ],
)
def test_made_of_outputs(machine: MappedMachine, over: dict[str, Any], expected: int) -> None:
    begin(machine, task("two"), task("three"), mapped("m", "two", "three", over=over))
    machine.end("two", value=[1, 2])
    machine.end("three", value={"a": 1, "b": 2, "c": 3})
    assert len(machine.shown("m")) == expected


def test_several_arguments_give_the_product(machine: MappedMachine) -> None:
    expand = {"a": [1, 2], "b": {"$xcom": "source"}, "c": {"k": 1, "l": 2}}
    begin(machine, task("source"), task("m", "source", mapped={"expand": expand}))
    machine.end("source", value=[1, 2, 3])
    assert len(machine.shown("m")) == 12


def test_expand_kwargs_gives_one_for_each_dict(machine: MappedMachine) -> None:
    begin(machine, task("m", mapped={"expand_kwargs": [{"x": 1}, {"x": 2}]}))
    assert len(machine.shown("m")) == 2


def test_over_a_mapped_task_there_is_one_for_each_value_that_it_left(machine: MappedMachine) -> None:
    begin(machine, mapped("first", over=[1, 2, 3]), mapped("second", over="first"))
    machine.end("first", 0, value=7)
    machine.end("first", 1)  # None: it is not passed on
    assert machine.shown("second") == {("second", -1): None}
    machine.end("first", 2, value=7)
    assert machine.shown("second") == {("second", 0): "queued", ("second", 1): "queued"}


def test_over_nothing_is_skipped_and_so_is_what_follows(machine: MappedMachine) -> None:
    begin(
        machine,
        task("source"),
        mapped("m", over="source"),
        task("reduce", "m"),
        task("always", "m", trigger_rule="all_done"),
    )
    machine.end("source", value=[])
    assert machine.states() == {
        "source": "success",
        "m": "skipped",
        "reduce": "skipped",
        "always": "queued",
    }


def test_over_a_literal_nothing_waits_for_its_upstream_first(machine: MappedMachine) -> None:
    begin(machine, task("first"), mapped("m", "first", over=[]))
    assert machine.state("m") is None
    machine.end("first")
    assert machine.shown("m") == {("m", -1): "skipped"}


def test_an_upstream_that_leaves_nothing_with_a_length_fails_it(machine: MappedMachine) -> None:
    begin(machine, task("source"), mapped("m", over="source"))
    machine.end("source")
    assert machine.shown("m") == {("m", -1): "upstream_failed"}
    assert machine.run_state() is RunState.FAILED


@pytest.mark.parametrize(
    ("outcome", "expected"), [(Outcome.FAILED, "upstream_failed"), (Outcome.SKIPPED, "skipped")]
)
def test_whatever_its_rule_it_needs_what_it_is_mapped_over(
    machine: MappedMachine, outcome: Outcome, expected: str
) -> None:
    begin(machine, task("source"), mapped("m", over="source", trigger_rule="all_done"))
    machine.end("source", outcome=outcome)
    assert machine.shown("m") == {("m", -1): expected}


def test_a_rule_that_does_not_wait_waits_for_what_it_is_mapped_over(machine: MappedMachine) -> None:
    begin(
        machine,
        task("quick"),
        task("source"),
        mapped("m", "quick", over="source", trigger_rule="one_success"),
    )
    machine.end("quick")
    assert machine.state("m") is None
    machine.end("source", value=[1, 2])
    assert machine.shown("m") == {("m", 0): "queued", ("m", 1): "queued"}


def test_more_instances_than_a_task_may_have_is_a_failure(machine: MappedMachine) -> None:
    over = {"expand": {"x": {"$xcom": "source"}, "y": {"$xcom": "source"}}}
    begin(machine, task("source"), task("m", "source", mapped=over))
    machine.end("source", value=101)
    assert machine.shown("m") == {("m", -1): "failed"}


# --- who waits for whom


def test_each_instance_fails_retries_and_counts_for_itself(machine: MappedMachine) -> None:
    begin(
        machine,
        mapped("m", over=[1, 2], retries=1, retry_delay_seconds=60),
        task("reduce", "m"),
        task("one", "m", trigger_rule="one_failed"),
    )
    machine.end("m", 0, Outcome.FAILED)
    machine.end("m", 1)
    assert machine.shown("m") == {("m", 0): "up_for_retry", ("m", 1): "success"}
    machine.wait(60)
    machine.end("m", 0, Outcome.FAILED)
    assert machine.states() == {"m": "success", "reduce": "upstream_failed", "one": "queued"}


def test_an_instance_that_is_skipped_skips_a_reducer_that_wants_all(machine: MappedMachine) -> None:
    begin(
        machine,
        mapped("m", over=[1, 2]),
        task("all", "m"),
        task("some", "m", trigger_rule="none_failed_min_one_success"),
    )
    machine.end("m", 0, Outcome.SKIPPED)
    assert machine.state("all") == "skipped"
    machine.end("m", 1)
    assert machine.state("some") == "queued"


def test_mapped_tasks_after_one_another_wait_for_all(machine: MappedMachine) -> None:
    begin(machine, mapped("a", over=[1, 2]), mapped("b", "a", over=[1, 2, 3]))
    machine.end("a", 0)
    assert set(machine.shown("b").values()) == {None}
    machine.end("a", 1)
    assert set(machine.shown("b").values()) == {"queued"}


def test_empty_mapped_tasks_need_no_process(machine: MappedMachine) -> None:
    begin(machine, mapped("m", over=[1, 2], type="empty"))
    assert machine.shown() == {("m", 0): "success", ("m", 1): "success"}
    assert machine.run_state() is RunState.SUCCESS


def test_limits_count_instances(machine: MappedMachine) -> None:
    begin(machine, mapped("m", over=[1, 2, 3, 4], max_active_tis_per_dagrun=2))
    assert list(machine.shown().values()) == ["queued", "queued", "scheduled", "scheduled"]
    machine.end("m", 1)
    assert list(machine.shown().values()) == ["queued", "success", "queued", "scheduled"]


def test_an_instance_looks_back_at_all_instances_of_the_run_before(machine: MappedMachine) -> None:
    machine.register(tasks=[mapped("m", over=[1, 2], depends_on_past=True)])
    machine.trigger(logical_date=machine.now - timedelta(days=1), run_id="before")
    first = machine.find_run().pk
    machine.trigger(logical_date=machine.now)
    machine.settle()

    def states(run_pk: int) -> list[str | None]:
        rows = machine.store.read_now(lambda tx: tx.tasks(run_pk))
        return [row.state and str(row.state) for row in rows]

    second = machine.find_run().pk
    assert (states(first), states(second)) == (["queued", "queued"], [None, None])
    for row in machine.store.read_now(lambda tx: tx.tasks(first)):
        assert states(second) == [None, None]
        machine.report(row.launch_id or 0)
    machine.settle()
    assert (states(first), states(second)) == (["success", "success"], ["queued", "queued"])


# --- mapped groups


def group_of_two(machine: MappedMachine, *more: dict[str, Any], rule: str = "all_success") -> None:
    tasks = [task("source"), member("a", "source"), member("b", "g.a", trigger_rule=rule), *more]
    begin(machine, *tasks, task_groups=[GROUP])


def test_members_depend_on_each_other_index_by_index(machine: MappedMachine) -> None:
    group_of_two(machine, task("end", "g.b"))
    machine.end("source", value=[1, 2])
    assert machine.shown("g.a", "g.b") == {
        ("g.a", 0): "queued",
        ("g.a", 1): "queued",
        ("g.b", 0): None,
        ("g.b", 1): None,
    }
    machine.end("g.a", 1)
    assert machine.shown("g.b") == {("g.b", 0): None, ("g.b", 1): "queued"}
    machine.end("g.a", 0, Outcome.FAILED)
    assert machine.shown("g.b") == {("g.b", 0): "upstream_failed", ("g.b", 1): "queued"}
    machine.end("g.b", 1)
    assert machine.state("end") == "upstream_failed"


def test_a_group_over_nothing_is_skipped_as_a_whole(machine: MappedMachine) -> None:
    group_of_two(machine, task("end", "g.b"))
    machine.end("source", value=[])
    assert machine.states() == {"source": "success", "g.a": "skipped", "g.b": "skipped", "end": "skipped"}


def test_a_group_fails_with_what_it_is_mapped_over(machine: MappedMachine) -> None:
    group_of_two(machine, rule="all_done")
    machine.end("source", outcome=Outcome.FAILED)
    assert machine.shown("g.a", "g.b") == {("g.a", -1): "upstream_failed", ("g.b", -1): "upstream_failed"}


def test_a_member_waits_for_all_of_a_task_outside(machine: MappedMachine) -> None:
    outside = mapped("outside", over=[1, 2])
    tasks = [task("source"), outside, member("a", "source"), member("b", "g.a", "outside")]
    begin(machine, *tasks, task_groups=[GROUP])
    machine.end("source", value=[1, 2])
    machine.end("g.a", 0)
    machine.end("outside", 0)
    assert machine.shown("g.b") == {("g.b", 0): None, ("g.b", 1): None}
    machine.end("outside", 1)
    assert machine.shown("g.b") == {("g.b", 0): "queued", ("g.b", 1): None}


def test_as_in_airflow_a_rule_of_one_looks_at_all_indexes_of_a_group(machine: MappedMachine) -> None:
    group_of_two(machine, rule="one_failed")
    machine.end("source", value=[1, 2])
    machine.end("g.a", 0, Outcome.FAILED)
    assert machine.shown("g.b") == {("g.b", 0): "queued", ("g.b", 1): "queued"}


def test_a_branch_in_a_group_skips_at_its_own_index_alone(machine: MappedMachine) -> None:
    group_of_two(machine, member("c", "g.a"), task("end", "g.b", "g.c", trigger_rule="all_done"))
    machine.end("source", value=2)
    machine.end("g.a", 1, skip_task_ids=("g.c",))
    assert machine.shown("g.b", "g.c") == {
        ("g.b", 0): None,
        ("g.b", 1): "queued",
        ("g.c", 0): None,
        ("g.c", 1): "skipped",
    }


def test_a_mapped_branch_has_no_say_over_what_follows_all_of_them(machine: MappedMachine) -> None:
    begin(machine, mapped("m", over=[1, 2]), task("b", "m"), task("c", "m"))
    machine.end("m", 0, skip_task_ids=("b",))
    machine.end("m", 1, skip_task_ids=("c",))
    assert machine.states() == {"m": "success", "b": "queued", "c": "queued"}


def test_a_branch_before_a_group_skips_all_of_it(machine: MappedMachine) -> None:
    tasks = [task("source"), task("way", "source"), member("a", "source", "way"), member("b", "g.a")]
    begin(machine, *tasks, task("end", "g.b"), task_groups=[GROUP])
    machine.end("source", value=2)
    machine.end("way", skip_task_ids=("g.a",))
    assert set(machine.shown("g.a", "g.b", "end").values()) == {"skipped"}


# --- again


def clear(machine: MappedMachine, *keys: str | tuple[str, int], **options: Any) -> None:
    machine.apply(
        lambda tx: operations.clear_tasks(
            tx, dag_id="d", run_id=machine.find_run().run_id, task_ids=keys, **options
        )
    )
    machine.settle()


def finished(machine: MappedMachine, length: int) -> None:
    begin(machine, task("source"), mapped("m", over="source"), task("reduce", "m"))
    machine.end("source", value=length)
    machine.end_all("m")
    machine.end("reduce")
    assert machine.run_state() is RunState.SUCCESS


def test_one_instance_is_cleared_alone(machine: MappedMachine) -> None:
    finished(machine, 3)
    clear(machine, ("m", 1))
    assert machine.shown("m") == {("m", 0): "success", ("m", 1): "queued", ("m", 2): "success"}
    machine.end("m", 1)
    assert machine.run_state() is RunState.SUCCESS


def test_an_instance_of_a_group_is_cleared_with_its_own_index_and_all_outside(machine: MappedMachine) -> None:
    group_of_two(machine, task("end", "g.b"))
    machine.end("source", value=2)
    machine.end_all("g.a")
    machine.end_all("g.b")
    machine.end("end")
    clear(machine, ("g.a", 1), include_downstream=True)
    assert machine.shown("g.a", "g.b", "end") == {
        ("end", -1): None,
        ("g.a", 0): "success",
        ("g.a", 1): "queued",
        ("g.b", 0): "success",
        ("g.b", 1): None,
    }


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_a_cleared_upstream_gives_another_number_of_instances(machine: MappedMachine, length: int) -> None:
    finished(machine, 3)
    clear(machine, "source", include_downstream=True)
    assert machine.shown("m") == {("m", 0): None, ("m", 1): None, ("m", 2): None}
    machine.end("source", value=length)
    expected = {("m", n): "queued" if n < length else "removed" for n in range(max(3, length))}
    assert machine.shown("m") == expected
    machine.end_all("m")
    machine.end("reduce")
    assert machine.run_state() is RunState.SUCCESS


def test_removed_instances_come_back(machine: MappedMachine) -> None:
    finished(machine, 3)
    for length in (1, 4):
        clear(machine, "source", include_downstream=True)
        machine.end("source", value=length)
        machine.end_all("m")
        machine.end("reduce")
    assert machine.shown("m") == {("m", n): "success" for n in range(4)}
    assert machine.run_state() is RunState.SUCCESS


def test_a_cleared_upstream_may_leave_nothing_and_then_something_again(machine: MappedMachine) -> None:
    finished(machine, 2)
    clear(machine, "source", include_downstream=True)
    machine.end("source", value=[])
    assert machine.shown("m") == {("m", -1): "skipped", ("m", 1): "removed"}
    assert machine.state("reduce") == "skipped"
    assert machine.run_state() is RunState.SUCCESS
    clear(machine, "source", include_downstream=True)
    machine.end("source", value=3)
    assert machine.shown("m") == {("m", 0): "queued", ("m", 1): "queued", ("m", 2): "queued"}
    machine.end_all("m")
    machine.end("reduce")
    assert machine.run_state() is RunState.SUCCESS


def test_a_cleared_upstream_that_fails_now_fails_each_instance(machine: MappedMachine) -> None:
    finished(machine, 2)
    clear(machine, "source", include_downstream=True)
    machine.end("source", outcome=Outcome.FAILED)
    assert set(machine.shown("m").values()) == {"upstream_failed"}
    assert machine.run_state() is RunState.FAILED


def test_a_group_changes_its_size_as_a_whole(machine: MappedMachine) -> None:
    group_of_two(machine, task("end", "g.b"))
    machine.end("source", value=3)
    machine.end_all("g.a")
    machine.end_all("g.b")
    machine.end("end")
    clear(machine, "source", include_downstream=True)
    machine.end("source", value=2)
    machine.end_all("g.a")
    assert machine.shown("g.b") == {("g.b", 0): "queued", ("g.b", 1): "queued", ("g.b", 2): "removed"}
    machine.end_all("g.b")
    machine.end("end")
    assert machine.run_state() is RunState.SUCCESS


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (mapped("m", over=[1]), {("m", 0): "queued", ("m", 1): "removed"}),
        (mapped("m", over=[1, 2, 3]), {("m", n): "queued" for n in range(3)}),
        (task("m"), {("m", -1): "queued", ("m", 1): "removed"}),
    ],
)
def test_a_run_may_go_on_with_a_version_that_maps_otherwise(
    machine: MappedMachine, now: dict[str, Any], expected: dict[Any, str]
) -> None:
    begin(machine, mapped("m", over=[1, 2]))
    machine.end_all("m")
    machine.register(tasks=[now], max_active_tasks=100)
    clear(machine, run_on_latest_version=True)
    assert machine.shown() == expected
    machine.end_all("m")
    assert machine.run_state() is RunState.SUCCESS
    machine.register(tasks=[mapped("m", over=[1, 2])], max_active_tasks=100)
    clear(machine, run_on_latest_version=True)
    machine.end_all("m")
    assert {key: state for key, state in machine.shown().items() if state != "removed"} == {
        ("m", 0): "success",
        ("m", 1): "success",
    }
    assert machine.run_state() is RunState.SUCCESS


def test_an_instance_that_is_deleted_begins_anew(machine: MappedMachine) -> None:
    begin(machine, mapped("m", over=[1, 2]), task("end", "m"))
    machine.end_all("m")
    run_id = machine.find_run().run_id
    machine.apply(lambda tx: operations.delete_task(tx, dag_id="d", run_id=run_id, task_id="m", map_index=0))
    machine.settle()
    assert machine.shown("m") == {("m", 0): "queued", ("m", 1): "success"}


# --- wide, and interrupted


def test_many_instances_come_in_several_transactions(machine: MappedMachine) -> None:
    begin(machine, task("source"), mapped("m", over="source"), task("reduce", "m"), max_active_tasks=2_600)
    machine.report(machine.launch_of("source"), xcoms={"return_value": b"1"}, map_length=2_500)
    there = len(machine.shown("m"))
    assert 1 < there <= 1_100
    machine.restart()
    for number in range(there // 2):
        if machine.instances()["m", number].state == "queued":
            machine.report(machine.instances()["m", number].launch_id or 0, xcoms={"return_value": b"1"})
    assert machine.state("reduce") is None
    machine.settle()
    assert len(machine.shown("m")) == 2_500


def test_a_branch_skips_the_instances_that_are_not_there_yet(machine: MappedMachine) -> None:
    machine.run_of(tasks=[task("way"), mapped("m", "way", over=list(range(2_500)))])
    machine.report(machine.launch_of("way"), skip_task_ids=("m",))
    assert len(machine.shown("m")) < 2_500
    machine.settle()
    shown = machine.shown("m")
    assert (len(shown), set(shown.values())) == (2_500, {"skipped"})
    assert machine.run_state() is RunState.SUCCESS


def test_all_of_a_planner_s_memory_may_be_lost_between_any_two_ends(machine: MappedMachine) -> None:
    group_of_two(machine, task("end", "g.b"))
    machine.restart()
    machine.end("source", value=2)
    for number, name in ((1, "g.a"), (1, "g.b"), (0, "g.a"), (0, "g.b")):
        machine.restart()
        machine.settle()
        machine.end(name, number)
    machine.restart()
    machine.end("end")
    assert machine.run_state() is RunState.SUCCESS
