"""What the tables are made of: types, keys, references.

Times are microseconds since the epoch in UTC: they order the same on every database, and SQLite has
no time type of its own. JSON is text.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table, Text, TypeDecorator
from sqlalchemy.engine import Dialect

metadata = MetaData()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Json(TypeDecorator[Any]):
    """A JSON value as compact text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


# SQLite only numbers INTEGER primary keys by itself; PostgreSQL gets BIGINT.
Key = BigInteger().with_variant(Integer(), "sqlite")


def key() -> Column[int]:
    """A table's own key, numbered by the database."""
    return Column("pk", Key, primary_key=True, autoincrement=True)


def parent(target: Table, name: str, *, index: bool = False) -> Column[int]:
    """A reference to the row that this one belongs to, and goes with."""
    return Column(name, Key, ForeignKey(target.c.pk, ondelete="CASCADE"), nullable=False, index=index)
