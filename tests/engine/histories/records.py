"""The record of a history: in memory, or in a database that answers in no virtual time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, delete, insert, update

from leoflow_runtime.engine.in_memory import InMemoryStore
from leoflow_runtime.engine.store import Lease, Tx
from leoflow_server.store import SqlStore, tables

from .committed import Tables, committed

T = TypeVar("T")


class Record(Protocol):
    """A store that is used without waiting. `failing_commits`: how many next commits fail."""

    clock: Callable[[], datetime]
    failing_commits: int

    @property
    def tables(self) -> Tables:
        """What was committed, by the in-memory store's names; not to be written to."""

    def write_now(self, body: Callable[[Tx], T], *, lease: Lease | None = None) -> T: ...
    def read_now(self, body: Callable[[Tx], T]) -> T: ...
    async def acquire_lease(self, owner: str, ttl: timedelta) -> Lease | None: ...
    async def release_lease(self, lease: Lease) -> None: ...
    def resize_pool(self, tx: Tx, name: str, slots: int) -> None:
        """As a person's request does, in whose transaction it is."""

    def lose_notices(self) -> None:
        """Empties the inbox."""

    def close(self) -> None: ...


class MemoryRecord(InMemoryStore):
    def resize_pool(self, tx: Tx, name: str, slots: int) -> None:
        tx._put("pools", (1, name), slots)  # type: ignore[attr-defined] # undone with the rest

    def lose_notices(self) -> None:
        self.tables["inbox"].clear()

    def close(self) -> None:
        """Nothing is open."""


class SqlRecord:
    """A migrated database, through the store that the control plane uses, on threads of its own."""

    def __init__(self, url: str, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.failing_commits = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._store = SqlStore(url, clock=clock, readers=1)
        self._seen: Tables | None = None

    def _answer(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @property
    def tables(self) -> Tables:
        if self._seen is None:
            self._seen = self.read_now(committed)
        return self._seen

    def write_now(self, body: Callable[[Tx], T], *, lease: Lease | None = None) -> T:
        def whole(tx: Tx) -> T:
            result = body(tx)
            if self.failing_commits:
                self.failing_commits -= 1
                raise OSError("the disk is full")
            return result

        self._seen = None
        return self._answer(self._store.write(whole, lease=lease))

    def read_now(self, body: Callable[[Tx], T]) -> T:
        return self._answer(self._store.read(body))

    async def acquire_lease(self, owner: str, ttl: timedelta) -> Lease | None:
        await asyncio.sleep(0)
        return self._answer(self._store.acquire_lease(owner, ttl))

    async def release_lease(self, lease: Lease) -> None:
        await asyncio.sleep(0)
        self._answer(self._store.release_lease(lease))

    def resize_pool(self, tx: Tx, name: str, slots: int) -> None:
        connection: Connection = tx.connection  # type: ignore[attr-defined]
        pools = tables.pools
        there = update(pools).where(pools.c.name == name).values(slots=slots)
        if connection.execute(there).rowcount == 0:
            connection.execute(insert(pools).values(tenant_id=1, name=name, slots=slots))

    def lose_notices(self) -> None:
        self._answer(self._store.write_rows(lambda connection: connection.execute(delete(tables.inbox))))

    def close(self) -> None:
        self._store.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
