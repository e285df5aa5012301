"""Waiting for a point in time."""

from __future__ import annotations

from airflow.sdk.definitions._internal.declared import keep
from airflow.triggers.base import BaseTrigger

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from datetime import datetime, timedelta


class DateTimeTrigger(BaseTrigger):
    """Until that time."""

    def __init__(self, moment: datetime, *, end_from_trigger: bool = False) -> None:
        super().__init__()
        keep(self, locals())


class TimeDeltaTrigger(DateTimeTrigger):
    """Until that long from now."""

    def __init__(self, delta: timedelta, *, end_from_trigger: bool = False) -> None:
        from airflow.sdk.timezone import utcnow

        super().__init__(utcnow() + delta, end_from_trigger=end_from_trigger)
