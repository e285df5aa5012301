"""The next run of a schedule, as Airflow's trigger timetables give it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leoflow_runtime.schedule import DataInterval, ScheduleInvalid, Timetable

NOW = datetime(2026, 3, 10, 12, 3, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def until(end: datetime | None) -> DataInterval | None:
    return None if end is None else DataInterval.exact(end)


# schedule, fields, end of the latest run, expected logical date
CASES: list[tuple[str | float | None, dict[str, Any], datetime | None, str | None]] = [
    (None, {}, None, None),
    ("@none", {}, None, None),
    # Without catch-up: the latest slot that has passed, once.
    ("@daily", {"start": at("2026-01-01")}, None, "2026-03-10T00:00"),
    ("@daily", {"start": at("2026-01-01")}, at("2026-03-10"), "2026-03-11T00:00"),
    ("@daily", {"start": at("2026-01-01")}, at("2026-03-01"), "2026-03-10T00:00"),
    ("@daily", {"start": at("2026-06-01")}, None, "2026-06-01T00:00"),
    # Without a start date the first run is the next slot, unless one has just passed.
    ("@hourly", {}, None, "2026-03-10T12:00"),
    ("@daily", {}, None, "2026-03-11T00:00"),
    # With catch-up: every slot.
    ("@daily", {"start": at("2026-01-01"), "catchup": True}, None, "2026-01-01T00:00"),
    ("@daily", {"start": at("2026-01-01T01:00"), "catchup": True}, None, "2026-01-02T00:00"),
    ("@daily", {"start": at("2026-01-01"), "catchup": True}, at("2026-01-05"), "2026-01-06T00:00"),
    # An end date is the last moment at which a run may be due.
    ("@daily", {"end": at("2026-03-11")}, None, "2026-03-11T00:00"),
    ("@daily", {"end": at("2026-03-10T23:00")}, None, None),
    # A time zone.
    ("0 6 * * *", {"zone": "Europe/Zurich"}, at("2026-03-10T05:00"), "2026-03-11T05:00"),
    ("0 6 * * *", {"zone": "Europe/Zurich"}, at("2026-03-28T05:00"), "2026-03-29T04:00"),
    # Fixed intervals.
    (3600.0, {}, at("2026-03-10T12:00"), "2026-03-10T13:00"),
    (3600.0, {"start": at("2026-01-01"), "catchup": True}, None, "2026-01-01T00:00"),
    # Once.
    ("@once", {"start": at("2026-01-01")}, None, "2026-01-01T00:00"),
    ("@once", {}, at("2026-01-01"), None),
    # Continuously: from where the last one ended.
    ("@continuous", {}, at("2026-03-10T11:00"), "2026-03-10T11:00"),
]


@pytest.mark.parametrize(("schedule", "fields", "last_end", "expected"), CASES)
def test_the_next_slot(
    schedule: str | float | None, fields: dict[str, Any], last_end: datetime | None, expected: str | None
) -> None:
    slot = Timetable(schedule=schedule, **fields).next_slot(until(last_end), now=NOW)
    assert (slot and slot.logical_date) == (expected and at(expected))


def test_a_slot_is_its_own_interval() -> None:
    slot = Timetable(schedule="@daily").next_slot(None, now=NOW)
    assert slot is not None
    assert slot.logical_date == slot.interval_start == slot.interval_end == slot.run_after


def test_continuous_runs_are_due_at_once_and_meet_end_to_end() -> None:
    slot = Timetable(schedule="@continuous").next_slot(until(NOW - timedelta(hours=1)), now=NOW)
    assert slot is not None
    assert (slot.interval_start, slot.interval_end, slot.run_after) == (NOW - timedelta(hours=1), NOW, NOW)


def test_catching_up_visits_every_slot_once() -> None:
    timetable = Timetable(schedule="@daily", start=at("2026-03-01"), catchup=True)
    last: datetime | None = None
    seen = []
    while (slot := timetable.next_slot(until(last), now=NOW)) and slot.run_after <= NOW:
        seen.append(slot.logical_date.day)
        last = slot.interval_end
    assert seen == list(range(1, 11))


@pytest.mark.parametrize(
    "timetable",
    [
        Timetable(schedule="not cron"),
        Timetable(schedule="@daily", zone="Mars/Olympus"),
        Timetable(schedule=""),
    ],
)
def test_what_makes_no_sense_is_refused(timetable: Timetable) -> None:
    with pytest.raises(ScheduleInvalid):
        timetable.check()
