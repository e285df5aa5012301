"""Schedules at an hour that clocks skip or repeat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from leoflow_compiler.checks.subject import Subject
from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.diagnostics.catalogue.checks import CLOCK_CHANGE
from leoflow_compiler.evaluate.library import place_of

_FIXED = frozenset({"UTC", "Etc/UTC", "GMT"})
_YEARS = 3
_DEFAULT_START = datetime(2026, 1, 1, tzinfo=UTC)


def slots_that_clocks_move(subject: Subject) -> Iterator[Diagnostic]:
    """One warning, which names a date: the first in the three years from the start date."""
    expression, zone = _cron(subject.document)
    if expression is None or zone in _FIXED:
        return
    from leoflow_runtime.schedule.cron import cron

    start = subject.document.get("start_date")
    begin = datetime.fromisoformat(start) if isinstance(start, str) else _DEFAULT_START
    begin = begin if begin.tzinfo is not None else begin.replace(tzinfo=UTC)
    moved = next(
        cron(expression, zone).moved_slots(begin, begin.replace(year=begin.year + _YEARS, day=1)), None
    )
    if moved is None:
        return
    wall = moved.wall
    what = (
        f"is skipped, and the run comes at {moved.comes:%H:%M}"
        if moved.is_skipped
        else "comes twice, and the runs come the second time only: there are none the first time"
    )
    when = f"on {wall:%Y-%m-%d} {wall:%H:%M} {what}"
    yield Diagnostic(
        code=CLOCK_CHANGE,
        message=f"`{expression}` in {zone} meets a change of the clocks: {when}",
        span=place_of(subject.dag.place, "schedule").span(),
        help="choose another hour, or a start date in UTC, whose clocks do not change",
    )


def _cron(document: Any) -> tuple[str | None, str]:
    schedule, zone = document.get("schedule"), document.get("schedule_timezone", "UTC")
    if isinstance(schedule, dict) and "timetable" in schedule:
        arguments = schedule.get("arguments", {})
        schedule = arguments.get("expression", arguments.get("cron"))
        zone = arguments.get("timezone", zone)
    if not isinstance(schedule, str) or schedule in ("@once", "@continuous") or not isinstance(zone, str):
        return None, "UTC"
    return schedule, zone
