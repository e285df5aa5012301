"""A schedule in words, where words are certain; never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from leoflow_runtime.artifact.records import Schedule

_PRESETS = {
    "@once": "Once",
    "@continuous": "As frequently as possible, but only one run at a time",
    "@hourly": "Hourly",
    "@daily": "At 00:00",
    "@weekly": "At 00:00, only on Sunday",
    "@monthly": "At 00:00, on day 1 of the month",
    "@quarterly": "At 00:00, on day 1 of the month, every 3 months",
    "@yearly": "At 00:00, on day 1 of the month, only in January",
}
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def describe(schedule: Schedule) -> str:
    """Presets, fixed intervals and the plain cron expressions in words; others as they are written."""
    if schedule is None:
        return "Never, external triggers only"
    if isinstance(schedule, Mapping):
        return _of_object(schedule)
    if not isinstance(schedule, str):
        return f"Every {timedelta(seconds=schedule)}"
    if schedule in _PRESETS:
        return _PRESETS[schedule]
    fields = schedule.split()
    if len(fields) != 5:
        return schedule
    minute, hour, day, month, weekday = fields
    if (day, month) == ("*", "*") and minute.isdigit():
        if hour == "*" and weekday == "*":
            return f"At {int(minute)} minutes past the hour"
        if hour.isdigit():
            at = f"At {int(hour):02}:{int(minute):02}"
            if weekday == "*":
                return at
            if weekday.isdigit() and int(weekday) <= 7:
                return f"{at}, only on {_WEEKDAYS[int(weekday)]}"
    if (hour, day, month, weekday) == ("*", "*", "*", "*"):
        if minute == "*":
            return "Every minute"
        if minute.startswith("*/") and minute[2:].isdigit():
            return f"Every {minute[2:]} minutes"
    return schedule


def _of_object(schedule: Mapping[str, Any]) -> str:
    if "timetable" not in schedule:
        return "Triggered by assets"
    arguments = schedule.get("arguments", {})
    if "assets" in schedule:
        inner = arguments.get("timetable", {})
        return f"Triggered by assets or {_of_class(inner.get('$class', ''), inner.get('arguments', {}))}"
    return _of_class(schedule["timetable"], arguments)


def _of_class(path: str, arguments: Mapping[str, Any]) -> str:
    if "crons" in arguments:
        return ", ".join(describe(expression) for expression in arguments["crons"])
    expression = arguments.get("expression", arguments.get("cron"))
    if isinstance(expression, str):
        return describe(expression)
    seconds = arguments.get("delta", {}).get("$seconds")
    return f"Every {timedelta(seconds=seconds)}" if seconds else path.rpartition(".")[2]
