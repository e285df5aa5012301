"""Lengths of time."""

from __future__ import annotations

from datetime import timedelta

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class Duration(timedelta):
    """A timedelta with Pendulum's questions. A month counts 30 days, a year 365."""

    def __new__(cls, days: float = 0, *args: Any, years: int = 0, months: int = 0, **rest: float) -> Duration:
        return super().__new__(cls, days + years * 365 + months * 30, *args, **rest)

    def total_minutes(self) -> float:
        return self.total_seconds() / 60

    def total_hours(self) -> float:
        return self.total_seconds() / 3600

    def total_days(self) -> float:
        return self.total_seconds() / 86400

    def total_weeks(self) -> float:
        return self.total_days() / 7

    def in_seconds(self) -> int:
        return int(self.total_seconds())

    def in_minutes(self) -> int:
        return int(self.total_minutes())

    def in_hours(self) -> int:
        return int(self.total_hours())

    def in_days(self) -> int:
        return int(self.total_days())

    def in_weeks(self) -> int:
        return int(self.total_weeks())

    def as_timedelta(self) -> timedelta:
        return timedelta(seconds=self.total_seconds())


def of(value: timedelta) -> Duration:
    return Duration(value.days, value.seconds, value.microseconds)
