"""Connections in Airflow's URI and JSON forms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leoflow_runtime.child.dialect import connection

Connection = connection.Connection

FIELDS = ("conn_type", "login", "password", "host", "port", "schema", "extra_dejson")

URIS: list[tuple[str, tuple[Any, ...]]] = [
    ("postgres://u:p@h:5432/db", ("postgres", "u", "p", "h", 5432, "db", {})),
    ("postgresql://h", ("postgres", None, None, "h", None, "", {})),
    ("gcp-x://?project=x", ("gcp_x", None, None, None, None, "", {"project": "x"})),
    ("http://https://h:8080/", ("http", None, None, "https://h", 8080, "", {})),
    ("s3://key:a%2Fb%40c@?region=eu", ("s3", "key", "a/b@c", None, None, "", {"region": "eu"})),
    ("x://h?__extra__=%7B%22a%22%3A+1%7D", ("x", None, None, "h", None, "", {"a": 1})),
    ("x://u%40d:@h/a%2Fb", ("x", "u@d", "", "h", None, "a/b", {})),
    ("x://[::1]:80", ("x", None, None, "::1", 80, "", {})),
]  # fmt: skip


@pytest.mark.parametrize(("uri", "expected"), URIS)
def test_uris_are_read(uri: str, expected: tuple[Any, ...]) -> None:
    found = Connection.from_text("c", uri)

    assert tuple(getattr(found, name) for name in FIELDS) == expected


def test_json_is_read() -> None:
    text = '{"conn_type": "x", "host": "h", "port": "80", "extra": {"a": 1}}'

    found = Connection.from_text("c", text)

    assert (found.conn_id, found.host, found.port, found.extra_dejson) == ("c", "h", 80, {"a": 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [("nothing", "neither a URI nor a JSON object"), ('{"hostt": 1}', "has a field 'hostt'")],
)
def test_anything_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Connection.from_text("c", text)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)


# A busy machine is not a slow strategy.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    login=texts,
    password=texts,
    host=st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True),
    port=st.integers(1, 65535) | st.none(),
    schema=texts,
    extra=st.dictionaries(st.text("abc", min_size=1), st.text("xyz") | st.integers(), max_size=3),
)
def test_a_connection_comes_back_from_its_uri(**fields: Any) -> None:
    before = Connection(conn_id="c", conn_type="my_type", **fields)

    after = Connection.from_text("c", before.get_uri())

    assert [getattr(after, name) for name in FIELDS] == [getattr(before, name) for name in FIELDS]


def test_neither_password_nor_extra_is_in_the_repr() -> None:
    shown = repr(Connection(conn_id="c", password="hunter2", extra={"token": "abc"}))

    assert "hunter2" not in shown
    assert "abc" not in shown
