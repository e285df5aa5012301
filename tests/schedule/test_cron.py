"""Slots of cron expressions: presets, fields, and both changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leoflow_runtime.schedule import PRESETS, Cron, CronInvalid

ZURICH = "Europe/Zurich"
LORD_HOWE = "Australia/Lord_Howe"  # moves its clocks by half an hour

# expression, zone, from (UTC), the next slots as wall time with offset
WALLS = [
    ("30 2 * * *", ZURICH, "2023-10-28T12:00", "29 02:30+0100 | 30 02:30+0100"),
    ("30 2 * * *", ZURICH, "2023-03-25T12:00", "26 03:30+0200 | 27 02:30+0200"),
    (
        "30 * * * *",
        ZURICH,
        "2023-10-28T23:00",
        "29 01:30+0200 | 29 02:30+0200 | 29 02:30+0100 | 29 03:30+0100",
    ),
    ("30 * * * *", ZURICH, "2023-03-25T23:45", "26 01:30+0100 | 26 03:30+0200 | 26 04:30+0200"),
    ("30 2,3 * * *", ZURICH, "2023-03-25T12:00", "26 03:30+0200 | 27 02:30+0200 | 27 03:30+0200"),
    ("0 * * * *", LORD_HOWE, "2024-04-06T13:30", "07 01:00+1100 | 07 02:00+1030 | 07 03:00+1030"),
    ("30 * * * *", LORD_HOWE, "2024-04-06T14:00", "07 01:30+1100 | 07 01:30+1030 | 07 02:30+1030"),
    ("@daily", ZURICH, "2023-10-28T12:00", "29 00:00+0200 | 30 00:00+0100"),
    ("@weekly", "UTC", "2024-01-01T00:00", "07 00:00+0000 | 14 00:00+0000"),
    ("@quarterly", "UTC", "2024-01-01T00:00", "01 00:00+0000 | 01 00:00+0000"),
    ("*/15 9-10 * * 1-5", "UTC", "2024-01-05T10:20", "05 10:30+0000 | 05 10:45+0000 | 08 09:00+0000"),
    ("0 0 29 2 *", "UTC", "2024-03-01T00:00", "29 00:00+0000"),
]


@pytest.mark.parametrize(("expression", "zone", "start", "expected"), WALLS)
def test_slots_on_the_wall(expression: str, zone: str, start: str, expected: str) -> None:
    cron = Cron(expression, ZoneInfo(zone))
    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    found = []
    for _ in expected.split(" | "):
        moment = cron.next_after(moment)
        found.append(moment.astimezone(ZoneInfo(zone)).strftime("%d %H:%M%z"))
    assert " | ".join(found) == expected


def test_six_fields_end_with_seconds() -> None:
    cron = Cron("* * * * * */20", ZoneInfo("UTC"))
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    assert cron.next_after(moment) == moment + timedelta(seconds=20)


@pytest.mark.parametrize("expression", ["", "every day", "* * *", "61 * * * *", "0 0 31 2 *", "@sometimes"])
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(CronInvalid):
        Cron(expression, ZoneInfo("UTC"))


EXPRESSIONS = st.sampled_from(
    [*PRESETS, "30 2 * * *", "*/7 * * * *", "15,45 1-3 * * *", "0 */2 * * *", "30 * * * 0", "59 23 28-31 * *"]
)
ZONES = st.sampled_from(["UTC", ZURICH, LORD_HOWE, "America/New_York", "America/Sao_Paulo", "Asia/Kolkata"])
MOMENTS = st.datetimes(datetime(2017, 1, 1), datetime(2026, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
# Hours around changes of the clocks, where mistakes live.
CHANGES = st.builds(
    lambda start, hours: start + timedelta(hours=hours),
    st.sampled_from(
        [
            datetime(2023, 3, 26, 1, tzinfo=UTC),
            datetime(2023, 10, 29, 1, tzinfo=UTC),
            datetime(2023, 3, 12, 7, tzinfo=UTC),
            datetime(2023, 11, 5, 6, tzinfo=UTC),
            datetime(2024, 4, 6, 15, tzinfo=UTC),
            datetime(2024, 10, 5, 15, 30, tzinfo=UTC),
            datetime(2018, 2, 18, 2, tzinfo=UTC),
            datetime(2018, 11, 4, 3, tzinfo=UTC),
        ]
    ),
    st.floats(-30, 30),
)


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS, ZONES, st.one_of(MOMENTS, CHANGES))
def test_slots_only_rise_and_none_is_lost_or_doubled(expression: str, zone: str, moment: datetime) -> None:
    cron = Cron(expression, ZoneInfo(zone))
    first = cron.next_after(moment)
    second = cron.next_after(first)
    assert moment < first < second
    # From anywhere before a slot, it is the next one; and looking back finds it again.
    between = first + (second - first) / 2
    assert cron.next_after(first - timedelta(microseconds=1)) == first
    assert cron.next_after(between) == second
    assert cron.last_until(between) == first
    assert cron.last_until(first) == first
    assert cron.last_until(second - timedelta(microseconds=1)) == first


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["30 * * * *", "0 * * * *", "*/10 * * * *"]), ZONES, CHANGES)
def test_an_hourly_slot_is_every_instant_whose_wall_time_matches(
    expression: str, zone: str, moment: datetime
) -> None:
    cron = Cron(expression, ZoneInfo(zone))
    end = moment + timedelta(hours=6)
    wanted = {"30 * * * *": {30}, "0 * * * *": {0}, "*/10 * * * *": set(range(0, 60, 10))}[expression]
    minute = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    expected = []
    while minute <= end:
        if minute.astimezone(ZoneInfo(zone)).minute in wanted:
            expected.append(minute)
        minute += timedelta(minutes=1)
    found = []
    while (moment := cron.next_after(moment)) <= end:
        found.append(moment)
    assert found == expected


@pytest.mark.parametrize(
    ("expression", "zone", "moved"),
    [
        ("30 2 * * *", "Europe/Berlin", ["2026-03-29 02:30 comes at 03:30"]),
        ("0 0 * * *", "America/Havana", ["2026-03-08 00:00 comes at 01:00"]),
        ("0 2 * * *", "Australia/Lord_Howe", ["2026-10-04 02:00 comes at 02:30"]),
        (
            "*/30 1 * * *",
            "America/New_York",
            ["2026-11-01 01:00 repeats"],
        ),
        ("30 1 * * *", "America/New_York", []),  # once in the hour that repeats, as on any other day
        ("0 2 1 * *", "Europe/Berlin", []),  # no first of a month in this year
        ("0 * * * *", "Europe/Berlin", []),  # every hour follows the clock
        ("30 2 * * *", "UTC", []),
    ],
)
def test_slots_that_a_change_of_the_clocks_moves(expression: str, zone: str, moved: list[str]) -> None:
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    found = [
        f"{slot.wall:%Y-%m-%d %H:%M} " + (f"comes at {slot.comes:%H:%M}" if slot.is_skipped else "repeats")
        for slot in Cron(expression, ZoneInfo(zone)).moved_slots(*year)
    ]
    assert found == moved
