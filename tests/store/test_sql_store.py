"""The SQL store keeps a store's promises, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leoflow_server.store import SqlStore, migrate
from tests.pgbouncer import PgBouncer

from .conformance import StoreConformance


class TestSqlite(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqlStore]:
        url = f"sqlite:///{tmp_path}/leoflow.db"
        migrate(url)
        store = SqlStore(url)
        yield store
        store.close()


class TestPostgreSql(StoreConformance):
    @pytest.fixture
    def store(self, empty_postgresql: str) -> Iterator[SqlStore]:
        store = SqlStore(empty_postgresql)
        yield store
        store.close()


class TestPostgreSqlBehindAPooler(StoreConformance):
    @pytest.fixture
    def store(self, empty_postgresql: str, pgbouncer: PgBouncer) -> Iterator[SqlStore]:
        store = SqlStore(pgbouncer.url(empty_postgresql))
        yield store
        store.close()
