"""The tables, the clock, and the two ways in: `write` and `read`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from leoflow_runtime.engine.in_memory.transaction import InMemoryTx
from leoflow_runtime.engine.store import Lease, Tx

T = TypeVar("T")

_TABLES = (
    *("dags", "versions", "runs", "tasks", "launches", "xcoms", "rendered", "tries", "unseen", "map_lengths"),
    *("inbox", "lease", "pools", "sequences", "backfills", "backfill_runs"),
    *("assets", "asset_references", "asset_events", "alias_assets", "queued_assets", "consumed_events"),
    *("missed_deadlines", "run_deadlines"),
    *("dag_versions", "dag_runs", "run_tasks"),  # indexes: a parent's key to its children's
    *("run_ids", "run_dates", "active", "unfinished"),  # indexes: see `InMemoryRuns._index_run`
)


class InMemoryStore:
    """`clock`: what the database's clock would say. `failing_commits`: how many next commits fail."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.tables: dict[str, dict[Any, Any]] = {name: {} for name in _TABLES}
        self.tables["pools"][1, "default_pool"] = 128
        # The logical dates of a DAG's runs in order; they only grow, and one may have no run (any more).
        self.dates: dict[int, list[datetime]] = {}
        self.changed: Callable[[], None] | None = None  # called after a commit left inbox rows
        self.failing_commits = 0
        self.commits = 0

    async def write(self, body: Callable[[Tx], T], *, lease: Lease | None = None) -> T:
        await asyncio.sleep(0)
        return self.write_now(body, lease=lease)

    def write_now(self, body: Callable[[Tx], T], *, lease: Lease | None = None) -> T:
        """The same without an event loop."""
        tx = InMemoryTx(self.tables, self.dates, self.clock(), planner=lease is not None)
        try:
            if lease is not None:
                tx.hold_lease(lease)
            result = body(tx)
            if self.failing_commits:
                self.failing_commits -= 1
                raise OSError("the disk is full")
        except BaseException:
            tx.undo_to(0)
            raise
        self.commits += 1
        if tx.left_inbox_rows and self.changed is not None:
            self.changed()
        return result

    async def read(self, body: Callable[[Tx], T]) -> T:
        await asyncio.sleep(0)
        return self.read_now(body)

    def read_now(self, body: Callable[[Tx], T]) -> T:
        """The same without an event loop."""
        return body(InMemoryTx(self.tables, self.dates, self.clock(), planner=False, read_only=True))

    async def acquire_lease(self, owner: str, ttl: timedelta) -> Lease | None:
        await asyncio.sleep(0)
        held: Lease | None = self.tables["lease"].get("planner")
        now = self.clock()
        if held is not None and held.owner != owner and held.expires_at > now:
            return None
        epoch = held.epoch + (held.owner != owner) if held else 1
        lease = Lease(owner=owner, epoch=epoch, expires_at=now + ttl)
        self.tables["lease"]["planner"] = lease
        return lease

    async def release_lease(self, lease: Lease) -> None:
        await asyncio.sleep(0)
        held = self.tables["lease"].get("planner")
        if held is not None and (held.owner, held.epoch) == (lease.owner, lease.epoch):
            self.tables["lease"]["planner"] = replace(held, expires_at=self.clock())
