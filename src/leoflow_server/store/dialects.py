"""Where SQLite and PostgreSQL differ: opening, transactions, types in migrations, error codes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
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


def open_engine(url: str, *, read_only: bool = False) -> Engine:
    """An engine whose connections are set up for this store. Nothing is opened yet.

    Raises DatabaseUnavailable for an URL that is neither SQLite in a file nor PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except Exception as error:
        raise DatabaseUnavailable("", "the database URL cannot be read") from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        raise DatabaseUnavailable(name_of(url), "PostgreSQL is not supported by this version")
    if backend != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise DatabaseUnavailable(name_of(url), "only sqlite:///FILE is supported")
    engine = create_engine(url, poolclass=NullPool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _readers_pragmas if read_only else _writers_pragmas)
    event.listen(engine, "begin", _begin_reading if read_only else _begin_writing)
    return engine


def name_of(url: str) -> str:
    """The database as people know it: without a password."""
    try:
        parsed = make_url(url)
    except Exception:  # noqa: BLE001 - whatever it is, it is not shown
        return "(unreadable URL)"
    return parsed.database or "" if parsed.get_backend_name() == "sqlite" else parsed.render_as_string()


def prepare_place(url: str) -> None:
    """Creates the folder (0700) and the file (0600), so that secrets in it are the owner's alone."""
    database = make_url(url).database or ""
    path = Path(database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise DatabaseReadOnly(database, error.strerror or str(error)) from error


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Driver errors leave as StoreError; integrity errors and everything else as they are."""
    try:
        yield
    except DBAPIError as error:
        known = translate(url, error.orig)
        if known is None:
            raise
        raise known from error
    except sqlite3.Error as error:
        known = translate(url, error)
        if known is None:
            raise
        raise known from error


def translate(url: str, error: BaseException | None) -> StoreError | None:
    """The typed form of a driver's error; None where it is the caller's own (a constraint, a wrong query)."""
    if not isinstance(error, sqlite3.Error):
        return None
    name = getattr(error, "sqlite_errorname", "") or ""
    database, reason = name_of(url), str(error)
    for prefix, kind in _BY_NAME.items():
        if name.startswith(prefix):
            failure: StoreError = kind(database, reason)
            return failure
    return None


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
