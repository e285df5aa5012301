"""What a sensor does after each look, as Airflow's `BaseSensorOperator.execute` does it: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.executors.native.work import Ended

_WEEK = 7 * 24 * 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sensor:
    """How it waits. Durations are seconds."""

    poke_interval: float = 60.0
    timeout: float = _WEEK
    soft_fail: bool = False
    reschedules: bool = False

    @classmethod
    def from_document(cls, raw: Mapping[str, Any]) -> Sensor:
        return cls(
            poke_interval=raw.get("poke_interval_seconds", 60.0),
            timeout=raw.get("timeout_seconds", _WEEK),
            soft_fail=raw.get("soft_fail", False),
            reschedules=raw.get("mode") == "reschedule",
        )

    def timed_out(self, started_at: datetime, now: datetime) -> Ended | None:
        """Its end, where it has waited too long: no retry would help."""
        if now - started_at <= timedelta(seconds=self.timeout):
            return None
        waited = (now - started_at).total_seconds()
        return self.failed(f"the sensor has waited {waited:.0f} s; its timeout is {self.timeout:g} s")

    def failed(self, message: str, *, may_retry: bool = False) -> Ended:
        if self.soft_fail:
            return Ended(outcome=Outcome.SKIPPED, message=f"{message} (skipped: soft_fail)")
        return Ended(outcome=Outcome.FAILED if may_retry else Outcome.FAILED_NO_RETRY, message=message)

    def next_look(self, started_at: datetime, now: datetime) -> datetime:
        """When to look again: no later than just after its timeout."""
        over = started_at + timedelta(seconds=self.timeout, milliseconds=1)
        return min(now + timedelta(seconds=max(self.poke_interval, 0.05)), max(over, now))


def judge(
    states: Collection[str | None], wait: Mapping[str, Any], sensor: Sensor, wanted: int
) -> Ended | None:
    """What the states of other DAGs' runs or tasks mean for who waits for them; None: wait on.

    `wanted`: how many have to be in an allowed state. As Airflow's `ExternalTaskSensor._poke_af3`: failed
    states first, then those to skip on.
    """
    counts = Counter(states)

    def count(field: str) -> int:
        return sum(counts[state] for state in wait.get(field, ()))

    what = f"DAG {wait['dag_id']}"
    if wait.get("task_ids"):
        what = f"tasks {', '.join(wait['task_ids'])} of {what}"
    elif wait.get("group_id"):
        what = f"task group {wait['group_id']} of {what}"
    if count("failed_states"):
        return sensor.failed(f"what it waits for has failed: {what}", may_retry=True)
    if count("skipped_states"):
        return Ended(outcome=Outcome.SKIPPED, message=f"{what} is in a state on which this task is skipped")
    allowed = count("allowed_states") if "allowed_states" in wait else counts["success"]
    return Ended(outcome=Outcome.SUCCESS) if wanted and allowed >= wanted else None
