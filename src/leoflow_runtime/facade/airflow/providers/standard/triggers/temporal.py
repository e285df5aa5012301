"""Waiting for a point in time."""

from __future__ import annotations

from airflow.sdk.definitions._internal.declared import keep
from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from typing import Any


class DateTimeTrigger(BaseTrigger):
    """Until that time."""

    def __init__(self, moment: datetime, *, end_from_trigger: bool = False) -> None:
        super().__init__()
        keep(self, locals())

    def serialize(self) -> tuple[str, dict[str, Any]]:
        path = "airflow.providers.standard.triggers.temporal.DateTimeTrigger"
        return path, {"moment": self.moment, "end_from_trigger": self.end_from_trigger}

    async def run(self) -> Any:
        """Sleeps no longer than a minute at a time: the clock may be set."""
        import asyncio

        from airflow.sdk.timezone import utcnow

        while (left := (self.moment - utcnow()).total_seconds()) > 0:
            await asyncio.sleep(min(left, 60.0))
        yield TaskSuccessEvent() if self.end_from_trigger else TriggerEvent(self.moment)


class TimeDeltaTrigger(DateTimeTrigger):
    """Until that long from now."""

    def __init__(self, delta: timedelta, *, end_from_trigger: bool = False) -> None:
        from airflow.sdk.timezone import utcnow

        super().__init__(utcnow() + delta, end_from_trigger=end_from_trigger)
