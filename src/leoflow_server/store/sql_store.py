"""The engine's store on SQL, and the way in for everyone else's named queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from leoflow_runtime.engine.store import Lease, Tx
from leoflow_server.store import lease as lease_queries
from leoflow_server.store import migrations
from leoflow_server.store.dialects import database
from leoflow_server.store.prepared import Session
from leoflow_server.store.readers import Readers
from leoflow_server.store.transaction import SqlTx
from leoflow_server.store.versions import VersionCache
from leoflow_server.store.writer import Writer

T = TypeVar("T")
Clock = Callable[[], datetime]


class SqlStore:
    """`leoflow_runtime.engine.store.Store` on a migrated database.

    `changed` holds callbacks without arguments: called on the event loop after a commit that left
    inbox rows, as a hint to look there.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        on_group: Callable[[int], None] | None = None,
        readers: int = 3,
    ) -> None:
        """Without `clock`, the time is the database's, or this machine's where the database has none.

        Raises StoreError when the database is not there, not migrated, newer, damaged or locked.
        """
        migrations.check(url)
        self.url = url
        self.changed: list[Callable[[], None]] = []
        self._clock = clock
        self._versions = VersionCache()
        self._database = database(url)
        self._writer = Writer(url, on_group=on_group)
        self._readers = Readers(url, threads=readers)

    @property
    def is_shared(self) -> bool:
        """Whether other replicas may write to it too."""
        return self._database.is_shared

    async def write(self, body: Callable[[Tx], T], *, lease: Lease | None = None) -> T:
        """Runs `body` on the writer and returns after the commit; its exception rolls back only its own work.

        Raises LeaseLost where `lease` is no longer the current one, StoreError where nothing can be written.
        """
        announced = False

        def job(session: Session) -> T:
            nonlocal announced
            tx = SqlTx(session, self._time(session.connection), self._versions, lease=lease)
            if lease is not None:
                tx.hold_lease(lease)
            result = body(tx)
            tx.flush()
            announced = tx.announced
            if announced:
                self._database.announce(session.connection)
            return result

        result: T = await self._writer.submit(job)
        if announced:
            for callback in self.changed:
                callback()
        return result

    async def read(self, body: Callable[[Tx], T]) -> T:
        def snapshot(connection: Connection) -> T:
            with Session(connection) as session:
                tx = SqlTx(session, self._time(connection), self._versions)
                result = body(tx)
                tx.flush()  # what it would write is refused here
                return result

        return await self._readers.run(snapshot)

    async def read_rows(self, query: Callable[[Connection], T]) -> T:
        """Runs a named query in a read-only snapshot."""
        return await self._readers.run(query)

    async def write_rows(self, query: Callable[[Connection], T]) -> T:
        """Runs a named query on the writer, whole or not at all; returns after the commit."""
        result: T = await self._writer.submit(lambda session: query(session.connection))
        return result

    async def acquire_lease(self, owner: str, ttl: timedelta) -> Lease | None:
        if self._database.is_shared and await self._readers.run(partial(self._is_anothers, owner=owner)):
            return None  # nobody has to wait for a look
        lease: Lease | None = await self._writer.submit(
            lambda session: lease_queries.acquire(session, owner, self._time(session.connection), ttl)
        )
        return lease

    def _is_anothers(self, connection: Connection, owner: str) -> bool:
        with Session(connection) as session:
            return lease_queries.is_anothers(session, owner, self._time(connection))

    async def release_lease(self, lease: Lease) -> None:
        await self._writer.submit(
            lambda session: lease_queries.release(session, lease, self._time(session.connection))
        )

    def _time(self, connection: Connection) -> datetime:
        """One for a whole transaction of a shared database; replicas' clocks need not agree."""
        if self._clock is not None:
            return self._clock()
        return self._database.moment(connection) or datetime.now(UTC)

    def close(self) -> None:
        """Writes what is queued and closes every connection. Blocks; further calls raise StoreClosed."""
        self._writer.close()
        self._readers.close()
