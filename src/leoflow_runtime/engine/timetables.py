"""Between a version's schedule and the next_* columns of its DAG."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.schedule import DataInterval, Slot, Timetable
from leoflow_runtime.schedule.timetable import aware


class ScheduleValues(TypedDict):
    next_run_after: datetime | None
    next_logical_date: datetime | None
    next_interval_start: datetime | None
    next_interval_end: datetime | None


def timetable_of(spec: DagSpec) -> Timetable:
    return Timetable(
        schedule=spec.schedule,
        zone=spec.schedule_timezone,
        start=aware(spec.start_date, spec.schedule_timezone),
        end=aware(spec.end_date, spec.schedule_timezone),
        catchup=spec.catchup,
    )


def interval_of(run: RunRow | None) -> DataInterval | None:
    """What a scheduled run covers; None for no run."""
    if run is None or run.data_interval_start is None or run.data_interval_end is None:
        return None
    return DataInterval(start=run.data_interval_start, end=run.data_interval_end)


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
