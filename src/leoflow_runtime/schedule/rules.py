"""Airflow 3's timetables as functions of values: the clock is an argument.

Each answers from the data interval of the latest scheduled run. Names and behaviour: Airflow 3.2.2,
`airflow.timetables`; `tests/schedule/oracle` holds its answers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from leoflow_runtime.light import dataclass
from leoflow_runtime.schedule.slots import DataInterval, Slot, TimeRestriction
from leoflow_runtime.schedule.steps import Delta, Steps


class Rule(Protocol):
    """One kind of timetable. `run_limit`: how many runs at once it allows; None: as many as the DAG."""

    @property
    def summary(self) -> str | None: ...
    @property
    def run_limit(self) -> int | None: ...
    def next_slot(
        self, last: DataInterval | None, restriction: TimeRestriction, now: datetime
    ) -> Slot | None: ...
    def manual_interval(self, run_after: datetime) -> DataInterval:
        """What a run covers that somebody starts by hand."""


class _Unlimited:
    __slots__ = ()

    @property
    def run_limit(self) -> int | None:
        return None


@dataclass(frozen=True, slots=True)
class Never(_Unlimited):
    """Only by hand, or by assets."""

    summary: str | None = None

    def next_slot(
        self, last: DataInterval | None, restriction: TimeRestriction, now: datetime
    ) -> Slot | None:
        return None

    def manual_interval(self, run_after: datetime) -> DataInterval:
        return DataInterval.exact(run_after)


@dataclass(frozen=True, slots=True)
class Triggers(_Unlimited):
    """A run at each step, which covers `interval` before it: CronTrigger- and DeltaTriggerTimetable.

    `run_immediately`, for a DAG without start date and runs: whether the step that has just passed counts;
    a duration says what "just" is, otherwise it is a tenth of the way to the next, at least five minutes.
    """

    steps: Steps
    interval: Delta = timedelta()
    run_immediately: bool | timedelta = False

    @property
    def summary(self) -> str:
        return self.steps.summary

    def next_slot(
        self, last: DataInterval | None, restriction: TimeRestriction, now: datetime
    ) -> Slot | None:
        due = self._due(last, restriction, now)
        if restriction.latest is not None and due > restriction.latest:
            return None
        return Slot.interval(due - self.interval, due)

    def manual_interval(self, run_after: datetime) -> DataInterval:
        return DataInterval(start=run_after - self.interval, end=run_after)

    def _due(self, last: DataInterval | None, restriction: TimeRestriction, now: datetime) -> datetime:
        earliest = restriction.earliest
        if restriction.catchup:
            if last is not None:
                return self.steps.after(last.end)
            return self._first(now) if earliest is None else self.steps.aligned_after(earliest)
        candidates = [self.steps.aligned_before(now)]
        if last is not None:
            candidates.append(self.steps.after(last.end))
        elif earliest is None:
            candidates.append(self._first(now))
        if earliest is not None:
            candidates.append(self.steps.aligned_after(earliest))
        return max(candidates)

    def _first(self, now: datetime) -> datetime:
        past, following = self.steps.aligned_before(now), self.steps.aligned_after(now)
        if self.run_immediately is True:
            return past
        if isinstance(self.run_immediately, timedelta):
            grace = self.run_immediately
        else:
            grace = max((following - past) / 10, timedelta(minutes=5))
        return past if now - past <= grace else following


@dataclass(frozen=True, slots=True)
class SeveralTriggers(_Unlimited):
    """A run whenever one of them has one, and one where several have: MultipleCronTriggerTimetable."""

    rules: tuple[Triggers, ...]

    @property
    def summary(self) -> str:
        return ", ".join(rule.summary for rule in self.rules)

    def next_slot(
        self, last: DataInterval | None, restriction: TimeRestriction, now: datetime
    ) -> Slot | None:
        slots = [slot for rule in self.rules if (slot := rule.next_slot(last, restriction, now))]
        past = [slot for slot in slots if slot.logical_date <= now]
        if past and not restriction.catchup:
            return max(past, key=lambda slot: slot.logical_date)
        return min(slots, key=lambda slot: slot.logical_date, default=None)

    def manual_interval(self, run_after: datetime) -> DataInterval:
        return min((rule.manual_interval(run_after) for rule in self.rules), key=lambda one: one.start)


@dataclass(frozen=True, slots=True)
class DataIntervals(_Unlimited):
    """A run at the end of each step's data interval: CronDataInterval- and DeltaDataIntervalTimetable."""

    steps: Steps

    @property
    def summary(self) -> str:
        return self.steps.summary

    def next_slot(
        self, last: DataInterval | None, restriction: TimeRestriction, now: datetime
    ) -> Slot | None:
        earliest = restriction.earliest
        if earliest is not None:
            earliest = self.steps.aligned_after(earliest)
        if not restriction.catchup:
            latest_start = self.steps.latest_interval_start(now)
            earliest = latest_start if earliest is None else max(latest_start, earliest)
        if last is None:
            start = earliest
        else:
            aligned = self.steps.aligned_before(last.end)
            start = aligned if earliest is None else max(aligned, earliest)
            if last.start == last.end == start:
                # A point in time, from before the schedule had intervals: it has had its run.
                start = self.steps.after(start)
        if start is None or (restriction.latest is not None and start > restriction.latest):
            return None
        return Slot.interval(start, self.steps.after(start))

    def manual_interval(self, run_after: datetime) -> DataInterval:
        end = self.steps.aligned_before(run_after)
        return DataInterval(start=self.steps.before(end), end=end)


@dataclass(frozen=True, slots=True)
class Events(_Unlimited):
    """A run at each of a list of moments, which is in order: EventsTimetable."""

    dates: tuple[datetime, ...]
    restrict_to_events: bool = False
    description: str | None = None

    @property
    def summary(self) -> str:
        return self.description if self.description is not None else f"{len(self.dates)} events"

    def next_slot(
        self, last: DataInterval | None, restriction: TimeRestriction, now: datetime
    ) -> Slot | None:
        earliest = restriction.earliest
        if not restriction.catchup and (earliest is None or now > earliest):
            earliest = now
        for date in self.dates:
            if (earliest is None or date >= earliest) and (last is None or date > last.end):
                passed = restriction.latest is not None and date > restriction.latest
                return None if passed else Slot.exact(date)
        return None

    def manual_interval(self, run_after: datetime) -> DataInterval:
        """Of the latest event, where runs are restricted to events."""
        if not self.restrict_to_events or not self.dates:
            return DataInterval.exact(run_after)
        past = [date for date in self.dates if date <= run_after]
        return DataInterval.exact(past[-1] if past else self.dates[0])


@dataclass(frozen=True, slots=True)
class Once(_Unlimited):
    """One run, as soon as it may be."""

    summary: str = "@once"

    def next_slot(
        self, last: DataInterval | None, restriction: TimeRestriction, now: datetime
    ) -> Slot | None:
        due = restriction.earliest or now
        if last is not None or (restriction.latest is not None and due > restriction.latest):
            return None
        return Slot.exact(due)

    def manual_interval(self, run_after: datetime) -> DataInterval:
        return DataInterval.exact(run_after)


@dataclass(frozen=True, slots=True)
class Continuous:
    """One run after the other. Each covers the time since the one before."""

    summary: str = "@continuous"

    @property
    def run_limit(self) -> int | None:
        return 1

    def next_slot(
        self, last: DataInterval | None, restriction: TimeRestriction, now: datetime
    ) -> Slot | None:
        # The first of all has some width, so that the second has a logical date of its own.
        start = last.end if last is not None else restriction.earliest or now - timedelta(microseconds=1)
        end = max(start, now)
        if restriction.latest is not None and end > restriction.latest:
            return None
        return Slot.interval(start, end)

    def manual_interval(self, run_after: datetime) -> DataInterval:
        return DataInterval.exact(run_after)
