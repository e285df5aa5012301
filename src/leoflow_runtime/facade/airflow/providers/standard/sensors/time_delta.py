"""Waiting for some time to pass."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.triggers.temporal import DateTimeTrigger, TimeDeltaTrigger
from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.timezone import utcnow

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


class TimeDeltaSensor(BaseSensorOperator):
    """Until that long after the run's data interval."""

    def __init__(
        self, *, delta: Any, deferrable: bool = False, end_from_trigger: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())

    def _moment(self, context: Any) -> datetime:
        """A run without a data interval counts from when it may start."""
        return (context.get("data_interval_end") or context["dag_run"].run_after) + self.delta

    def poke(self, context: Any) -> bool:
        self.log.info("Checking if the delta has elapsed by %s", self._moment(context))
        return utcnow() > self._moment(context)

    def execute(self, context: Any) -> Any:
        if not self.deferrable:
            return super().execute(context)
        if utcnow() > self._moment(context):
            return True
        trigger = DateTimeTrigger(moment=self._moment(context), end_from_trigger=self.end_from_trigger)
        return self.defer(trigger=trigger, method_name="execute_complete", timeout=self.timeout)

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """The time has come."""


class TimeDeltaSensorAsync(TimeDeltaSensor):
    """The same, deferred."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "deferrable": True})


class WaitSensor(BaseSensorOperator):
    """Until that long after the task's start."""

    def __init__(self, time_to_wait: Any, deferrable: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        keep(self, locals())
        if not hasattr(time_to_wait, "total_seconds"):
            self.time_to_wait = timedelta(minutes=time_to_wait)

    def execute(self, context: Any) -> Any:
        if self.deferrable:
            trigger = TimeDeltaTrigger(self.time_to_wait, end_from_trigger=True)
            self.defer(trigger=trigger, method_name="execute_complete")
        import time

        time.sleep(self.time_to_wait.total_seconds())

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """The time has passed."""
