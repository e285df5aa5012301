"""Statements compiled once and run on the driver's own cursor.

SQLAlchemy Core describes them; its execution costs some 50 µs a statement where the driver needs 4,
and a planner's transaction is a dozen statements. `Session.connection` is there for everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, Self, cast

from sqlalchemy import Column, Connection, Table, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

from leoflow_server.store.cursors import PostgreSqlCursor, SqliteCursor

Processor = Callable[[Any], Any] | None


class Prepared:
    """A statement with named `bindparam`s. `columns`: the types of what it returns."""

    __slots__ = ("_compiled", "_statement", "columns")

    def __init__(self, statement: ClauseElement, columns: Sequence[Column[Any]] = ()) -> None:
        self._statement = statement
        self.columns = tuple(columns)
        self._compiled: dict[str, _Text] = {}

    def text(self, connection: Connection) -> _Text:
        name = connection.dialect.name
        text = self._compiled.get(name)
        if text is None:
            dialect = numbered() if name == "postgresql" else connection.dialect
            text = self._compiled[name] = _Text(self._statement, self.columns, dialect)
        return text


@cache
def numbered() -> Dialect:
    """PostgreSQL's with its own numbered parameters, so that nothing is rewritten at each execution."""
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

    dialect: Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
    return dialect


class _Text:
    __slots__ = ("parameters", "results", "sql")

    def __init__(self, statement: ClauseElement, columns: Sequence[Column[Any]], dialect: Dialect) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect))
        self.sql = str(compiled)
        if "POSTCOMPILE" in self.sql:
            raise ValueError(f"a prepared statement cannot expand lists: {self.sql}")
        constants = compiled.params
        # (name, processor, constant): a literal in the statement keeps its value, a parameter must be given.
        self.parameters: list[tuple[str | None, Processor, Any]] = []
        for name in compiled.positiontup or ():
            bound = compiled.binds[name]
            process = bound.type.dialect_impl(dialect).bind_processor(dialect)
            if bound.required:
                self.parameters.append((name, process, None))
            else:
                self.parameters.append((None, process, constants[name]))
        self.results: list[Processor] = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns
        ]

    def read(self, found: Iterable[Sequence[Any]]) -> list[list[Any]]:
        return [
            [
                value if process is None else process(value)
                for value, process in zip(row, self.results, strict=True)
            ]
            for row in found
        ]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        return [
            value if process is None else process(value)
            for value, process in (
                (constant if name is None else values[name], process)
                for name, process, constant in self.parameters
            )
        ]


class _Cursor(Protocol):
    """What a driver's cursor gives, in few ways there and back."""

    def execute(self, sql: str, arguments: list[Any]) -> int: ...
    def execute_many(self, sql: str, batch: list[list[Any]]) -> list[int]: ...
    def rows(self, sql: str, arguments: list[Any]) -> list[Any]: ...
    def rows_of_many(self, sql: str, batch: list[list[Any]]) -> list[Any]: ...
    def run(self, sql: str) -> None: ...
    def close(self) -> None: ...


class Session:
    """A transaction's connection, with a cursor of its own for prepared statements."""

    __slots__ = ("_cursor", "connection", "is_remote")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        raw: Any = connection.connection.dbapi_connection
        assert raw is not None
        # Each statement is a way there and back: PostgreSQL.
        self.is_remote = connection.dialect.name == "postgresql"
        self._cursor: _Cursor = PostgreSqlCursor(raw) if self.is_remote else SqliteCursor(raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, prepared: Prepared, values: Mapping[str, Any]) -> int:
        """Runs it and returns how many rows it changed."""
        text = prepared.text(self.connection)
        return self._cursor.execute(text.sql, text.arguments(values))

    def execute_many(self, prepared: Prepared, batch: Iterable[Mapping[str, Any]]) -> list[int]:
        """Runs it for each, and returns how many rows each changed."""
        text = prepared.text(self.connection)
        return self._cursor.execute_many(text.sql, [text.arguments(values) for values in batch])

    def rows(self, prepared: Prepared, values: Mapping[str, Any]) -> list[list[Any]]:
        text = prepared.text(self.connection)
        return text.read(self._cursor.rows(text.sql, text.arguments(values)))

    def rows_of_many(self, prepared: Prepared, batch: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
        """Runs it for each, and returns all rows, in the order of the batch."""
        text = prepared.text(self.connection)
        return text.read(self._cursor.rows_of_many(text.sql, [text.arguments(values) for values in batch]))

    def row(self, prepared: Prepared, values: Mapping[str, Any]) -> list[Any] | None:
        found = self.rows(prepared, values)
        return found[0] if found else None

    def run(self, sql: str) -> None:
        """A statement of the driver's own: SAVEPOINT and the like."""
        self._cursor.run(sql)

    def close(self) -> None:
        self._cursor.close()


def all_columns(table: Table) -> dict[str, Any]:
    """A named parameter for each column but a key that numbers itself: the VALUES of an INSERT."""
    return {
        column.name: bindparam(column.name, type_=column.type)
        for column in table.columns
        if not (column.primary_key and column.autoincrement is True)
    }


def with_defaults(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` plus each column's default, None where it has none: what an INSERT of all columns needs."""
    complete: dict[str, Any] = {}
    for column in table.columns:
        if column.name in values:
            complete[column.name] = values[column.name]
        elif column.primary_key and column.autoincrement is True:
            continue
        elif column.default is None:
            complete[column.name] = None
        else:
            argument = column.default.arg  # type: ignore[attr-defined]
            complete[column.name] = argument(None) if callable(argument) else argument
    return complete
