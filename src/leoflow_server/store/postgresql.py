"""PostgreSQL 13 or newer: what lets several replicas share one record.

Write transactions of all replicas come one after the other, by an advisory lock that each begins with:
what is read in one stays true until its commit, as on SQLite, and inbox rows are committed in the order of
their numbers. A transaction whose process has stopped (SIGSTOP, a lost machine) is ended by the database
after IDLE_SECONDS, so nobody waits longer for its lock; one that computes says each second that it lives.
All of that is the transaction's own, and so works behind a pooler that gives each transaction another
connection; such a pooler is recognized by itself.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown
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

OLDEST = 13
# A planner's lease ends after 4 s without renewal: whoever holds the lock and sleeps must be gone by then.
IDLE_SECONDS = 3.0
LOCK_SECONDS = 15.0
SNAPSHOT_IDLE_SECONDS = 60.0
CHANNEL = "leoflow_inbox"

# One of each for every database: advisory locks are the database's own.
_WRITE_LOCK = 0x1E0F10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
# What is written is named by keys. A plan is kept for long, and one that was made while a table was small
# would read all of it ever after.
_BY_KEYS = "".join(
    f"SET LOCAL {name} = off; " for name in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit")
)
# One message to the server, so one way there and back.
_BEGIN_WRITING = (
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; "
    f"SET LOCAL idle_in_transaction_session_timeout = {int(IDLE_SECONDS * 1000)}; "
    f"SET LOCAL lock_timeout = {int(LOCK_SECONDS * 1000)}; {_BY_KEYS}"
    f"SELECT pg_advisory_xact_lock({_WRITE_LOCK}); {_MOMENT}"
)
_BEGIN_READING = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
    f"SET LOCAL idle_in_transaction_session_timeout = {int(SNAPSHOT_IDLE_SECONDS * 1000)}; {_MOMENT}"
)
_CONNECT = {
    "application_name": "leoflow",
    "connect_timeout": "5",
    # A database whose machine is gone is noticed in seconds.
    "keepalives_idle": "10",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}

# By SQLSTATE, the longest prefix first.
_BY_STATE: dict[str, type[Any]] = {
    "53100": DatabaseFull,
    "25006": DatabaseReadOnly,  # a standby
    "55P03": DatabaseBusy,
    "40P01": DatabaseBusy,
    "XX001": DatabaseCorrupt,
    "XX002": DatabaseCorrupt,
    "25P03": DatabaseUnavailable,  # ended after IDLE_SECONDS
    "3D000": DatabaseUnavailable,
    "42501": DatabaseUnavailable,
    "08": DatabaseUnavailable,
    "28": DatabaseUnavailable,
    "53": DatabaseUnavailable,
    "57P": DatabaseUnavailable,
    "58": DatabaseUnavailable,
}


class PostgreSql:
    """`leoflow_server.store.dialects.Database`."""

    is_shared = True

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self.name = url.set(drivername="postgresql").render_as_string(hide_password=True)

    def engine(self, *, read_only: bool = False) -> Engine:
        engine = create_engine(
            self._url, poolclass=NullPool, connect_args=dict(_CONNECT), use_native_hstore=False
        )
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "begin", _begin_reading if read_only else _begin_writing)
        return engine

    @property
    def conninfo(self) -> str:
        """For libpq, with the password where the URL has one: never to be shown."""
        given = self._url.translate_connect_args(username="user", database="dbname")
        return psycopg.conninfo.make_conninfo(**{**_CONNECT, **given, **self._url.query})

    def prepare_place(self) -> None:
        """An administrator makes the database and its role."""

    def is_there(self) -> bool:
        return True

    def migrating(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(_BY_KEYS.replace("= off", "= DEFAULT"))

    def translate(self, error: BaseException | None) -> StoreError | None:
        if not isinstance(error, psycopg.Error):
            return None
        state = error.sqlstate
        if state is None:
            # No answer of the server's: the connection is what failed, unless it is a value of ours.
            ours = isinstance(error, psycopg.DataError | psycopg.ProgrammingError)
            return None if ours else DatabaseUnavailable(self.name, _first_line(error))
        for length in (5, 3, 2):
            kind = _BY_STATE.get(state[:length])
            if kind is not None:
                failure: StoreError = kind(self.name, _first_line(error))
                return failure
        return None

    def moment(self, connection: Connection) -> datetime | None:
        found: datetime | None = connection.info.get("moment")
        return found

    def is_gone(self, connection: Connection) -> bool:
        raw: Any = connection.connection.dbapi_connection
        return raw is None or bool(raw.closed)

    def keep_alive(self, connection: Connection) -> None:
        with suppress(Exception):  # the transaction's own thread hears of whatever is wrong
            raw: Any = connection.connection.dbapi_connection
            if raw.lock.acquire(blocking=False):  # else a statement is under way
                try:
                    if raw.pgconn.pipeline_status == 0:
                        raw.pgconn.exec_(b"SELECT 1")
                finally:
                    raw.lock.release()

    def announce(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")

    def _connected(self, raw: Any, record: Any) -> None:
        self.refuse_unfit(raw)
        raw.autocommit = True  # transactions are begun by _begin_writing and _begin_reading
        # `cursors.PostgreSqlCursor` prepares; psycopg would take a rollback for a reason to forget all.
        raw.prepare_threshold = None
        raw.leoflow_statements = None if is_pooled(raw) else {}
        raw.adapters.register_dumper(str, _Text)
        raw.adapters.register_dumper(int, Int8Dumper)

    def refuse_unfit(self, raw: Any) -> None:
        """Raises DatabaseUnavailable for a server that is too old, and for a database that is not UTF-8."""
        version = raw.info.server_version // 10000
        if version < OLDEST:
            raise DatabaseUnavailable(
                self.name, f"it is PostgreSQL {version}, and {OLDEST} or newer is needed"
            )
        encoding = raw.info.parameter_status("server_encoding")
        if encoding not in (None, "UTF8"):
            raise DatabaseUnavailable(self.name, f"its encoding is {encoding}, and UTF8 is needed")


def is_pooled(raw: Any) -> bool:
    """Whether a pooler stands between: it makes up the number that names the session when it begins."""
    with raw.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()", prepare=False)
        (pid,) = cursor.fetchone()
    return bool(pid != raw.info.backend_pid)


async def is_pooled_async(raw: psycopg.AsyncConnection[Any]) -> bool:
    cursor = await raw.execute("SELECT pg_backend_pid()", prepare=False)
    row = await cursor.fetchone()
    return row is None or bool(row[0] != raw.info.backend_pid)


class _Text(StrDumperUnknown):
    """PostgreSQL has no NUL in texts; a task's message may."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\x00", "␀"))


def _begin_writing(connection: Connection) -> None:
    _begin(connection, _BEGIN_WRITING)


def _begin_reading(connection: Connection) -> None:
    _begin(connection, _BEGIN_READING)


def _begin(connection: Connection, statements: str) -> None:
    raw: Any = connection.connection.dbapi_connection
    with raw.cursor() as cursor:
        cursor.execute(statements, prepare=False)
        while cursor.nextset():
            pass
        (microseconds,) = cursor.fetchone()
    connection.info["moment"] = _EPOCH + timedelta(microseconds=microseconds)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
