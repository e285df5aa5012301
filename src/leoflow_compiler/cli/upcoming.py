"""The next runs of a document, by the timetable that the control plane uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from leoflow_runtime.schedule import DataInterval, ScheduleInvalid, Slot, Timetable


def timetable_of(document: Mapping[str, Any]) -> Timetable | None:
    """None for a schedule by a timetable that is not known here."""
    timetable = Timetable.of_document(document)
    try:
        timetable.check()
    except ScheduleInvalid:
        return None
    return timetable


def next_runs(document: Mapping[str, Any], now: datetime, count: int) -> Iterator[Slot]:
    """At most `count` runs, as if the DAG were new at `now`; none where the schedule is not by time."""
    timetable = timetable_of(document)
    if timetable is None or not timetable.is_scheduled or timetable.is_continuous:
        return
    last: DataInterval | None = None
    for _ in range(count):
        slot = timetable.next_slot(last, now=now)
        if slot is None:
            return
        yield slot
        last = slot.data_interval
        now = max(now, slot.run_after)
