"""Assets on virtual time: updates, conditions, what waits, and the runs that they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leoflow_runtime.domain.states import Outcome, RunType
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.asset_rows import NewAssetEvent
from leoflow_runtime.engine.assets import register_event

from .machine import Machine, task

A, B = ({"name": name, "uri": f"s3://{name}"} for name in "ab")


def machine(condition: Mapping[str, Any], **fields: Any) -> Machine:
    made = Machine()
    made.register("producer", tasks=[task("make", outlets=[A, B])])
    made.register("consumer", tasks=[task("use")], schedule={"assets": condition}, **fields)
    return made


def update(made: Machine, *updates: Mapping[str, Any]) -> str:
    """The producer succeeds, with these updates."""
    made.now = made.now.replace(microsecond=made.now.microsecond + 1)
    run_id = made.trigger("producer", run_id=f"p{made.now.microsecond}")
    made.finish("make", Outcome.SUCCESS, run_id=run_id, asset_events=tuple(updates))
    return run_id


def consumers(made: Machine) -> list[list[tuple[str | None, Mapping[str, Any]]]]:
    """For each run that assets made: the runs and extras of the events that it consumed."""
    runs = [run for run in made.store.tables["runs"].values() if run.run_type is RunType.ASSET_TRIGGERED]
    return [
        [
            (event.source_run_id, event.extra)
            for event in made.store.read_now(lambda tx, pk=run.pk: tx.consumed_asset_events(pk))
        ]
        for run in runs
    ]


def test_an_update_makes_a_run_that_knows_the_event() -> None:
    made = machine(A)
    producer = update(made, {**A, "extra": {"rows": 3}})
    assert consumers(made) == [[(producer, {"rows": 3})]]
    run = made.find_run()
    assert (run.triggered_by, run.logical_date, run.run_after) == ("asset", None, made.now)
    assert made.ordered()[-1] == "use"
    (event,) = made.store.tables["asset_events"].values()
    assert (event.source_dag_id, event.source_task_id, event.at) == ("producer", "make", made.now)


def test_all_wait_for_each_other_and_every_event_is_consumed() -> None:
    made = machine({"all": [A, B]})
    first, second = update(made, A), update(made, A)
    assert consumers(made) == []
    third = update(made, B)
    assert consumers(made) == [[(first, {}), (second, {}), (third, {})]]
    update(made, B)
    assert len(consumers(made)) == 1


def test_any_is_content_with_one() -> None:
    made = machine({"any": [A, B]})
    update(made, B)
    assert len(consumers(made)) == 1


def test_what_is_updated_in_one_task_makes_one_run() -> None:
    made = machine({"any": [A, B]})
    producer = update(made, A, B)
    assert consumers(made) == [[(producer, {}), (producer, {})]]


@pytest.mark.parametrize("by", [{"ref": "a"}, {"ref": "s3://a", "by": "uri"}])
def test_an_asset_is_named_by_reference(by: Mapping[str, Any]) -> None:
    made = machine(by)
    update(made, B)
    assert consumers(made) == []
    update(made, A)
    assert len(consumers(made)) == 1


def test_under_an_alias_new_assets_are_told() -> None:
    made = machine({"alias": "daily"})
    update(made, {"alias": "daily", "name": "new", "uri": "s3://new", "extra": {"n": 1}, "asset_extra": {}})
    assert [[extra for _, extra in events] for events in consumers(made)] == [[{"n": 1}]]
    assert [asset.name for asset in made.store.tables["assets"].values()] == ["a", "b", "new"]
    update(made, {"name": "new", "uri": "s3://new"})
    assert len(consumers(made)) == 1  # not told under the alias


def test_an_update_of_what_nobody_declares_is_no_update() -> None:
    made = machine(A)
    update(made, {"name": "c", "uri": "s3://c"})
    assert made.store.tables["asset_events"] == {}


def test_failed_tasks_update_nothing() -> None:
    made = machine(A)
    run_id = made.trigger("producer")
    made.finish("make", Outcome.FAILED_NO_RETRY, run_id=run_id, asset_events=(A,))
    assert made.store.tables["asset_events"] == {}


def test_a_task_that_a_person_marks_as_a_success_updates_nothing_as_in_airflow() -> None:
    made = machine(A)
    run_id = made.trigger("producer")
    made.apply(
        lambda tx: operations.mark_task(tx, dag_id="producer", run_id=run_id, task_id="make", state="success")
    )
    assert made.run_state(run_id) == "success"
    assert made.store.tables["asset_events"] == {}


def test_a_paused_dag_misses_updates() -> None:
    made = machine(A)
    made.apply(lambda tx: operations.set_paused(tx, dag_id="consumer", is_paused=True))
    update(made, A)
    made.apply(lambda tx: operations.set_paused(tx, dag_id="consumer", is_paused=False))
    assert consumers(made) == []


def test_while_its_runs_are_at_their_limit_updates_wait_together() -> None:
    made = machine(A, max_active_runs=1)
    update(made, A)
    first = made.find_run().run_id
    second, third = update(made, A), update(made, A)
    assert len(consumers(made)) == 1
    made.finish("use", run_id=first)
    assert consumers(made)[1:] == [[(second, {}), (third, {})]]


def test_assets_or_time_make_runs() -> None:
    made = Machine()
    made.register("producer", tasks=[task("make", outlets=[A])])
    schedule = {
        "timetable": "airflow.sdk.AssetOrTimeSchedule",
        "assets": A,
        "arguments": {
            "timetable": {
                "$class": "airflow.sdk.CronTriggerTimetable",
                "arguments": {"expression": "@hourly"},
            }
        },
    }
    made.register("consumer", tasks=[task("use")], schedule=schedule, start_date="2026-03-01T12:30:00+00:00")
    update(made, A)
    made.wait(3600)
    types = [run.run_type for run in made.store.tables["runs"].values()]
    assert types == [RunType.MANUAL, RunType.ASSET_TRIGGERED, RunType.SCHEDULED]


def test_an_update_from_outside_comes_through_the_inbox() -> None:
    made = machine(A)
    asset = next(iter(made.store.tables["assets"].values()))
    event = NewAssetEvent(tenant_id=1, asset_pk=asset.pk, extra={"by": "hand"})
    made.elsewhere(lambda tx: register_event(tx, asset, event))
    made.apply(drain=True)
    assert consumers(made) == [[(None, {"by": "hand"})]]


UPDATES = st.lists(st.sampled_from(["a", "b", "ab", "restart", "finish"]), max_size=25)


@settings(max_examples=60, deadline=None)
@given(UPDATES, st.sampled_from(["all", "any"]), st.integers(1, 3))
def test_every_event_is_consumed_once_or_still_waits(steps: list[str], kind: str, limit: int) -> None:
    made = machine({kind: [A, B]}, max_active_runs=limit)
    for step in steps:
        if step == "restart":
            made.restart()
        elif step == "finish":
            active = [run for run in made.store.read_now(lambda tx: tx.active_runs()) if run.dag_pk == 2]
            if active:
                made.finish("use", run_id=active[0].run_id)
        else:
            update(made, *({"a": A, "b": B}[letter] for letter in step))
    consumed = [pk for events in made.store.tables["consumed_events"].values() for pk in events]
    assert consumed == sorted(set(consumed))
    left = set(made.store.tables["asset_events"]) - set(consumed)
    last = max(consumed, default=0)
    assert all(pk > last for pk in left)
