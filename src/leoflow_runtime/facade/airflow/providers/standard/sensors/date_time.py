"""Waiting for a point in time."""

from __future__ import annotations

from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
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
