"""When a sensor of time is satisfied.

Source: `sensors/{time_delta,time,date_time}.py` of Airflow's standard provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from leoflow_runtime.executors.native.texts import fill
from leoflow_runtime.executors.native.work import NativeTask

TIMES = frozenset({"time_delta", "duration", "time", "date_time"})


def target_of(task: NativeTask, wait: Mapping[str, Any]) -> datetime:
    """The moment that this sensor waits for. Raises ValueError and NameUnknown, one sentence each."""
    match wait["for"]:
        case "time_delta":
            base = task.times.data_interval_end or task.times.run_after
            return base + timedelta(seconds=wait["seconds"])
        case "duration":
            return task.started_at + timedelta(seconds=wait["seconds"])
        case "time":
            # The day on which the try began: a sensor that goes on after midnight waits for no second one.
            zone = ZoneInfo(task.zone)
            day = task.started_at.astimezone(zone).date()
            return datetime.combine(day, time.fromisoformat(wait["at"]), zone).astimezone(UTC)
    text = fill(wait["at"], task.times)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"`{text}` is no date and time") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
