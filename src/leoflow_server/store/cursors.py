"""The two drivers' cursors, each used so that it costs least."""

from __future__ import annotations

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
    """Each statement is a way to the server and back; a batch is one, by the protocol's pipeline."""

    __slots__ = ("_cursor", "_raw")

    def __init__(self, raw: Any) -> None:
        from psycopg import RawCursor

        self._raw = raw
        self._cursor = RawCursor(raw)

    def execute(self, sql: str, arguments: list[Any]) -> int:
        self._cursor.execute(sql, arguments)
        return self._cursor.rowcount

    def execute_many(self, sql: str, batch: list[list[Any]]) -> list[int]:
        if len(batch) < 2:
            return [self.execute(sql, arguments) for arguments in batch]
        self._cursor.executemany(sql, batch, returning=True)
        return [self._cursor.rowcount for _ in self._cursor.results()]

    def rows(self, sql: str, arguments: list[Any]) -> list[Any]:
        self._cursor.execute(sql, arguments)
        return self._cursor.fetchall()

    def rows_of_many(self, sql: str, batch: list[list[Any]]) -> list[Any]:
        if len(batch) < 2:
            return [row for arguments in batch for row in self.rows(sql, arguments)]
        self._cursor.executemany(sql, batch, returning=True)
        return [row for _ in self._cursor.results() for row in self._cursor.fetchall()]

    def run(self, sql: str) -> None:
        # Past the cursor: it would take the word ROLLBACK for a reason to forget its prepared statements.
        with self._raw.lock:
            result = self._raw.pgconn.exec_(sql.encode())
        if result.status != _DONE:
            from psycopg.errors import error_from_result

            raise error_from_result(result)

    def close(self) -> None:
        self._cursor.close()


_DONE = 1  # PGRES_COMMAND_OK
