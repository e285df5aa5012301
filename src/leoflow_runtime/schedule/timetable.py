"""When a DAG's runs are due: the rule of its schedule within its dates. The clock is an argument."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from leoflow_runtime.light import dataclass
from leoflow_runtime.schedule.declared import rule_of
from leoflow_runtime.schedule.rules import Continuous, Never, Once, Rule
from leoflow_runtime.schedule.slots import DataInterval, Slot, TimeRestriction


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """`schedule`: as in `dag.json`. `start` and `end` are aware."""

    schedule: Any
    zone: str = "UTC"
    start: datetime | None = None
    end: datetime | None = None
    catchup: bool = False

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Timetable:
        """Of a whole `dag.json`."""
        zone = document.get("schedule_timezone", "UTC")
        return cls(
            schedule=document.get("schedule"),
            zone=zone,
            start=aware(document.get("start_date"), zone),
            end=aware(document.get("end_date"), zone),
            catchup=bool(document.get("catchup", False)),
        )

    @property
    def rule(self) -> Rule:
        """Raises ScheduleInvalid."""
        return rule_of(self.schedule, self.zone)

    def check(self) -> None:
        """Raises ScheduleInvalid."""
        _ = self.rule

    @property
    def is_scheduled(self) -> bool:
        """Whether it ever makes runs by time."""
        return not isinstance(self.rule, Never)

    @property
    def is_periodic(self) -> bool:
        """Whether it makes runs at times of its own, again and again."""
        return not isinstance(self.rule, Never | Once | Continuous)

    @property
    def is_continuous(self) -> bool:
        """Whether its next slot ends when it begins, whenever that is."""
        return isinstance(self.rule, Continuous)

    @property
    def assets(self) -> Mapping[str, Any] | None:
        """The condition over assets that starts runs as well, as in `dag.json`."""
        return self.schedule.get("assets") if isinstance(self.schedule, Mapping) else None

    @property
    def run_limit(self) -> int | None:
        """How many runs at once the schedule itself allows; None: as many as the DAG."""
        return self.rule.run_limit

    @property
    def summary(self) -> str | None:
        """What lists show beside a DAG."""
        summary = self.rule.summary
        return f"Asset or {summary}" if self.assets is not None and self.is_scheduled else summary

    def next_slot(self, last: DataInterval | None, *, now: datetime) -> Slot | None:
        """The next run. `last`: the data interval of the latest scheduled run.

        Without catch-up, slots that have passed are dropped but for the latest.
        """
        restriction = TimeRestriction(earliest=self.start, latest=self.end, catchup=self.catchup)
        return self.rule.next_slot(last, restriction, now)

    def slots_between(self, earliest: datetime, latest: datetime) -> Iterator[Slot]:
        """Every run between two moments, as a catch-up makes them, whatever the DAG's own dates are."""
        restriction = TimeRestriction(earliest=earliest, latest=latest, catchup=True)
        last: DataInterval | None = None
        while (slot := self.rule.next_slot(last, restriction, latest)) is not None:
            if last is not None and slot.logical_date <= last.start:
                return  # a schedule without slots of its own stands still
            yield slot
            last = slot.data_interval

    def manual_interval(self, run_after: datetime) -> DataInterval:
        """What a run covers that somebody starts by hand."""
        interval = self.rule.manual_interval(run_after)
        return replace(interval, start=interval.start.astimezone(UTC), end=interval.end.astimezone(UTC))


def aware(moment: datetime | str | None, zone: str) -> datetime | None:
    """A moment in UTC; one without a zone is of the schedule's."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
