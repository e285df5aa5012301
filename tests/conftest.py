"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgresql import PostgreSqlServer, running_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSqlServer]:
    """One for the whole session, started when it is first asked for."""
    with running_postgresql() as server:
        yield server
