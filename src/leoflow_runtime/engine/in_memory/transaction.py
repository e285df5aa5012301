"""One transaction over the in-memory tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from leoflow_runtime.engine.in_memory.assets import InMemoryAssets
from leoflow_runtime.engine.in_memory.backfills import InMemoryBackfills
from leoflow_runtime.engine.in_memory.dags import InMemoryDags
from leoflow_runtime.engine.in_memory.launches import InMemoryLaunches
from leoflow_runtime.engine.store import Change, Lease, LeaseLost


class InMemoryTx(InMemoryDags, InMemoryLaunches, InMemoryAssets, InMemoryBackfills):
    """It implements every operation of `Tx`. `planner`: changes are announced in memory, not in the inbox."""

    def __init__(
        self,
        tables: dict[str, dict[Any, Any]],
        dates: dict[int, list[datetime]],
        now: datetime,
        *,
        planner: bool,
        read_only: bool = False,
    ) -> None:
        super().__init__(tables, dates, now, read_only=read_only)
        self._planner = planner
        self.left_inbox_rows = False

    def hold_lease(self, lease: Lease) -> None:
        held = self._tables["lease"].get("planner")
        if held is None or (held.owner, held.epoch) != (lease.owner, lease.epoch):
            raise LeaseLost

    def announce(self, change: Change) -> None:
        if self._planner:
            self._announced.append(change)
            return
        self.leave(change)
        self.left_inbox_rows = True

    def leave(self, change: Change) -> None:
        seq = self._next("inbox")
        self._put("inbox", seq, replace(change, seq=seq, task=None))

    def take_announced(self) -> list[Change]:
        taken, self._announced = self._announced, []
        return taken

    def take_inbox(self, limit: int) -> list[Change]:
        rows = sorted(self._tables["inbox"])[:limit]
        taken = [self._tables["inbox"][seq] for seq in rows]
        for seq in rows:
            self._drop("inbox", seq)
        return taken

    def pool_slots(self) -> Mapping[tuple[int, str], int]:
        return dict(self._tables["pools"])
