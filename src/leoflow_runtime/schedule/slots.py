"""What timetables speak of: data intervals, the runs to come, and the limits that a DAG sets them."""

from __future__ import annotations

from datetime import UTC, datetime

from leoflow_runtime.light import dataclass


class ScheduleInvalid(ValueError):
    """A schedule or time zone that cannot be understood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataInterval:
    """What time a run covers."""

    start: datetime
    end: datetime

    @classmethod
    def exact(cls, at: datetime) -> DataInterval:
        return cls(start=at, end=at)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeRestriction:
    """A DAG's dates. `earliest` and `latest` bound the runs; without `catchup` missed ones are dropped."""

    earliest: datetime | None = None
    latest: datetime | None = None
    catchup: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One scheduled run to come. `run_after`: when it is due. All moments are in UTC."""

    logical_date: datetime
    interval_start: datetime
    interval_end: datetime
    run_after: datetime

    @classmethod
    def interval(cls, start: datetime, end: datetime) -> Slot:
        """A run that is due at the end of what it covers."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        return cls(logical_date=start, interval_start=start, interval_end=end, run_after=end)

    @classmethod
    def exact(cls, at: datetime) -> Slot:
        return cls.interval(at, at)

    @property
    def data_interval(self) -> DataInterval:
        return DataInterval(start=self.interval_start, end=self.interval_end)
