"""Both ways of paging show every row once, whatever the order and the gaps in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, create_engine, insert, select
from sqlalchemy.pool import StaticPool

from leoflow_server.api.errors import ApiError
from leoflow_server.api.params import Range, Window
from leoflow_server.api.queries.listing import Listing, any_of, fetch, matches, starts_with, within
from leoflow_server.store.tables import Moment

_metadata = MetaData()
things = Table(
    "things",
    _metadata,
    Column("pk", Integer, primary_key=True),
    Column("name", String),
    Column("size", Integer),
    Column("at", Moment),
)
SORTABLE = {"id": things.c.pk, "name": things.c.name, "size": things.c.size, "at": things.c.at}
START = datetime(2024, 1, 1, tzinfo=UTC)
Rows = list[tuple[str | None, int | None, datetime | None]]


def connect(rows: Rows) -> Connection:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    conn = engine.connect()
    _metadata.create_all(conn)
    for name, size, at in rows:
        conn.execute(insert(things).values(name=name, size=size, at=at))
    return conn


def page(conn: Connection, **window: Any) -> Listing:
    return fetch(conn, select(things), Window(**window), key=things.c.pk, sortable=SORTABLE, default=("id",))


def forwards(conn: Connection, limit: int, order: tuple[str, ...]) -> Iterator[Listing]:
    cursor: str | None = ""
    while cursor is not None:
        found = page(conn, limit=limit, cursor=cursor, order_by=order)
        yield found
        cursor = found.next_cursor


rows_of_things = st.lists(
    st.tuples(
        st.none() | st.sampled_from(["", "a", "b", "B", "%"]),
        st.none() | st.integers(-3, 3),
        st.none() | st.integers(0, 3).map(lambda days: START + timedelta(days=days)),
    ),
    max_size=12,
)
orders = st.lists(st.sampled_from(["name", "-name", "size", "-size", "at", "-at", "-id"]), max_size=2).map(
    tuple
)


@settings(deadline=None, max_examples=60)
@given(rows_of_things, orders, st.integers(1, 4))
def test_cursors_walk_there_and_back(rows: Rows, order: tuple[str, ...], limit: int) -> None:
    conn = connect(rows)
    pages = list(forwards(conn, limit, order))
    there = [row.pk for one in pages for row in one.rows]
    assert sorted(there) == list(range(1, len(rows) + 1))
    assert there == [row.pk for row in page(conn, limit=100, cursor="", order_by=order).rows]
    back: list[int] = [row.pk for row in pages[-1].rows]
    cursor = pages[-1].previous_cursor
    while cursor is not None:
        found = page(conn, limit=limit, cursor=cursor, order_by=order)
        back = [row.pk for row in found.rows] + back
        cursor = found.previous_cursor
    assert back == there
    conn.close()


@settings(deadline=None, max_examples=40)
@given(rows_of_things, orders, st.integers(1, 4))
def test_offsets_show_all_rows_and_the_total(rows: Rows, order: tuple[str, ...], limit: int) -> None:
    conn = connect(rows)
    found: list[int] = []
    for offset in range(0, max(1, len(rows)), limit):
        part = page(conn, limit=limit, offset=offset, order_by=order)
        assert part.total == len(rows)
        found += [row.pk for row in part.rows]
    assert sorted(found) == list(range(1, len(rows) + 1))
    conn.close()


@pytest.mark.parametrize(
    "cursor", ["nonsense", "e30", "WzAsMV0"], ids=["noise", "an object", "another order"]
)
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ApiError) as caught:
        page(connect([("a", 1, None)]), limit=2, cursor=cursor, order_by=("name", "size"))
    assert caught.value.status == 400


def test_an_unknown_order_is_refused_by_name() -> None:
    with pytest.raises(ApiError, match="'colour' is disallowed") as caught:
        page(connect([]), limit=2, order_by=("-colour",))
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (matches(things.c.name, "A"), ["alpha", "beta"]),
        (matches(things.c.name, "alp|bet"), ["alpha", "beta"]),
        (matches(things.c.name, "b%a"), ["beta"]),
        (matches(things.c.name, "~"), ["alpha", "beta", "x_y"]),
        (starts_with(things.c.name, "x_"), ["x_y"]),
        (starts_with(things.c.name, "xy"), []),
        (any_of(things.c.size, [1, "none"]), ["alpha", "x_y"]),
        (within(things.c.size, Range(gt=1, lte=2)), ["beta"]),
        (within(things.c.at, Range(gte=START, lt=START + timedelta(days=1))), ["alpha"]),
    ],
)
def test_filters(condition: Any, expected: list[str]) -> None:
    conn = connect([("alpha", 1, START), ("beta", 2, START + timedelta(days=1)), ("x_y", None, None)])
    found = conn.execute(select(things.c.name).where(*condition).order_by(things.c.pk)).scalars().all()
    assert list(found) == expected
