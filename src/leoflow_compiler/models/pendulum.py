"""pendulum, as far as DAG files use it: dates, time zones and durations as the standard library's."""

from __future__ import annotations

import calendar
import datetime
import re
import zoneinfo
from typing import Any

from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Opaque, Value


class InvalidTimezone(zoneinfo.ZoneInfoNotFoundError):
    """pendulum's exception for a name that no zone has."""


class Duration(datetime.timedelta):
    """A timedelta with pendulum's questions. Months count 30 days and years 365, as pendulum counts them."""

    def total_minutes(self) -> float:
        return self.total_seconds() / 60

    def total_hours(self) -> float:
        return self.total_seconds() / 3600

    def total_days(self) -> float:
        return self.total_seconds() / 86400

    def in_seconds(self) -> int:
        return int(self.total_seconds())

    def in_minutes(self) -> int:
        return int(self.total_minutes())

    def in_hours(self) -> int:
        return int(self.total_hours())

    def in_days(self) -> int:
        return int(self.total_days())


# pendulum's tokens that strftime has as well.
_TOKENS = {
    "YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "DDDD": "%j", "DD": "%d",
    "dddd": "%A", "ddd": "%a", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "A": "%p",
}  # fmt: skip
_TOKEN = re.compile(r"\[([^\]]*)\]|(" + "|".join(_TOKENS) + r")|([A-Za-z]+)")
_UNITS = ("year", "month", "day", "hour", "minute", "second")
_FIRST = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}


class Moment(datetime.datetime):
    """An aware datetime with pendulum's arithmetic."""

    def add(self, years: int = 0, months: int = 0, **rest: float) -> Moment:
        if self.tzinfo is not None and not (years or months or rest.get("weeks") or rest.get("days")):
            # Hours and less alone are counted, whatever the clocks do meanwhile.
            at: Any = self.astimezone(datetime.UTC) + datetime.timedelta(**rest)
            return _moment(at.astimezone(self.tzinfo))
        total = self.month - 1 + months + 12 * years
        year, month = self.year + total // 12, total % 12 + 1
        day = min(self.day, calendar.monthrange(year, month)[1])
        moved: Any = self.replace(year=year, month=month, day=day) + datetime.timedelta(**rest)
        return _moment(moved)

    def subtract(self, years: int = 0, months: int = 0, **rest: float) -> Moment:
        return self.add(-years, -months, **{name: -value for name, value in rest.items()})

    def __sub__(self, other: Any) -> Any:
        found = super().__sub__(other)
        return _duration_of(found) if isinstance(found, datetime.timedelta) else found

    def diff(self, other: datetime.datetime, absolute: bool = True) -> Duration:
        found = other - self
        return _duration_of(abs(found) if absolute else found)

    def in_timezone(self, tz: Value) -> Moment:
        return _moment(self.astimezone(zone(tz)))

    in_tz = in_timezone

    def set(self, **parts: Any) -> Moment:
        tz = parts.pop("tz", self.tzinfo)
        return _moment(self.replace(tzinfo=zone(tz), **parts))

    def start_of(self, unit: str) -> Moment:
        if unit == "week":
            return self.subtract(days=self.weekday()).start_of("day")
        if unit not in _UNITS:
            raise ValueError(f"Invalid unit {unit!r} for start_of()")
        below = _UNITS[_UNITS.index(unit) + 1 :]
        parts: dict[str, Any] = {name: _FIRST[name] for name in below}
        return _moment(self.replace(microsecond=0, **parts))

    def end_of(self, unit: str) -> Moment:
        step: dict[str, Any] = {f"{unit}s": 1}
        return self.start_of(unit).add(**step).subtract(microseconds=1)

    def to_date_string(self) -> str:
        return self.strftime("%Y-%m-%d")

    def to_datetime_string(self) -> str:
        return self.strftime("%Y-%m-%d %H:%M:%S")

    def to_time_string(self) -> str:
        return self.strftime("%H:%M:%S")

    def to_iso8601_string(self) -> str:
        return re.sub(r"\+00:00$", "Z", self.isoformat())

    def format(self, pattern: str) -> str:
        return _TOKEN.sub(self._token, pattern)

    def _token(self, found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        if found[2] is None:
            raise ValueError(f"the token `{found[3]}` of pendulum's formats is not modelled")
        return self.strftime(_TOKENS[found[2]])

    @property
    def timezone_name(self) -> str:
        return str(self.tzinfo)

    @property
    def int_timestamp(self) -> int:
        return int(self.timestamp())

    @property
    def quarter(self) -> int:
        return (self.month + 2) // 3

    @property
    def days_in_month(self) -> int:
        return calendar.monthrange(self.year, self.month)[1]

    @property
    def day_of_week(self) -> int:
        return self.weekday()

    @property
    def day_of_year(self) -> int:
        return self.timetuple().tm_yday


def _duration_of(value: datetime.timedelta) -> Duration:
    return Duration(days=value.days, seconds=value.seconds, microseconds=value.microseconds)


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


def _from_format(text: str, pattern: str, tz: Value = "UTC") -> Moment:
    """Of the tokens that `Moment.format` knows."""
    wanted = _TOKEN.sub(lambda found: found[1] or _TOKENS[found[2] or found[3]], pattern)
    return _moment(datetime.datetime.strptime(text, wanted).replace(tzinfo=zone(tz)))


def _duration(years: int = 0, months: int = 0, **rest: float) -> datetime.timedelta:
    return _duration_of(datetime.timedelta(days=365 * years + 30 * months) + datetime.timedelta(**rest))


def _instance(value: datetime.datetime, tz: Value = "UTC") -> Moment:
    return _moment(value if value.tzinfo is not None else value.replace(tzinfo=zone(tz)))


_FUNCTIONS = {
    "pendulum.datetime": _datetime,
    "pendulum.DateTime": datetime.datetime,
    "pendulum.date": datetime.date,
    "pendulum.Date": datetime.date,
    "pendulum.time": datetime.time,
    "pendulum.naive": datetime.datetime,
    "pendulum.timezone": zone,
    "pendulum.tz.timezone": zone,
    "pendulum.tz.fixed_timezone": lambda seconds: datetime.timezone(datetime.timedelta(seconds=seconds)),
    "pendulum.Timezone": zone,
    "pendulum.duration": _duration,
    "pendulum.Duration": _duration,
    "pendulum.parse": _parse,
    "pendulum.from_format": _from_format,
    "pendulum.instance": _instance,
    "airflow.sdk.timezone.datetime": _datetime,
    "airflow.sdk.timezone.parse": _parse,
}


def register(models: Models) -> None:
    models.pure_types.update((Moment, Duration))
    for path, function in _FUNCTIONS.items():
        models.calls[path] = pure_call(function)
    for path in ("pendulum.UTC", "airflow.sdk.timezone.utc", "pendulum.tz.UTC"):
        models.values[path] = zoneinfo.ZoneInfo("UTC")
    names = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
    models.constants("pendulum", {name: number for number, name in enumerate(names)})


def pure_call(function: Any) -> Any:
    """The model of a function of our own that has no effect outside of its values."""

    def call_it(call: Call) -> Value | Opaque:
        return call.interpreter.native(call.place, function, *call.args, **call.kwargs)

    return call_it
