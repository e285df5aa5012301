"""Waiting for a time of day."""

from __future__ import annotations

from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


class TimeSensor(BaseSensorOperator):
    """Until that time, today."""

    def __init__(
        self,
        *,
        target_time: Any,
        deferrable: bool = False,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
        trigger_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())

    def _moment(self) -> datetime:
        """Today at that time, where the DAG's clock is."""
        from datetime import datetime

        zone = self.dag.timezone
        return datetime.combine(datetime.now(zone).date(), self.target_time, zone)

    def poke(self, context: Any) -> bool:
        from airflow.sdk.timezone import utcnow

        self.log.info("Checking if the time (%s) has come", self._moment())
        return utcnow() > self._moment()

    def execute(self, context: Any) -> Any:
        if not self.deferrable:
            return super().execute(context)
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        trigger = DateTimeTrigger(moment=self._moment(), end_from_trigger=self.end_from_trigger)
        return self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """The time has come."""


class TimeSensorAsync(TimeSensor):
    """The same, deferred."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "deferrable": True})
