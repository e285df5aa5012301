"""Between a version's schedule and the next_* columns of its DAG."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.schedule import Slot, Timetable


class ScheduleValues(TypedDict):
    next_run_after: datetime | None
    next_logical_date: datetime | None
    next_interval_start: datetime | None
    next_interval_end: datetime | None


def timetable_of(spec: DagSpec) -> Timetable:
    return Timetable(
        schedule=spec.schedule,
        zone=spec.schedule_timezone,
        start=_aware(spec.start_date, spec.schedule_timezone),
        end=_aware(spec.end_date, spec.schedule_timezone),
        catchup=spec.catchup,
    )


def schedule_values(slot: Slot | None) -> ScheduleValues:
    return ScheduleValues(
        next_run_after=slot.run_after if slot else None,
        next_logical_date=slot.logical_date if slot else None,
        next_interval_start=slot.interval_start if slot else None,
        next_interval_end=slot.interval_end if slot else None,
    )


def run_limit(spec: DagSpec) -> int:
    """How many runs of the DAG may be active at once."""
    own = timetable_of(spec).run_limit
    return spec.max_active_runs if own is None else min(own, spec.max_active_runs)


def _aware(moment: datetime | None, zone: str) -> datetime | None:
    """A date without a zone is one of the schedule's."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
