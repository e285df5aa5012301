"""The base of sensors: tasks that look again and again until there is what they wait for."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferralError,
    TaskDeferralTimeout,
)

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_WEEK = timedelta(days=7)
_MODES = ("poke", "reschedule")
_LONGEST = timedelta.max.total_seconds() - 1


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
        """Pokes until it is done; in mode reschedule once, and then gives its place back.

        Raises AirflowSensorTimeout, or with `soft_fail` AirflowSkipException.
        """
        since, waited = self._clock(context)
        poke_count = 1
        while True:
            found = self._poke(context)
            if found:
                self.log.info("Success criteria met. Exiting.")
                return found.xcom_value if isinstance(found, PokeReturnValue) else None
            if waited() > self.timeout:
                message = (
                    f"Sensor has timed out; run duration of {waited()} seconds exceeds "
                    f"the specified timeout of {self.timeout}."
                )
                raise AirflowSkipException(message) if self.soft_fail else AirflowSensorTimeout(message)
            pause = self._next_poke_interval(since, waited, poke_count)
            if self.reschedule:
                from airflow.sdk.timezone import utcnow

                raise AirflowRescheduleException(utcnow() + timedelta(seconds=pause))
            import time

            time.sleep(pause)
            poke_count += 1

    def _clock(self, context: Any) -> tuple[Any, Callable[[], float]]:
        """When the waiting began, and how long it has lasted, in seconds: over all reschedules of a try."""
        if not self.reschedule:
            from time import monotonic

            began = monotonic()
            return began, lambda: monotonic() - began
        from airflow.sdk.timezone import utcnow

        first = context["ti"].get_first_reschedule_date(context) or utcnow()
        return first, lambda: (utcnow() - first).total_seconds()

    def _poke(self, context: Any) -> Any:
        try:
            return self.poke(context)
        except (AirflowSensorTimeout, AirflowTaskTimeout, AirflowFailException) as error:
            self._forgive(error)
            raise
        except AirflowSkipException:
            raise
        except Exception as error:
            if self.silent_fail:
                self.log.exception("Sensor poke failed")
                return False
            if self.never_fail:
                raise AirflowSkipException("Skipping due to never_fail is set to True.") from error
            raise

    def _forgive(self, error: BaseException) -> None:
        for wish in ("soft_fail", "never_fail"):
            if getattr(self, wish):
                raise AirflowSkipException(f"Skipping due to {wish} is set to True.") from error

    def resume_execution(self, next_method: str, next_kwargs: Any, context: Any) -> Any:
        try:
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except TaskDeferralTimeout as error:
                raise AirflowSensorTimeout(*error.args) from error
        except (AirflowException, TaskDeferralError) as error:
            if not isinstance(error, AirflowSkipException):
                self._forgive(error)
            raise

    def _next_poke_interval(self, since: Any, waited: Callable[[], float], poke_count: int) -> float:
        """Seconds; with `exponential_backoff` doubling, with Airflow's jitter."""
        if not self.exponential_backoff:
            return self.poke_interval
        if self.reschedule:
            # Nobody counts the pokes of earlier processes: they are told from the time that has passed.
            elapsed, passed, poke_count = waited(), 0.0, 0
            while passed <= elapsed:
                poke_count += 1
                passed += self._backoff(since, poke_count)
        pause = min(self.timeout - int(waited()), self._backoff(since, poke_count))
        if self.max_wait:
            pause = min(self.max_wait, pause)
        self.log.info("new %s interval is %s", self.mode, pause)
        return pause

    def _backoff(self, since: Any, poke_count: int) -> float:
        import hashlib

        least = max(int(self.poke_interval * (2 ** (poke_count - 2))), 1)
        text = f"{self.dag_id}#{self.task_id}#{since}#{poke_count}"
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        return min(least + int(digest, 16) % least, _LONGEST)


def poke_mode_only(cls: type) -> type:
    """For sensors that cannot be rescheduled: any other mode raises ValueError."""

    def only_poke(self: Any, value: str) -> None:
        if value != "poke":
            raise ValueError(f"Cannot set mode to '{value}'. Only 'poke' is acceptable")

    cls.mode = property(lambda self: "poke", only_poke)  # type: ignore[attr-defined]
    return cls


def _seconds(value: Any) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value
