from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.driving import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    yield Machine(folder=tmp_path)
    shutil.rmtree(tmp_path, ignore_errors=True)
