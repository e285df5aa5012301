"""From one moment of a schedule to the next: cron expressions, and durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeAlias

from dateutil.relativedelta import relativedelta

from leoflow_runtime.light import dataclass
from leoflow_runtime.schedule.cron import cron

# A fixed duration, or one by the calendar: "a month".
Delta: TypeAlias = timedelta | relativedelta
_MICROSECOND = timedelta(microseconds=1)


class Steps(Protocol):
    """`aligned_*` give the moment itself where it is one of the schedule's."""

    @property
    def summary(self) -> str: ...
    def after(self, moment: datetime) -> datetime: ...
    def before(self, moment: datetime) -> datetime: ...
    def aligned_after(self, moment: datetime) -> datetime: ...
    def aligned_before(self, moment: datetime) -> datetime: ...
    def latest_interval_start(self, now: datetime) -> datetime:
        """Of the last data interval that has ended by `now`."""


@dataclass(frozen=True, slots=True)
class CronSteps:
    """The slots of an expression in a time zone."""

    expression: str
    zone: str

    @property
    def summary(self) -> str:
        return self.expression

    def after(self, moment: datetime) -> datetime:
        return cron(self.expression, self.zone).next_after(moment)

    def before(self, moment: datetime) -> datetime:
        return cron(self.expression, self.zone).last_until(moment - _MICROSECOND)

    def aligned_after(self, moment: datetime) -> datetime:
        return cron(self.expression, self.zone).next_after(moment - _MICROSECOND)

    def aligned_before(self, moment: datetime) -> datetime:
        return cron(self.expression, self.zone).last_until(moment)

    def latest_interval_start(self, now: datetime) -> datetime:
        last = self.before(now)
        # Exactly at a slot the interval that begins now is meant, as in Airflow.
        return last if self.after(last) == now else self.before(last)


@dataclass(frozen=True, slots=True)
class DeltaSteps:
    """A duration over and over, from wherever one stands."""

    delta: Delta

    @property
    def summary(self) -> str:
        return str(self.delta)

    def after(self, moment: datetime) -> datetime:
        return moment.astimezone(UTC) + self.delta

    def before(self, moment: datetime) -> datetime:
        return moment.astimezone(UTC) - self.delta

    def aligned_after(self, moment: datetime) -> datetime:
        return moment

    def aligned_before(self, moment: datetime) -> datetime:
        return moment

    def latest_interval_start(self, now: datetime) -> datetime:
        seconds = now.timestamp()
        rounded = datetime.fromtimestamp(seconds - seconds % self._seconds, UTC)
        return self.before(rounded)

    @property
    def _seconds(self) -> float:
        """The length; of a calendar's, with years of 365 and months of 30 days, as Airflow rounds."""
        delta: Any = self.delta
        if isinstance(delta, timedelta):
            return delta.total_seconds()
        days = delta.years * 365 + delta.months * 30 + delta.days
        return float(days * 86400 + delta.hours * 3600 + delta.minutes * 60 + delta.seconds)
