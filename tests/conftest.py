"""What tests of several folders share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

from leoflow_server.store import migrate
from tests.pgbouncer import PgBouncer, running_pgbouncer
from tests.postgresql import PostgreSqlServer, running_postgresql

_SECONDS: dict[str, float] = defaultdict(float)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    folder = report.nodeid.partition("::")[0].rpartition("/")[0]
    _SECONDS[folder] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Beside `--durations`: how long the tests of each folder took, one after the other."""
    if config.getoption("durations") is None:
        return
    terminalreporter.section("seconds by folder")
    for folder, seconds in sorted(_SECONDS.items(), key=lambda item: -item[1]):
        if seconds >= 1:
            terminalreporter.line(f"{seconds:8.0f}  {folder}")


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


@pytest.fixture(scope="session")
def pgbouncer(postgresql: PostgreSqlServer) -> Iterator[PgBouncer]:
    """Before the session's PostgreSQL, with a connection of its own for each transaction."""
    with running_pgbouncer(postgresql) as bouncer:
        yield bouncer
