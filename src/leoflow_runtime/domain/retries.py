"""When a failed try is tried again: Airflow's formula, and ours for launches that were lost."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta

from leoflow_runtime.artifact import TaskSpec

# Lost launches of one try that do not use it up.
INFRA_FAILURES_PER_TRY = 3
MAX_RETRY_DELAY_SECONDS = 24 * 60 * 60.0


def may_retry(task: TaskSpec, try_number: int, max_tries: int) -> bool:
    """Whether a try that failed is followed by another. `max_tries`: retries allowed in all."""
    return bool(task.retries) and try_number <= max_tries


def jitter_key(dag_id: str, task_id: str, logical_date: datetime | None) -> str:
    """What seeds the jitter of a task's delays: Airflow's own words, so that the delays are its too."""
    return f"{dag_id}#{task_id}#{logical_date}"


def retry_due(task: TaskSpec, *, key: str, try_number: int, ended_at: datetime) -> datetime:
    """When the try after `try_number` is due. `key` names the task instance: it seeds the jitter."""
    return ended_at + timedelta(seconds=retry_delay_seconds(task, key=key, try_number=try_number))


def retry_delay_seconds(task: TaskSpec, *, key: str, try_number: int) -> float:
    """The delay after try 1, 2, …

    With backoff: between once and twice `retry_delay * multiplier ** (try - 1)`, the same for the same
    task instance and try, never beyond a day nor the task's own cap.
    """
    multiplier = task.retry_exponential_backoff
    if multiplier in (0, 1):
        return task.retry_delay_seconds
    try:
        least = math.ceil(float(task.retry_delay_seconds) * multiplier ** (try_number - 1))
    except OverflowError:
        least = int(MAX_RETRY_DELAY_SECONDS)
    least = max(least, 1)
    digest = hashlib.sha1(f"{key}#{try_number}".encode(), usedforsecurity=False).digest()
    delay = min(float(least + int.from_bytes(digest, "big") % least), MAX_RETRY_DELAY_SECONDS)
    if task.max_retry_delay_seconds is not None:
        delay = min(delay, task.max_retry_delay_seconds)
    return delay


def infra_due(now: datetime, losses: int) -> datetime:
    """When a launch that was lost for the first, second, … time is made again: 1 s, 5 s, 25 s."""
    return now + timedelta(seconds=5.0 ** (losses - 1))
