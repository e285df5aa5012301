"""Names of connections and variables in source text."""

from __future__ import annotations

import pytest

from leoflow_compiler.lower.requires import names_in

BOTH = [
    ('Variable.get("a")', {("variables", "a")}),
    ('models.Variable.get(key="a", default=1)', {("variables", "a")}),
    ("Variable.get(name)", set()),
    ('{}.get("a")', set()),
    ('BaseHook.get_connection("pg")', {("connections", "pg")}),
    ('Connection.get("pg")', {("connections", "pg")}),
    ('Hook(http_conn_id="web", conn_id="x", id="no")', {("connections", "web"), ("connections", "x")}),
    ('"{{ var.value.a }} {{ var.json.b.c }}"', {("variables", "a"), ("variables", "b")}),
    ("\"{{ var.value.get('a.b', 1) }}\"", {("variables", "a.b")}),
    ('"{{ conn.pg.host }} {% if conn.get(\\"web\\") %}"', {("connections", "pg"), ("connections", "web")}),
    ('"var.value.a"', set()),
    ('os.environ["AIRFLOW_CONN_PG_TARGET"]', {("connections", "pg_target")}),
    ('"$AIRFLOW_VAR_LIMIT"', {("variables", "limit")}),
    ('def f():\n    return Variable.get("inner")', {("variables", "inner")}),
]


@pytest.mark.parametrize(("text", "names"), BOTH)
def test_names_are_found(text: str, names: set[tuple[str, str]]) -> None:
    assert names_in([text]) == names
