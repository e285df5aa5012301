"""The in-memory store keeps a store's promises."""

from __future__ import annotations

import pytest

from leoflow_runtime.engine.in_memory import InMemoryStore, InMemoryTx
from leoflow_runtime.engine.store import Store, Tx

from .conformance import StoreConformance


class TestInMemory(StoreConformance):
    @pytest.fixture
    def store(self) -> Store:
        return InMemoryStore()

    def archived(self, tx: Tx, task_pk: int) -> list[tuple[int, str]]:
        assert isinstance(tx, InMemoryTx)
        return [
            (number, str(row.state)) for (pk, number), row in tx._tables["tries"].items() if pk == task_pk
        ]
