"""The base of sensors. They are built as declared; they do not run yet."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal.unsupported import refuse
from airflow.sdk.exceptions import AirflowException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

_WEEK = timedelta(days=7)
_MODES = ("poke", "reschedule")


class PokeReturnValue:
    """What a poke found: whether to go on, and the task's value then."""

    def __init__(self, is_done: bool, xcom_value: Any = None) -> None:
        self.is_done = is_done
        self.xcom_value = xcom_value

    def __bool__(self) -> bool:
        return self.is_done


class BaseSensorOperator(BaseOperator):
    """A task that waits until `poke` says yes."""

    ui_color = "#e6f1f2"

    def __init__(
        self,
        *,
        poke_interval: Any = 60,
        timeout: Any = _WEEK,
        soft_fail: bool = False,
        mode: str = "poke",
        exponential_backoff: bool = False,
        max_wait: Any = None,
        silent_fail: bool = False,
        never_fail: bool = False,
        **kwargs: Any,
    ) -> None:
        """Raises AirflowException for another mode, ValueError for two ways to fail."""
        super().__init__(**kwargs)
        self.poke_interval = _seconds(poke_interval)
        self.timeout = _seconds(timeout)
        self.soft_fail = soft_fail
        self.mode = mode
        self.exponential_backoff = exponential_backoff
        self.max_wait = None if max_wait is None else _seconds(max_wait)
        self.silent_fail = silent_fail
        self.never_fail = never_fail
        if soft_fail and never_fail:
            raise ValueError("soft_fail and never_fail are mutually exclusive, you can not provide both.")
        if mode not in _MODES:
            raise AirflowException(
                f"The mode must be one of {list(_MODES)}, '{self.dag_id}.{self.task_id}'; received '{mode}'."
            )

    @property
    def reschedule(self) -> bool:
        return self.mode == "reschedule"

    def poke(self, context: Any) -> bool | PokeReturnValue:
        """Whether to go on."""
        raise AirflowException("Override me.")

    def execute(self, context: Any) -> Any:
        refuse("A sensor")


def poke_mode_only(cls: type) -> type:
    """For sensors that cannot be rescheduled: any other mode raises ValueError."""

    def only_poke(self: Any, value: str) -> None:
        if value != "poke":
            raise ValueError(f"Cannot set mode to '{value}'. Only 'poke' is acceptable")

    cls.mode = property(lambda self: "poke", only_poke)  # type: ignore[attr-defined]
    return cls


def _seconds(value: Any) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value
