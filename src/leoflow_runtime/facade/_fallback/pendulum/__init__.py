"""Stands in for Pendulum where a DAG's environment has none: what DAG files use it for, and no more.

This folder is the last on `sys.path`, so an installed Pendulum wins. Times are `datetime.datetime` with
Pendulum's commonest methods; anything else says that Pendulum is to be installed.
"""

from __future__ import annotations

import datetime as _dt

from pendulum._advice import advice
from pendulum.date_time import DateTime, existing, of
from pendulum.duration import Duration
from pendulum.tz import UTC, Timezone, fixed_timezone, local_timezone, timezone

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "FRIDAY",
    "MONDAY",
    "SATURDAY",
    "SUNDAY",
    "THURSDAY",
    "TUESDAY",
    "UTC",
    "WEDNESDAY",
    "Date",
    "DateTime",
    "Duration",
    "Time",
    "Timezone",
    "date",
    "datetime",
    "duration",
    "fixed_timezone",
    "from_format",
    "from_timestamp",
    "instance",
    "local",
    "local_timezone",
    "naive",
    "now",
    "parse",
    "time",
    "timezone",
    "today",
    "tomorrow",
    "yesterday",
]
__version__ = "0.0+leoflow"
Date = _dt.date
Time = _dt.time
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(advice(f"pendulum.{name}"))


def datetime(
    year: int,
    month: int,
    day: int,
    hour: int = 0,
    minute: int = 0,
    second: int = 0,
    microsecond: int = 0,
    tz: Any = "UTC",
    fold: int = 1,
) -> DateTime:
    """An aware time; in UTC unless a zone is given."""
    zone = None if tz is None else timezone(tz)
    return of(existing(_dt.datetime(year, month, day, hour, minute, second, microsecond, zone, fold=fold)))


def local(*parts: int) -> DateTime:
    """An aware time, in the zone of this machine."""
    return datetime(*parts, tz="local")


def naive(*parts: int, fold: int = 1) -> DateTime:
    """A time without a zone."""
    return datetime(*parts, tz=None, fold=fold)


def instance(value: Any, tz: Any = "UTC") -> Any:
    """The same time; a naive one is taken to be in that zone. Dates and times of day stay as they are."""
    if not isinstance(value, _dt.datetime):
        return value
    return of(value if value.tzinfo is not None or tz is None else value.replace(tzinfo=timezone(tz)))


def now(tz: Any = "local") -> DateTime:
    return of(_dt.datetime.now(timezone(tz or "local")))


def today(tz: Any = "local") -> DateTime:
    """Midnight."""
    return now(tz).start_of("day")


def yesterday(tz: Any = "local") -> DateTime:
    return today(tz).subtract(days=1)


def tomorrow(tz: Any = "local") -> DateTime:
    return today(tz).add(days=1)


def date(year: int, month: int, day: int) -> _dt.date:
    return _dt.date(year, month, day)


def time(hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> _dt.time:
    return _dt.time(hour, minute, second, microsecond)


def duration(**units: float) -> Duration:
    """A length of time; a month counts 30 days, a year 365."""
    return Duration(**units)


def from_timestamp(timestamp: float, tz: Any = "UTC") -> DateTime:
    return of(_dt.datetime.fromtimestamp(timestamp, timezone(tz)))


def from_format(string: str, fmt: str, tz: Any = "UTC") -> DateTime:
    """A text of that format."""
    from pendulum.formatting import parsed

    return of(parsed(string, fmt).replace(tzinfo=timezone(tz)))


def parse(text: str, tz: Any = "UTC", **options: Any) -> DateTime:
    """An ISO 8601 text."""
    if options:
        raise AttributeError(advice(f"parse({next(iter(options))}=…)"))
    from airflow.sdk import timezone as zones

    return of(zones.parse(text, timezone(tz)))
