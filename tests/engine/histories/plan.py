"""What a history begins with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from leoflow_runtime.engine.engine import EngineSettings

from .records import MemoryRecord, Record

START = datetime(2026, 3, 1, tzinfo=UTC)
SLOT = timedelta(minutes=10)
SLOTS = 6
# Seconds of virtual time cost real ones: less is polled than in earnest, in a database still less.
CALM = EngineSettings(lease_ttl=8, lease_renewal=2, lease_watch=2, sweep=5, dispatch_concurrency=2)
SLOW = EngineSettings(lease_ttl=30, lease_renewal=10, lease_watch=10, sweep=10, dispatch_concurrency=2)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`trouble`: how often anything goes wrong, of 1. `record`: made with the history's clock."""

    documents: Sequence[Mapping[str, Any]]
    pools: Mapping[str, int]
    seed: int
    steps: int = 40
    trouble: float = 0.1
    settings: EngineSettings = CALM
    record: Callable[[Callable[[], datetime]], Record] = MemoryRecord


def scheduled() -> dict[str, Any]:
    """The fields of a DAG that has a run for each slot, whatever happened meanwhile."""
    end = START + (SLOTS - 1) * SLOT
    return {
        "schedule": {"delta_seconds": SLOT.total_seconds()},
        "start_date": START.isoformat(),
        "end_date": end.isoformat(),
        "catchup": True,
    }
