"""Airflow 3.2.2's own timetables over twenty years in twelve zones, against ours.

`oracle/record.py` wrote the answers: a hash of each whole sequence, and the runs around the latest changes
of the clocks in full. Where ours differ on purpose, `DIFFERENT` says why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from leoflow_runtime.schedule import DataInterval, Slot, Timetable

ORACLE = Path(__file__).parent / "oracle"
CASES = json.loads((ORACLE / "cases.json").read_text())
ANSWERS = json.loads((ORACLE / "answers.json").read_text())
START, END = (datetime.fromisoformat(CASES[name]) for name in ("start", "end"))
_LOST = "Airflow loses the run of the second expression when the first has been moved past its hour"
DIFFERENT = {
    "two crons in Europe/Zurich": _LOST,
    "two crons in America/New_York": _LOST,
    "two crons in America/St_Johns": _LOST,
    "hourly in Australia/Lord_Howe": "clocks move by half an hour, and Airflow's run is half an hour off",
    "hourly interval in Australia/Lord_Howe": "Airflow comes back to the same interval for ever",
}
# In an hour that clocks skip or repeat, Airflow takes a slot for passed that is yet to come.
INSIDE_A_CHANGE = ("2026-03-29T01:10:00+00:00", "2026-10-25T00:45:30+00:00")


def of_case(name: str, zone: str, **fields: Any) -> Timetable:
    schedule = CASES["schedules"][name]
    if "Cron" in schedule["timetable"]:
        schedule = {**schedule, "arguments": {**schedule["arguments"], "timezone": zone}}
    return Timetable(schedule=schedule, **fields)


def text(slot: Slot) -> list[str]:
    moments = (slot.interval_start, slot.interval_end, slot.run_after)
    return [moment.strftime("%Y-%m-%dT%H:%M:%S") for moment in moments]


def walk(timetable: Timetable, start: datetime, end: datetime) -> Iterator[Slot]:
    for slot in timetable.slots_between(start, end):
        if slot.run_after > end:
            return
        yield slot


@pytest.mark.parametrize("case", ANSWERS["twenty_years"])
def test_twenty_years(case: str) -> None:
    name, _, zone = case.partition(" in ")
    digest, count = hashlib.sha256(), 0
    for slot in walk(of_case(name, zone), START, END):
        digest.update((" ".join(text(slot)) + "\n").encode())
        count += 1
    assert [count, digest.hexdigest()] == ANSWERS["twenty_years"][case]


@cache
def days_of_changes(zone: str) -> list[datetime]:
    moment, place, found = START, ZoneInfo(zone), []
    while moment < END:
        later = moment + timedelta(days=1)
        if moment.astimezone(place).utcoffset() != later.astimezone(place).utcoffset():
            found.append(moment)
        moment = later
    return found


@pytest.mark.parametrize("case", ANSWERS["changes"])
def test_every_change_of_the_clocks(case: str) -> None:
    name, _, zone = case.partition(" in ")
    timetable = of_case(name, zone)
    around = {
        day.strftime("%Y-%m-%d"): [
            text(slot)[-1] for slot in walk(timetable, day - timedelta(days=1), day + timedelta(days=3))
        ]
        for day in days_of_changes(zone)
    }
    assert all(one == sorted(set(one)) for one in around.values())
    if case in DIFFERENT:
        return
    expected = ANSWERS["changes"][case]
    assert {day: around[day] for day in expected["recent"]} == expected["recent"]
    assert hashlib.sha256(json.dumps(around, sort_keys=True).encode()).hexdigest() == expected["all"]


def test_every_clock_with_every_past() -> None:
    """`now` × the latest run × the start date × catch-up, for each schedule."""
    wrong = []
    for name, zone, now, last, earliest, catchup, expected in ANSWERS["now"]:
        timetable = of_case(name, zone, start=earliest and datetime.fromisoformat(earliest), catchup=catchup)
        interval = last and DataInterval(
            start=datetime.fromisoformat(last[0]).astimezone(UTC), end=datetime.fromisoformat(last[1])
        )
        slot = timetable.next_slot(interval, now=datetime.fromisoformat(now))
        found = slot and text(slot)
        if found != expected and now in INSIDE_A_CHANGE:
            assert slot is not None
            assert text(slot)[-1] < expected[-1]
        elif found != expected:
            wrong.append((name, zone, now, last, earliest, catchup, "Airflow", expected, "ours", found))
    assert wrong == []
