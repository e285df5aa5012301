"""Waiting for a point in time."""

from __future__ import annotations

from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


class DateTimeSensor(BaseSensorOperator):
    """Until that time; a text is a template for one."""

    template_fields = ("target_time",)

    def __init__(self, *, target_time: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if hasattr(target_time, "isoformat"):
            self.target_time = target_time.isoformat()
        elif isinstance(target_time, str):
            self.target_time = target_time
        else:
            raise TypeError(
                f"Expected str or datetime.datetime type for target_time. Got {type(target_time)}"
            )

    @property
    def _moment(self) -> datetime:
        from airflow.sdk.timezone import parse

        return self.target_time if hasattr(self.target_time, "isoformat") else parse(self.target_time)

    def poke(self, context: Any) -> bool:
        from airflow.sdk.timezone import utcnow

        self.log.info("Checking if the time (%s) has come", self.target_time)
        return utcnow() > self._moment


class DateTimeSensorAsync(DateTimeSensor):
    """The same, deferred."""

    def __init__(
        self,
        *,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
        trigger_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())

    def execute(self, context: Any) -> Any:
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        trigger = DateTimeTrigger(moment=self._moment, end_from_trigger=self.end_from_trigger)
        self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """The time has come."""
