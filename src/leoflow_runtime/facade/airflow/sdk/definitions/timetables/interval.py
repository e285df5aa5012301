"""Runs that cover the time since the run before."""

from __future__ import annotations

from airflow.sdk.bases.timetable import BaseTimetable
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class CronDataIntervalTimetable(BaseTimetable):
    """By a cron expression."""

    def __init__(self, expression: str, timezone: Any) -> None:
        keep(self, locals())


class DeltaDataIntervalTimetable(BaseTimetable):
    """By a length of time."""

    def __init__(self, delta: Any) -> None:
        keep(self, locals())
