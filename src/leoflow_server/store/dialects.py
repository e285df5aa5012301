"""Where the databases differ: one small class each for SQLite and PostgreSQL, chosen by the URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError

from leoflow_server.store.errors import DatabaseUnavailable, StoreError


class Database(Protocol):
    """A database that can hold the record. Nothing is opened before `engine` is used."""

    @property
    def name(self) -> str:
        """As people know it: without a password."""

    @property
    def is_shared(self) -> bool:
        """Whether replicas on several machines may use it side by side."""

    def engine(self, *, read_only: bool = False) -> Engine:
        """Connections whose `begin` opens a write transaction, one at a time; or a snapshot.

        Raises DatabaseUnavailable where the driver is not installed.
        """

    def prepare_place(self) -> None:
        """Makes what must be there before the first connection. Raises DatabaseReadOnly."""

    def is_there(self) -> bool:
        """False where `migrate` would make it."""

    def migrating(self, connection: Connection) -> None:
        """Lifts the bounds of time from this transaction: a migration takes as long as it takes."""

    def translate(self, error: BaseException | None) -> StoreError | None:
        """The typed form of a driver's error; None where it is the caller's own (a constraint, a query)."""

    def moment(self, connection: Connection) -> datetime | None:
        """The database's time when this transaction began; None: it has none but this machine's."""

    def is_gone(self, connection: Connection) -> bool:
        """Whether the connection has broken: a new one may be well."""

    def keep_alive(self, connection: Connection) -> None:
        """From another thread: whoever uses this transaction is alive, and busy with something else."""

    def announce(self, connection: Connection) -> None:
        """With this transaction's commit, other replicas get a hint to look into the inbox."""


@cache
def database(url: str) -> Database:
    """Raises DatabaseUnavailable for an URL that is neither SQLite in a file nor PostgreSQL."""
    try:
        parsed: URL = make_url(url)
        backend = parsed.get_backend_name()
    except Exception as error:
        raise DatabaseUnavailable("(unreadable URL)", "the database URL cannot be read") from error
    if backend in ("postgresql", "postgres"):
        try:
            from leoflow_server.store.postgresql import PostgreSql
        except ImportError as error:
            reason = "PostgreSQL's driver is not installed: install leoflow[pro]"
            raise DatabaseUnavailable(parsed.render_as_string(hide_password=True), reason) from error
        return PostgreSql(parsed)
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        from leoflow_server.store.sqlite import Sqlite

        return Sqlite(parsed)
    where = parsed.render_as_string(hide_password=True)
    raise DatabaseUnavailable(where, "only sqlite:///FILE and postgresql://… are supported")


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Driver errors leave as StoreError; integrity errors and everything else as they are."""
    try:
        yield
    except Exception as error:
        known = database(url).translate(origin(error))
        if known is None:
            raise
        raise known from error


def origin(error: BaseException) -> BaseException | None:
    """The driver's own error, out of SQLAlchemy's wrapping."""
    return error.orig if isinstance(error, DBAPIError) else error
