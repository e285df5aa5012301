"""Readers: a few threads, each with a read-only connection of its own and a snapshot per call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection

from leoflow_server.store.dialects import database, translated
from leoflow_server.store.errors import StoreClosed

T = TypeVar("T")


class Readers:
    def __init__(self, url: str, *, threads: int = 3) -> None:
        self._database = database(url)
        self._engine = self._database.engine(read_only=True)
        self._url = url
        self._local = threading.local()
        self._open: list[Connection] = []
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = ThreadPoolExecutor(threads, thread_name_prefix="store-reader")

    async def run(self, body: Callable[[Connection], T]) -> T:
        """Runs `body` in a read-only snapshot."""
        if self._pool is None:
            raise StoreClosed
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, body)

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)
            for connection in self._open:
                connection.close()

    def _read(self, body: Callable[[Connection], T]) -> T:
        with translated(self._url):
            connection, is_new = self._connection()
            try:
                return self._in_snapshot(connection, body)
            except Exception:
                if not self._database.is_gone(connection):
                    raise
                self._discard(connection)
                if is_new:
                    raise
            # It broke while nobody used it (the database was restarted): reading again does no harm.
            return self._in_snapshot(self._connection()[0], body)

    def _in_snapshot(self, connection: Connection, body: Callable[[Connection], T]) -> T:
        with connection.begin():
            return body(connection)

    def _connection(self) -> tuple[Connection, bool]:
        """This thread's own, and whether it has just been opened."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None and not connection.closed:
            return connection, False
        connection = self._engine.connect()
        self._local.connection = connection
        with self._lock:
            self._open.append(connection)
        return connection, True

    def _discard(self, connection: Connection) -> None:
        self._local.connection = None
        with self._lock:
            self._open.remove(connection)
        with suppress(Exception):  # broken anyway
            connection.close()
