"""Stands in for Pendulum where a DAG's environment has none: what DAG files use it for, and no more.

This folder is the last on `sys.path`, so an installed Pendulum wins. Times are `datetime.datetime` with
the few methods below; anything else says that Pendulum is to be installed.
"""

from __future__ import annotations

import datetime as _dt

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.0+leoflow"

UTC = _dt.timezone.utc
Date = _dt.date
Time = _dt.time
Duration = _dt.timedelta


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(_advice(f"pendulum.{name}"))


def _advice(name: str) -> str:
    return (
        f"{name} is not part of Leoflow's stand-in for Pendulum: "
        "add pendulum to `dependencies` in leoflow.yaml."
    )


class DateTime(_dt.datetime):
    """An aware time, with Pendulum's commonest methods."""

    def add(self, months: int = 0, years: int = 0, **units: float) -> DateTime:
        """That much later; months and years keep the day where the month has it."""
        return _of(_shifted(self, years * 12 + months) + _dt.timedelta(**units))

    def subtract(self, months: int = 0, years: int = 0, **units: float) -> DateTime:
        """That much earlier."""
        return _of(_shifted(self, -(years * 12 + months)) - _dt.timedelta(**units))

    def in_timezone(self, tz: Any) -> DateTime:
        """The same instant elsewhere."""
        return _of(self.astimezone(timezone(tz)))

    in_tz = in_timezone

    def start_of(self, unit: str) -> DateTime:
        """The beginning of the day, month, year, hour or minute."""
        units = ("year", "month", "day", "hour", "minute", "second")
        if unit not in units:
            raise AttributeError(_advice(f"start_of({unit!r})"))
        first = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
        later = units[units.index(unit) + 1 :]
        return _of(self.replace(microsecond=0, **{name: first[name] for name in later}))

    def to_date_string(self) -> str:
        return self.strftime("%Y-%m-%d")

    def to_datetime_string(self) -> str:
        return self.strftime("%Y-%m-%d %H:%M:%S")

    def to_iso8601_string(self) -> str:
        return self.isoformat().replace("+00:00", "Z")

    @property
    def int_timestamp(self) -> int:
        return int(self.timestamp())

    @property
    def timezone_name(self) -> str | None:
        return getattr(self.tzinfo, "key", None) or self.tzname()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(_advice(f"DateTime.{name}"))


def _of(value: _dt.datetime) -> DateTime:
    return DateTime(
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.microsecond,
        value.tzinfo,
        fold=value.fold,
    )


def _shifted(value: _dt.datetime, months: int) -> _dt.datetime:
    if not months:
        return value
    import calendar

    count = value.year * 12 + value.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return value.replace(year=year, month=month, day=min(value.day, calendar.monthrange(year, month)[1]))


def timezone(name: Any = "UTC") -> Any:
    """A zone by name; a zone is returned as it is."""
    if not isinstance(name, str):
        return name
    if name.upper() == "UTC":
        return UTC
    if name == "local":
        return _dt.datetime.now().astimezone().tzinfo
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def datetime(
    year: int,
    month: int,
    day: int,
    hour: int = 0,
    minute: int = 0,
    second: int = 0,
    microsecond: int = 0,
    tz: Any = "UTC",
) -> DateTime:
    """An aware time; in UTC unless a zone is given."""
    return DateTime(year, month, day, hour, minute, second, microsecond, tzinfo=timezone(tz))


def instance(value: _dt.datetime, tz: Any = "UTC") -> DateTime:
    """The same time; a naive one is taken to be in that zone."""
    return _of(value if value.tzinfo is not None else value.replace(tzinfo=timezone(tz)))


def now(tz: Any = "local") -> DateTime:
    return _of(_dt.datetime.now(timezone(tz)))


def today(tz: Any = "local") -> DateTime:
    """Midnight."""
    return now(tz).start_of("day")


def yesterday(tz: Any = "local") -> DateTime:
    return today(tz).subtract(days=1)


def tomorrow(tz: Any = "local") -> DateTime:
    return today(tz).add(days=1)


def date(year: int, month: int, day: int) -> _dt.date:
    return _dt.date(year, month, day)


def duration(**units: float) -> _dt.timedelta:
    """A length of time in days, hours, and so on."""
    if "years" in units or "months" in units:
        raise AttributeError(_advice("duration() in months or years"))
    return _dt.timedelta(**units)


def from_timestamp(timestamp: float, tz: Any = "UTC") -> DateTime:
    return _of(_dt.datetime.fromtimestamp(timestamp, timezone(tz)))


def parse(text: str, tz: Any = "UTC") -> DateTime:
    """An ISO 8601 text."""
    from airflow.sdk import timezone as zones

    return _of(zones.parse(text, timezone(tz)))
