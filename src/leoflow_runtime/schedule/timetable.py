"""When a DAG's next scheduled run is due: Airflow 3's trigger timetables.

The logical date of a run is its slot, and its data interval is the slot itself (zero width). A function
of values: the clock is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leoflow_runtime.schedule.cron import CronInvalid, cron

ONCE = "@once"
CONTINUOUS = "@continuous"
NONE = "@none"


class ScheduleInvalid(ValueError):
    """A schedule or time zone that cannot be understood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One scheduled run to come. `run_after`: when it is due."""

    logical_date: datetime
    interval_start: datetime
    interval_end: datetime
    run_after: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """A DAG's schedule: `schedule` is a cron expression or preset, seconds between runs, or None."""

    schedule: str | float | None
    zone: str = "UTC"
    start: datetime | None = None
    end: datetime | None = None
    catchup: bool = False

    def check(self) -> None:
        """Raises ScheduleInvalid."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ScheduleInvalid(f"{self.zone!r} is not a time zone") from error
        if isinstance(self.schedule, str) and self.schedule not in (ONCE, CONTINUOUS, NONE):
            try:
                cron(self.schedule, self.zone)
            except CronInvalid as error:
                raise ScheduleInvalid(str(error)) from error

    @property
    def is_scheduled(self) -> bool:
        return self.schedule not in (None, NONE)

    @property
    def run_limit(self) -> int | None:
        """How many runs at once the schedule itself allows; None: as many as the DAG."""
        return 1 if self.schedule == CONTINUOUS else None

    @property
    def summary(self) -> str | None:
        """What lists show beside a DAG."""
        if isinstance(self.schedule, str) or self.schedule is None:
            return self.schedule
        return str(timedelta(seconds=self.schedule))

    def next_slot(self, *, last_end: datetime | None, now: datetime) -> Slot | None:
        """The next run. `last_end`: the end of the data interval of the latest scheduled run.

        Without catch-up, slots that have passed are dropped but for the latest.
        """
        if not self.is_scheduled:
            return None
        if self.schedule == ONCE:
            return self._once(last_end, now)
        if self.schedule == CONTINUOUS:
            return self._continuous(last_end, now)
        due = self._due(last_end, now)
        if self.end is not None and due > self.end:
            return None
        return _exact(due)

    def _due(self, last_end: datetime | None, now: datetime) -> datetime:
        if self.catchup:
            if last_end is not None:
                return self._after(last_end)
            return self._first(now) if self.start is None else self._at_or_after(self.start)
        candidates = [self._at_or_before(now)]
        if last_end is not None:
            candidates.append(self._after(last_end))
        elif self.start is None:
            candidates.append(self._first(now))
        if self.start is not None:
            candidates.append(self._at_or_after(self.start))
        return max(candidates)

    def _first(self, now: datetime) -> datetime:
        """Without a start date: the last slot if it has just passed, otherwise the next."""
        if not isinstance(self.schedule, str):
            return now
        past = self._at_or_before(now)
        following = self._after(past)
        grace = max((following - past) / 10, timedelta(minutes=5))
        return past if now - past <= grace else following

    def _after(self, moment: datetime) -> datetime:
        if isinstance(self.schedule, str):
            return cron(self.schedule, self.zone).next_after(moment)
        return moment + self._step

    def _at_or_after(self, moment: datetime) -> datetime:
        if isinstance(self.schedule, str):
            return cron(self.schedule, self.zone).next_after(moment - timedelta(microseconds=1))
        return moment

    def _at_or_before(self, moment: datetime) -> datetime:
        if isinstance(self.schedule, str):
            return cron(self.schedule, self.zone).last_until(moment)
        return moment

    @property
    def _step(self) -> timedelta:
        assert isinstance(self.schedule, (int, float))
        return timedelta(seconds=self.schedule)

    def _once(self, last_end: datetime | None, now: datetime) -> Slot | None:
        due = self.start or now
        if last_end is not None or (self.end is not None and due > self.end):
            return None
        return _exact(due)

    def _continuous(self, last_end: datetime | None, now: datetime) -> Slot | None:
        # The first of all has some width, so that the second has a logical date of its own.
        start = last_end or self.start or now - timedelta(microseconds=1)
        end = max(start, now)
        if self.end is not None and end > self.end:
            return None
        return Slot(
            logical_date=start.astimezone(UTC),
            interval_start=start.astimezone(UTC),
            interval_end=end.astimezone(UTC),
            run_after=end.astimezone(UTC),
        )


def _exact(moment: datetime) -> Slot:
    moment = moment.astimezone(UTC)
    return Slot(logical_date=moment, interval_start=moment, interval_end=moment, run_after=moment)
