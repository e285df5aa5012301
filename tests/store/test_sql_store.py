"""The SQL store keeps a store's promises, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from leoflow_runtime.engine.store import Tx
from leoflow_server.store import SqlStore, migrate
from leoflow_server.store.tables import task_tries
from leoflow_server.store.transaction import SqlTx
from tests.pgbouncer import PgBouncer

from .conformance import StoreConformance


class SqlConformance(StoreConformance):
    def archived(self, tx: Tx, task_pk: int) -> list[tuple[int, str]]:
        assert isinstance(tx, SqlTx)
        kept = select(task_tries.c.try_number, task_tries.c.state).where(task_tries.c.task_pk == task_pk)
        return [(number, state) for number, state in tx.connection.execute(kept)]


class TestSqlite(SqlConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqlStore]:
        url = f"sqlite:///{tmp_path}/leoflow.db"
        migrate(url)
        store = SqlStore(url)
        yield store
        store.close()


class TestPostgreSql(SqlConformance):
    @pytest.fixture
    def store(self, empty_postgresql: str) -> Iterator[SqlStore]:
        store = SqlStore(empty_postgresql)
        yield store
        store.close()


class TestPostgreSqlBehindAPooler(SqlConformance):
    @pytest.fixture
    def store(self, empty_postgresql: str, pgbouncer: PgBouncer) -> Iterator[SqlStore]:
        store = SqlStore(pgbouncer.url(empty_postgresql))
        yield store
        store.close()
