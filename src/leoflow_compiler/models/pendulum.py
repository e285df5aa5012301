"""pendulum, as far as DAG files use it: dates, time zones and durations as the standard library's."""

from __future__ import annotations

import calendar
import datetime
import zoneinfo
from typing import Any

from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Opaque, Value


class InvalidTimezone(zoneinfo.ZoneInfoNotFoundError):
    """pendulum's exception for a name that no zone has."""


class Moment(datetime.datetime):
    """An aware datetime with pendulum's arithmetic."""

    def add(self, years: int = 0, months: int = 0, **rest: float) -> Moment:
        total = self.month - 1 + months + 12 * years
        year, month = self.year + total // 12, total % 12 + 1
        day = min(self.day, calendar.monthrange(year, month)[1])
        moved: Any = self.replace(year=year, month=month, day=day) + datetime.timedelta(**rest)
        return _moment(moved)

    def subtract(self, years: int = 0, months: int = 0, **rest: float) -> Moment:
        return self.add(-years, -months, **{name: -value for name, value in rest.items()})


def _moment(value: datetime.datetime) -> Moment:
    return Moment(
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.microsecond,
        value.tzinfo,
    )


def zone(name: Value = "UTC") -> datetime.tzinfo:
    """A time zone by name or offset in hours. Raises ValueError for unknown names."""
    if isinstance(name, datetime.tzinfo):
        return name
    if isinstance(name, (int, float)):
        return datetime.timezone(datetime.timedelta(hours=name))
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidTimezone(f"No time zone found with key {name}") from None


def _datetime(
    year: int,
    month: int = 1,
    day: int = 1,
    hour: int = 0,
    minute: int = 0,
    second: int = 0,
    microsecond: int = 0,
    tz: Value = "UTC",
    fold: int = 1,
) -> Moment:
    return Moment(year, month, day, hour, minute, second, microsecond, zone(tz))


def _parse(text: str, tz: Value = "UTC", **_: Value) -> Moment:
    value = datetime.datetime.fromisoformat(text)
    return _moment(value if value.tzinfo is not None else value.replace(tzinfo=zone(tz)))


def _duration(years: int = 0, months: int = 0, **rest: float) -> datetime.timedelta:
    return datetime.timedelta(days=365 * years + 30 * months) + datetime.timedelta(**rest)


def _instance(value: datetime.datetime, tz: Value = "UTC") -> Moment:
    return _moment(value if value.tzinfo is not None else value.replace(tzinfo=zone(tz)))


def register(models: Models) -> None:
    models.pure_types.add(Moment)
    functions = {
        "pendulum.datetime": _datetime,
        "pendulum.DateTime": datetime.datetime,
        "pendulum.timezone": zone,
        "pendulum.tz.timezone": zone,
        "pendulum.Timezone": zone,
        "pendulum.duration": _duration,
        "pendulum.Duration": datetime.timedelta,
        "pendulum.parse": _parse,
        "pendulum.from_format": None,
        "pendulum.instance": _instance,
        "airflow.sdk.timezone.datetime": _datetime,
        "airflow.sdk.timezone.parse": _parse,
    }
    for path, function in functions.items():
        if function is not None:
            models.calls[path] = _pure(function)
    for path in ("pendulum.UTC", "airflow.sdk.timezone.utc", "pendulum.tz.UTC"):
        models.values[path] = zoneinfo.ZoneInfo("UTC")


def _pure(function: Any) -> Any:
    def call_it(call: Call) -> Value | Opaque:
        return call.interpreter.native(call.place, function, *call.args, **call.kwargs)

    return call_it
