"""Names of connections and variables in source text."""

from __future__ import annotations

import ast

import pytest

from leoflow_compiler.lower.named_in_source import names_in_source

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
    ("BaseHook.get_connection(PG)", {("connections", "warehouse")}),
    ("SomeHook(some_conn_id=PG)", {("connections", "warehouse")}),
    ('MyHook("pg")', {("connections", "pg")}),
    ('def load(table, pg_conn_id="pg", *, conn_id="x"): ...', {("connections", "pg"), ("connections", "x")}),
    ('from airflow.sdk import Variable as V\nV.get("a")', {("variables", "a")}),
    (
        "from airflow.providers.postgres.hooks.postgres import PostgresHook as Pg\nPg().run(1)",
        {("connections", "postgres_default")},
    ),
    (
        'import airflow.providers.http.hooks.http as h\nh.HttpHook(method="GET")',
        {("connections", "http_default")},
    ),
]


@pytest.mark.parametrize(("text", "names"), BOTH)
def test_names_are_found(text: str, names: set[tuple[str, str]]) -> None:
    assert names_in_source(text, ast.walk(ast.parse(text)), {"PG": "warehouse"}).named == names
