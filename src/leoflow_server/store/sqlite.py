"""SQLite in a file: WAL, synced at each commit, one writer. Lite's database."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from leoflow_server.store.errors import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnavailable,
    StoreError,
)

BUSY_TIMEOUT_MS = 5_000

_BY_NAME: dict[str, type[Any]] = {
    "SQLITE_CORRUPT": DatabaseCorrupt,
    "SQLITE_NOTADB": DatabaseCorrupt,
    "SQLITE_READONLY": DatabaseReadOnly,
    "SQLITE_PERM": DatabaseReadOnly,
    "SQLITE_FULL": DatabaseFull,
    "SQLITE_BUSY": DatabaseBusy,
    "SQLITE_LOCKED": DatabaseBusy,
    "SQLITE_CANTOPEN": DatabaseUnavailable,
    "SQLITE_IOERR": DatabaseUnavailable,
}


class Sqlite:
    """`leoflow_server.store.dialects.Database`."""

    is_shared = False

    def __init__(self, url: URL) -> None:
        self._url = url
        self.name = url.database or ""

    def engine(self, *, read_only: bool = False) -> Engine:
        engine = create_engine(self._url, poolclass=NullPool, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _readers_pragmas if read_only else _writers_pragmas)
        event.listen(engine, "begin", _begin_reading if read_only else _begin_writing)
        return engine

    def prepare_place(self) -> None:
        """The folder (0700) and the file (0600), so that secrets in it are the owner's alone."""
        path = Path(self.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                path.touch(mode=0o600)
        except OSError as error:
            raise DatabaseReadOnly(self.name, error.strerror or str(error)) from error

    def is_there(self) -> bool:
        return Path(self.name).exists()

    def migrating(self, connection: Connection) -> None:
        """A write transaction has no bounds of time here."""

    def translate(self, error: BaseException | None) -> StoreError | None:
        if not isinstance(error, sqlite3.Error):
            return None
        name = getattr(error, "sqlite_errorname", "") or ""
        for prefix, kind in _BY_NAME.items():
            if name.startswith(prefix):
                failure: StoreError = kind(self.name, str(error))
                return failure
        return None

    def moment(self, connection: Connection) -> datetime | None:
        return None

    def is_gone(self, connection: Connection) -> bool:
        return False

    def keep_alive(self, connection: Connection) -> None:
        """Nobody asks."""

    def announce(self, connection: Connection) -> None:
        """There is no other replica."""


def _writers_pragmas(connection: Any, record: Any) -> None:
    # The driver must not open transactions by itself: see _begin_writing.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.execute("PRAGMA cache_size = -16384")
    cursor.close()


def _readers_pragmas(connection: Any, record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA query_only = ON")
    cursor.execute("PRAGMA cache_size = -4096")
    cursor.close()


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
