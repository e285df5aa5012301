"""The next runs of a document, by the timetable that the control plane uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from leoflow_runtime.schedule import CONTINUOUS, Slot, Timetable


def timetable_of(document: Mapping[str, Any]) -> Timetable | None:
    """None for a schedule that is not by time, or by a timetable that is not known here."""
    schedule = document.get("schedule")
    if isinstance(schedule, Mapping):
        if "delta_seconds" not in schedule:
            return None
        schedule = float(schedule["delta_seconds"])
    zone = document.get("schedule_timezone", "UTC")
    return Timetable(
        schedule=schedule,
        zone=zone,
        start=_moment(document.get("start_date"), zone),
        end=_moment(document.get("end_date"), zone),
        catchup=bool(document.get("catchup", False)),
    )


def next_runs(document: Mapping[str, Any], now: datetime, count: int) -> Iterator[Slot]:
    """At most `count` runs, as if the DAG were new at `now`; none where the schedule is not by time."""
    timetable = timetable_of(document)
    if timetable is None or not timetable.is_scheduled or timetable.schedule == CONTINUOUS:
        return
    last: datetime | None = None
    for _ in range(count):
        slot = timetable.next_slot(last_end=last, now=now)
        if slot is None:
            return
        yield slot
        last = slot.interval_end
        now = max(now, slot.run_after)


def _moment(text: str | None, zone: str) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
