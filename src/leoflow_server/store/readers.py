"""Readers: a few threads, each with a read-only connection of its own and a snapshot per call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

from leoflow_server.store.dialects import translated
from leoflow_server.store.errors import StoreClosed

T = TypeVar("T")


class Readers:
    def __init__(self, engine: Engine, url: str, *, threads: int = 3) -> None:
        self._engine = engine
        self._url = url
        self._local = threading.local()
        self._open: list[Connection] = []
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = ThreadPoolExecutor(threads, thread_name_prefix="store-reader")

    async def run(self, body: Callable[[Connection], T]) -> T:
        """Runs `body` in a snapshot that is given up afterwards, whatever it did."""
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
            connection = self._connection()
            transaction = connection.begin()
            try:
                return body(connection)
            finally:
                transaction.rollback()

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            connection = self._engine.connect()
            self._local.connection = connection
            with self._lock:
                self._open.append(connection)
        return connection
