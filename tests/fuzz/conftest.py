"""The marker of these tests."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fuzz: generated and mutated projects; FUZZ_EXAMPLES sets how many")
