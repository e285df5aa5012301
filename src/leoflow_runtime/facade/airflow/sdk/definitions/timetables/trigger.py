"""Runs at points in time, which need not cover the time between."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk.bases.timetable import BaseTimetable
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

_NONE = timedelta()


class DeltaTriggerTimetable(BaseTimetable):
    """By a length of time."""

    def __init__(self, delta: Any, *, interval: Any = _NONE) -> None:
        keep(self, locals())


class CronTriggerTimetable(BaseTimetable):
    """By a cron expression."""

    def __init__(
        self, expression: str, timezone: Any, *, interval: Any = _NONE, run_immediately: Any = False
    ) -> None:
        keep(self, locals())


class MultipleCronTriggerTimetable(BaseTimetable):
    """By several cron expressions."""

    def __init__(
        self, *crons: str, timezone: Any, interval: Any = _NONE, run_immediately: Any = False
    ) -> None:
        self.timetables = [
            CronTriggerTimetable(cron, timezone, interval=interval, run_immediately=run_immediately)
            for cron in crons
        ]


class CronPartitionTimetable(BaseTimetable):
    """By a cron expression; each run is for a partition."""

    def __init__(
        self,
        cron: str,
        *,
        timezone: Any,
        run_offset: Any = None,
        run_immediately: Any = False,
        key_format: str = "%Y-%m-%dT%H:%M:%S",
    ) -> None:
        keep(self, locals())
