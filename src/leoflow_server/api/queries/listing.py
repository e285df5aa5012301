"""Lists: filters, order, and the two ways of paging (offset with a total, or a cursor)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    and_,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from leoflow_server.api.errors import ApiError
from leoflow_server.api.params import Range, Window
from leoflow_server.store.tables import Moment

_LEAST_NUMBER = -(2**62)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    rows: list[Row[Any]]
    total: int | None  # None with a cursor: counting is what cursors avoid
    next_cursor: str | None = None
    previous_cursor: str | None = None

    def envelope(self, name: str, items: Sequence[Any]) -> dict[str, Any]:
        """`{name: items, total_entries, next_cursor, previous_cursor}` for lists that know cursors."""
        return {
            name: items,
            "total_entries": self.total,
            "next_cursor": self.next_cursor,
            "previous_cursor": self.previous_cursor,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Term:
    expression: ColumnElement[Any]
    descending: bool


def matches(column: ColumnElement[Any], pattern: str | None) -> list[ColumnElement[bool]]:
    """Contains, without regard to case; `%` is a wildcard and `|` means or."""
    if not pattern or pattern == "~":
        return []
    parts = [part.strip() for part in pattern.split("|") if part.strip()]
    return [or_(*(column.ilike(f"%{part}%") for part in parts))] if parts else []


def starts_with(column: ColumnElement[Any], prefix: str | None) -> list[ColumnElement[bool]]:
    if not prefix or prefix == "~":
        return []
    parts = [part.strip() for part in prefix.split("|") if part.strip()]
    return [or_(*(column.startswith(part, autoescape=True) for part in parts))] if parts else []


def within(column: ColumnElement[Any], bounds: Range) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if bounds.gte is not None:
        conditions.append(column >= bounds.gte)
    if bounds.gt is not None:
        conditions.append(column > bounds.gt)
    if bounds.lte is not None:
        conditions.append(column <= bounds.lte)
    if bounds.lt is not None:
        conditions.append(column < bounds.lt)
    return conditions


def any_of(column: ColumnElement[Any], values: Sequence[Any]) -> list[ColumnElement[bool]]:
    """One of `values`; the word "none" stands for no value, as in the API of Airflow."""
    if not values:
        return []
    known = [value for value in values if value not in ("none", "no_status", None)]
    choices: list[ColumnElement[bool]] = [column.in_(known)] if known else []
    if len(known) < len(values):
        choices.append(column.is_(None))
    return [or_(*choices)]


def fetch(
    conn: Connection,
    statement: Select[Any],
    window: Window,
    *,
    key: ColumnElement[Any],
    sortable: Mapping[str, ColumnElement[Any]],
    default: Sequence[str],
) -> Listing:
    """The rows of `window`, ordered by names of `sortable` ("-" first: descending) and then by `key`.

    Raises ApiError 400 for an unknown order or a foreign cursor.
    """
    terms = _terms(window.order_by or tuple(default), sortable)
    if not terms or terms[-1].expression is not key:
        terms.append(_Term(expression=key, descending=terms[-1].descending if terms else False))
    if window.cursor is not None:
        return _by_cursor(conn, statement, window, terms)
    total = conn.execute(
        select(func.count()).select_from(statement.with_only_columns(key).order_by(None).subquery())
    ).scalar_one()
    ordered = statement.order_by(*(_direction(term) for term in terms))
    rows = conn.execute(ordered.limit(window.limit).offset(window.offset)).all()
    return Listing(rows=list(rows), total=total)


def _terms(order_by: Sequence[str], sortable: Mapping[str, ColumnElement[Any]]) -> list[_Term]:
    terms = []
    for name in order_by:
        column = sortable.get(name.lstrip("+-"))
        if column is None:
            raise ApiError(
                400,
                f"Ordering with '{name.lstrip('+-')}' is disallowed or the attribute does not "
                "exist on the model",
            )
        terms.append(_Term(expression=column, descending=name.startswith("-")))
    return terms


def _by_cursor(conn: Connection, statement: Select[Any], window: Window, terms: list[_Term]) -> Listing:
    # Without nulls, so that "after this row" can be said in SQL; numbers and texts as they are stored.
    plain = [_Term(expression=_never_null(term.expression), descending=term.descending) for term in terms]
    backwards, after = _decode(window.cursor) if window.cursor else (False, None)
    if after is not None and len(after) != len(plain):
        raise ApiError(400, "The cursor belongs to another order")
    if backwards:
        plain = [_Term(expression=term.expression, descending=not term.descending) for term in plain]
    query = statement.add_columns(*(term.expression.label(f"_k{i}") for i, term in enumerate(plain)))
    if after is not None:
        query = query.where(_beyond(plain, after))
    query = query.order_by(*(_direction(term) for term in plain)).limit(window.limit + 1)
    rows = list(conn.execute(query).all())
    more = len(rows) > window.limit
    rows = rows[: window.limit]
    if backwards:
        rows.reverse()
    has_next, has_previous = (True, more) if backwards else (more, after is not None)

    def cursor(row: Row[Any], *, back: bool) -> str:
        values = [getattr(row, f"_k{i}") for i in range(len(plain))]
        return _encode(back, values)

    return Listing(
        rows=rows,
        total=None,
        next_cursor=cursor(rows[-1], back=False) if rows and has_next else None,
        previous_cursor=cursor(rows[0], back=True) if rows and has_previous else None,
    )


def _never_null(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if isinstance(column, Column) and not column.nullable:
        # As it is, so that its index serves.
        return type_coerce(column, BigInteger) if isinstance(column.type, Moment) else column
    if isinstance(column.type, String):
        return func.coalesce(column, "")
    if isinstance(column.type, Moment):
        column = type_coerce(column, BigInteger)
    return func.coalesce(column, _LEAST_NUMBER)


def _beyond(terms: list[_Term], values: Sequence[Any]) -> ColumnElement[bool]:
    alternatives = []
    for index, term in enumerate(terms):
        same = [
            earlier.expression == literal(value)
            for earlier, value in zip(terms[:index], values[:index], strict=True)
        ]
        value = literal(values[index])
        past = term.expression < value if term.descending else term.expression > value
        alternatives.append(and_(*same, past))
    return or_(*alternatives)


def _direction(term: _Term) -> ColumnElement[Any]:
    return term.expression.desc() if term.descending else term.expression.asc()


def _encode(backwards: bool, values: Sequence[Any]) -> str:
    text = json.dumps([int(backwards), *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[bool, list[Any]]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        backwards, *values = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, TypeError):
        raise ApiError(400, "The cursor is not one of this server") from None
    if not all(isinstance(value, str | int | float) for value in values):
        raise ApiError(400, "The cursor is not one of this server")
    return bool(backwards), values


def seconds_between(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[Any]:
    """The duration from `start` to `end` in seconds; null while one of them is."""
    micros = type_coerce(end, BigInteger) - type_coerce(start, BigInteger)
    return micros / literal(1_000_000.0)


def duration(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()
