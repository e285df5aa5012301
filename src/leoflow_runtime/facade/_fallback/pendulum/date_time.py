"""Points in time."""

from __future__ import annotations

import datetime as _dt

from pendulum._advice import advice
from pendulum.duration import Duration
from pendulum.duration import of as duration_of
from pendulum.tz import UTC, timezone

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

_UNITS = ("year", "month", "day", "hour", "minute", "second")
_FIRST = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}


class DateTime(_dt.datetime):
    """A time with Pendulum's commonest methods."""

    def add(
        self, years: int = 0, months: int = 0, weeks: float = 0, days: float = 0, **units: float
    ) -> DateTime:
        """That much later. Months keep the day where the month has it; days keep the time of day.

        Hours and less alone are counted, whatever the clocks do meanwhile.
        """
        length = _dt.timedelta(weeks=weeks, days=days, **units)
        if years or months or weeks or days or self.tzinfo is None:
            moved = _shifted(self, years * 12 + months) + length
            return of(existing(moved.replace(fold=1)))
        return of((_plain(self).astimezone(UTC) + length).astimezone(self.tzinfo))

    def subtract(self, **units: float) -> DateTime:
        """That much earlier."""
        return self.add(**{name: -value for name, value in units.items()})

    def diff(self, other: _dt.datetime | None = None, absolute: bool = True) -> Duration:
        """How long it is from here to `other`, or to now."""
        found = (of(_dt.datetime.now(UTC)) if other is None else other) - self
        return duration_of(abs(found) if absolute else found)

    def __sub__(self, other: Any) -> Any:
        found = super().__sub__(other)
        return duration_of(found) if isinstance(found, _dt.timedelta) else found

    def in_timezone(self, tz: Any) -> DateTime:
        """The same instant elsewhere."""
        return of(_plain(self).astimezone(timezone(tz)))

    in_tz = in_timezone

    def set(self, **parts: Any) -> DateTime:
        """Another time where these parts are as given; `tz` is the zone."""
        zone = timezone(parts.pop("tz", self.tzinfo))
        return of(self.replace(tzinfo=zone, **parts))

    def on(self, year: int, month: int, day: int) -> DateTime:
        return self.set(year=year, month=month, day=day)

    def at(self, hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> DateTime:
        return self.set(hour=hour, minute=minute, second=second, microsecond=microsecond)

    def naive(self) -> DateTime:
        """Without its zone."""
        return of(self.replace(tzinfo=None))

    def start_of(self, unit: str) -> DateTime:
        """The beginning of the second, minute, hour, day, week, month or year."""
        if unit == "week":
            return self.subtract(days=self.weekday()).start_of("day")
        if unit not in _UNITS:
            raise AttributeError(advice(f"start_of({unit!r})"))
        later = _UNITS[_UNITS.index(unit) + 1 :]
        return of(self.replace(microsecond=0, **{name: _FIRST[name] for name in later}))

    def end_of(self, unit: str) -> DateTime:
        """Its last microsecond."""
        return self.start_of(unit).add(**{f"{unit}s": 1}).add(microseconds=-1)

    def format(self, fmt: str, locale: str | None = None) -> str:
        """A text by Pendulum's tokens, in English."""
        if locale not in (None, "en", "en_us"):
            raise AttributeError(advice(f"format(locale={locale!r})"))
        from pendulum.formatting import formatted

        return formatted(self, fmt)

    def to_date_string(self) -> str:
        return self.strftime("%Y-%m-%d")

    def to_time_string(self) -> str:
        return self.strftime("%H:%M:%S")

    def to_datetime_string(self) -> str:
        return self.strftime("%Y-%m-%d %H:%M:%S")

    def to_iso8601_string(self) -> str:
        return self.isoformat().replace("+00:00", "Z")

    to_rfc3339_string = _dt.datetime.isoformat

    @property
    def int_timestamp(self) -> int:
        return int(self.timestamp())

    @property
    def float_timestamp(self) -> float:
        return self.timestamp()

    @property
    def timezone(self) -> Any:
        return self.tzinfo

    tz = timezone

    @property
    def timezone_name(self) -> str | None:
        return getattr(self.tzinfo, "key", None) or self.tzname()

    @property
    def quarter(self) -> int:
        return (self.month + 2) // 3

    @property
    def days_in_month(self) -> int:
        return _days_in(self.year, self.month)

    @property
    def day_of_week(self) -> int:
        return self.weekday()

    @property
    def day_of_year(self) -> int:
        return self.timetuple().tm_yday

    @property
    def week_of_year(self) -> int:
        return self.isocalendar()[1]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(advice(f"DateTime.{name}"))


def of(value: _dt.datetime) -> DateTime:
    return DateTime(*_parts(value), fold=value.fold)


def _plain(value: _dt.datetime) -> _dt.datetime:
    # Conversions of subclasses forget which of two equal times is meant when clocks are set back.
    return _dt.datetime(*_parts(value), fold=value.fold)


def _parts(value: _dt.datetime) -> tuple[Any, ...]:
    clock = (value.hour, value.minute, value.second, value.microsecond, value.tzinfo)
    return (value.year, value.month, value.day, *clock)


def existing(value: _dt.datetime) -> _dt.datetime:
    """The same time, or what clocks show instead where they are set forward over it."""
    if value.tzinfo is None:
        return value
    early = _plain(value).replace(fold=0)
    shown = early.astimezone(UTC).astimezone(value.tzinfo)
    return value if shown.replace(tzinfo=None) == early.replace(tzinfo=None) else shown


def _shifted(value: _dt.datetime, months: int) -> _dt.datetime:
    if not months:
        return value
    count = value.year * 12 + value.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return value.replace(year=year, month=month, day=min(value.day, _days_in(year, month)))


def _days_in(year: int, month: int) -> int:
    import calendar

    return calendar.monthrange(year, month)[1]
