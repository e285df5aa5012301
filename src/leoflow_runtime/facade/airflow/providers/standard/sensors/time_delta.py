"""Waiting for some time to pass."""

from __future__ import annotations

from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class TimeDeltaSensor(BaseSensorOperator):
    """Until that long after the run's data interval."""

    def __init__(
        self, *, delta: Any, deferrable: bool = False, end_from_trigger: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())


class TimeDeltaSensorAsync(TimeDeltaSensor):
    """The same, deferred."""


class WaitSensor(BaseSensorOperator):
    """Until that long after the task's start."""

    def __init__(self, time_to_wait: Any, deferrable: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        keep(self, locals())
