"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leoflow_server.store import migrate
from tests.postgresql import PostgreSqlServer, running_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSqlServer]:
    """One for the whole session, started when it is first asked for."""
    with running_postgresql() as server:
        yield server


@pytest.fixture
def empty_postgresql(postgresql: PostgreSqlServer) -> str:
    """The URL of a migrated database without anything in it."""
    template = "leoflow_template"
    if not postgresql.execute(f"SELECT 1 FROM pg_database WHERE datname = '{template}'"):
        postgresql.execute(f"CREATE DATABASE {template}")
        migrate(postgresql.url(template))
    return postgresql.new_database(template)
