"""Asks Airflow's TaskInstance how long it waits before each retry."""

from __future__ import annotations

import itertools
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.models.taskinstance import TaskInstance

ENDED = datetime(2026, 3, 1, tzinfo=UTC)
DATES = (None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 3, 4, 5, 6, 789, UTC))
DELAYS = (0, 0.4, 1, 30, 300, 4000.5)
BACKOFFS = (0, 1, 0.5, 1.5, 2, 10)
CAPS = (None, 45, 7200, 200_000)
TRIES = (1, 2, 3, 7, 40, 5000)


def delay(
    task_id: str, date: datetime | None, seconds: float, backoff: float, cap: Any, number: int
) -> float:
    ti = SimpleNamespace(
        dag_id="d",
        task_id=task_id,
        logical_date=date,
        try_number=number,
        end_date=ENDED,
        log=logging.getLogger("silent"),
        task=SimpleNamespace(
            retry_delay=timedelta(seconds=seconds),
            retry_exponential_backoff=backoff,
            max_retry_delay=None if cap is None else timedelta(seconds=cap),
        ),
    )
    waited: timedelta = TaskInstance.next_retry_datetime(ti) - ENDED
    return waited.total_seconds()


def main() -> None:
    logging.getLogger("silent").disabled = True
    lines = []
    for seconds, backoff, cap, date in itertools.product(DELAYS, BACKOFFS, CAPS, DATES):
        task_id = f"t{len(lines) % 7}"
        lines.append(
            json.dumps(
                {
                    "task_id": task_id,
                    "logical_date": date and date.isoformat(),
                    "retry_delay_seconds": seconds,
                    "retry_exponential_backoff": backoff,
                    "max_retry_delay_seconds": cap,
                    "delays": {n: delay(task_id, date, seconds, backoff, cap, n) for n in TRIES},
                }
            )
        )
    Path(__file__).with_name("retries.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
