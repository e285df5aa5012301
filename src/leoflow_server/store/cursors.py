"""The two drivers' cursors, each used so that it costs least."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any


class SqliteCursor:
    """The library is in this process: one call per statement is the cheapest there is."""

    __slots__ = ("_cursor",)

    def __init__(self, raw: Any) -> None:
        self._cursor = raw.cursor()

    def execute(self, sql: str, arguments: list[Any]) -> int:
        self._cursor.execute(sql, arguments)
        changed: int = self._cursor.rowcount
        return changed

    def execute_many(self, sql: str, batch: list[list[Any]]) -> list[int]:
        return [self.execute(sql, arguments) for arguments in batch]

    def rows(self, sql: str, arguments: list[Any]) -> list[Any]:
        self._cursor.execute(sql, arguments)
        found: list[Any] = self._cursor.fetchall()
        return found

    def rows_of_many(self, sql: str, batch: list[list[Any]]) -> list[Any]:
        return [row for arguments in batch for row in self.rows(sql, arguments)]

    def run(self, sql: str) -> None:
        self._cursor.execute(sql)

    def close(self) -> None:
        self._cursor.close()


class PostgreSqlCursor:
    """Each statement is a way to the server and back; a batch is one, by the protocol's pipeline.

    Single statements go to libpq itself: psycopg's cursor costs several times as much as the query. They are
    prepared once for each connection, by a name; behind a pooler, which hands out others, not at all.
    """

    __slots__ = ("_cursor", "_names", "_raw")

    def __init__(self, raw: Any) -> None:
        from psycopg import RawCursor

        self._raw = raw
        self._cursor = RawCursor(raw)
        # None behind a pooler: see `postgresql.PostgreSql`.
        self._names: dict[str, bytes] | None = raw.leoflow_statements

    def execute(self, sql: str, arguments: list[Any]) -> int:
        return int(self._perform(sql, arguments).command_tuples or 0)

    def execute_many(self, sql: str, batch: list[list[Any]]) -> list[int]:
        if len(batch) < 2:
            return [self.execute(sql, arguments) for arguments in batch]
        self._cursor.executemany(sql, batch, returning=True)
        return [self._cursor.rowcount for _ in self._cursor.results()]

    def rows(self, sql: str, arguments: list[Any]) -> list[Any]:
        result = self._perform(sql, arguments)
        readers = [_READERS.get(result.ftype(column), _text) for column in range(result.nfields)]
        get = result.get_value
        return [
            [
                None if (value := get(row, column)) is None else read(value)
                for column, read in enumerate(readers)
            ]
            for row in range(result.ntuples)
        ]

    def rows_of_many(self, sql: str, batch: list[list[Any]]) -> list[Any]:
        if len(batch) < 2:
            return [row for arguments in batch for row in self.rows(sql, arguments)]
        self._cursor.executemany(sql, batch, returning=True)
        return [row for _ in self._cursor.results() for row in self._cursor.fetchall()]

    def run(self, sql: str) -> None:
        with self._raw.lock:
            self._checked(self._raw.pgconn.exec_(sql.encode()))

    def close(self) -> None:
        self._cursor.close()

    def _perform(self, sql: str, arguments: list[Any]) -> Any:
        pgconn = self._raw.pgconn
        values = [_written(value) for value in arguments]
        with self._raw.lock:
            if self._names is None:
                return self._checked(pgconn.exec_params(sql.encode(), values))
            name = self._names.get(sql)
            if name is None:
                name = b"leoflow_%d" % len(self._names)
                self._checked(pgconn.prepare(name, sql.encode()))
                self._names[sql] = name
            return self._checked(pgconn.exec_prepared(name, values))

    def _checked(self, result: Any) -> Any:
        if result.status not in _DONE:
            from psycopg.errors import error_from_result

            raise error_from_result(result)
        return result


_DONE = (1, 2)  # PGRES_COMMAND_OK, PGRES_TUPLES_OK


def _written(value: Any) -> bytes | None:
    """A parameter in PostgreSQL's text form; its type is the cast that the statement has."""
    if value is None:
        return None
    if isinstance(value, str):
        # PostgreSQL has no NUL in texts.
        return value.replace("\x00", "␀").encode()
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, bytes | bytearray | memoryview):
        return b"\\x" + bytes(value).hex().encode()
    return repr(value).encode()


def _text(value: bytes) -> str:
    return value.decode()


def _bytes(value: bytes) -> bytes:
    return bytes.fromhex(value[2:].decode())


def _boolean(value: bytes) -> bool:
    return value == b"t"


# By the type's number in PostgreSQL's catalogue; everything else is text.
_READERS: dict[int, Callable[[bytes], Any]] = {
    16: _boolean,
    17: _bytes,
    20: int,
    21: int,
    23: int,
    700: float,
    701: float,
    1700: lambda value: Decimal(value.decode()),
}
