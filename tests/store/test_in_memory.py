"""The in-memory store keeps a store's promises."""

from __future__ import annotations

import pytest

from leoflow_runtime.engine.in_memory import InMemoryStore
from leoflow_runtime.engine.store import Store

from .conformance import StoreConformance


class TestInMemory(StoreConformance):
    @pytest.fixture
    def store(self) -> Store:
        return InMemoryStore()
