"""Waiting for a time of day."""

from __future__ import annotations

from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
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


class TimeSensorAsync(TimeSensor):
    """The same, deferred."""
