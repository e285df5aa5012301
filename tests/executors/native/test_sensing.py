"""When a native sensor is satisfied, and what it does after each look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leoflow_compiler.lower.native import _all_plain as compiled_as_plain
from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.executors.native.moments import target_of
from leoflow_runtime.executors.native.sensing import Sensor, judge
from leoflow_runtime.executors.native.texts import NAMES, NameUnknown, fill, is_plain
from leoflow_runtime.executors.native.work import Ended, NativeTask, RunTimes

START = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
TIMES = RunTimes(
    run_id="scheduled__2026-03-28",
    run_after=datetime(2026, 3, 28, 12, tzinfo=UTC),
    logical_date=datetime(2026, 3, 27, tzinfo=UTC),
    data_interval_start=datetime(2026, 3, 27, tzinfo=UTC),
    data_interval_end=datetime(2026, 3, 28, tzinfo=UTC),
)
BARE = RunTimes(run_id="manual__1", run_after=datetime(2026, 3, 28, 12, tzinfo=UTC))


def task(times: RunTimes = TIMES, zone: str = "UTC") -> NativeTask:
    spec = TaskSpec(task_id="t", type="operator", execution_mode="inline")
    return NativeTask(launch_id=1, spec=spec, times=times, zone=zone, started_at=START)


@pytest.mark.parametrize(
    ("wait", "times", "zone", "moment"),
    [
        ({"for": "time_delta", "seconds": 90}, TIMES, "UTC", "2026-03-28T00:01:30+00:00"),
        ({"for": "time_delta", "seconds": 90}, BARE, "UTC", "2026-03-28T12:01:30+00:00"),
        ({"for": "duration", "seconds": 90}, TIMES, "UTC", "2026-03-28T22:31:30+00:00"),
        ({"for": "time", "at": "23:00:00"}, TIMES, "UTC", "2026-03-28T23:00:00+00:00"),
        # In Berlin it is the 28th still, and the clocks change in the night after.
        ({"for": "time", "at": "09:00:00"}, TIMES, "Europe/Berlin", "2026-03-28T08:00:00+00:00"),
        # In Auckland the 29th has begun.
        ({"for": "time", "at": "09:00:00"}, TIMES, "Pacific/Auckland", "2026-03-28T20:00:00+00:00"),
        ({"for": "date_time", "at": "2026-04-01T00:00:00+02:00"}, TIMES, "UTC", "2026-03-31T22:00:00+00:00"),
        ({"for": "date_time", "at": "2026-04-01"}, TIMES, "Europe/Berlin", "2026-04-01T00:00:00+00:00"),
        ({"for": "date_time", "at": "{{ data_interval_end }}"}, TIMES, "UTC", "2026-03-28T00:00:00+00:00"),
        ({"for": "date_time", "at": "{{ ds }}T06:00:00Z"}, TIMES, "UTC", "2026-03-27T06:00:00+00:00"),
    ],
)
def test_the_moment_that_is_waited_for(wait: dict[str, Any], times: RunTimes, zone: str, moment: str) -> None:
    assert target_of(task(times, zone), wait) == datetime.fromisoformat(moment)


def test_a_text_that_is_no_moment_is_named() -> None:
    with pytest.raises(ValueError, match="`tomorrow` is no date and time"):
        target_of(task(), {"for": "date_time", "at": "tomorrow"})


def test_a_name_that_the_run_does_not_have_is_named() -> None:
    with pytest.raises(NameUnknown, match="`ds` is not known: the run has no logical date"):
        fill({"path": ["{{ ds }}"]}, BARE)


def test_names_are_filled_in_at_any_depth_as_the_child_would() -> None:
    given = {"a": ["{{ds_nodash}}-{{ ts_nodash }}", 7, None], "b": "{{ run_id }} {{ logical_date }} {{ ts }}"}

    assert fill(given, TIMES) == {
        "a": ["20260327-20260327T000000", 7, None],
        "b": "scheduled__2026-03-28 2026-03-27 00:00:00+00:00 2026-03-27T00:00:00+00:00",
    }


@pytest.mark.parametrize("text", ["{{ ds | upper }}", "{{ var.value.x }}", "{% if x %}", "{{ ds", "{# ds #}"])
def test_everything_else_needs_a_process(text: str) -> None:
    assert not is_plain(text)


# Waiting on


@pytest.mark.parametrize(
    ("soft_fail", "outcome"), [(False, Outcome.FAILED_NO_RETRY), (True, Outcome.SKIPPED)]
)
def test_a_sensor_that_waited_too_long_fails_or_is_skipped(soft_fail: bool, outcome: Outcome) -> None:
    sensor = Sensor(timeout=60, soft_fail=soft_fail)

    assert sensor.timed_out(START, START + timedelta(seconds=60)) is None
    ended = sensor.timed_out(START, START + timedelta(seconds=61))
    assert ended is not None
    assert ended.outcome is outcome


def test_it_looks_once_more_just_after_its_timeout_and_not_later() -> None:
    sensor = Sensor(poke_interval=60, timeout=90)

    assert sensor.next_look(START, START) == START + timedelta(seconds=60)
    last = sensor.next_look(START, START + timedelta(seconds=60))
    assert sensor.timed_out(START, last) is not None
    assert last < START + timedelta(seconds=91)


# Tasks and runs of other DAGs

TASKS = {"for": "external_task", "dag_id": "etl", "task_ids": ["a", "b"]}


@pytest.mark.parametrize(
    ("states", "more", "outcome"),
    [
        ([], {}, None),
        (["success"], {}, None),
        (["success", "running"], {}, None),
        (["success", "success"], {}, Outcome.SUCCESS),
        (["success", "skipped"], {"allowed_states": ["success", "skipped"]}, Outcome.SUCCESS),
        (["success", "failed"], {}, None),
        (["success", "failed"], {"failed_states": ["failed"]}, Outcome.FAILED),
        (["skipped", "running"], {"skipped_states": ["skipped"]}, Outcome.SKIPPED),
        (["failed", "skipped"], {"skipped_states": ["skipped"], "failed_states": ["failed"]}, Outcome.FAILED),
    ],
)
def test_what_states_of_others_mean(
    states: list[str | None], more: dict[str, Any], outcome: Outcome | None
) -> None:
    ended = judge(states, {**TASKS, **more}, Sensor(), wanted=2)

    assert (ended.outcome if ended else None) is outcome


def test_what_does_not_exist_yet_is_waited_for() -> None:
    assert judge([], {"for": "external_task", "dag_id": "etl", "group_id": "g"}, Sensor(), wanted=0) is None


def test_a_failure_elsewhere_skips_a_soft_sensor() -> None:
    ended = judge(["failed"], {**TASKS, "failed_states": ["failed"]}, Sensor(soft_fail=True), wanted=2)

    assert ended == Ended(
        outcome=Outcome.SKIPPED,
        message="what it waits for has failed: tasks a, b of DAG etl (skipped: soft_fail)",
    )


@pytest.mark.parametrize("name", [*NAMES, "ds_add", "var", "params", "prev_ds"])
def test_the_compiler_leaves_to_the_control_plane_just_what_that_can_fill_in(name: str) -> None:
    """The two may not import each other, so each has its list."""
    text = f"a {{{{ {name} }}}} b"

    assert compiled_as_plain(text) == is_plain(text) == (name in NAMES)
