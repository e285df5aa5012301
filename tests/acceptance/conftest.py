from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.driving import Lite, Machine


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    yield Machine(folder=tmp_path)
    # Read-only bundles and sockets: pytest's own cleaning keeps three of these otherwise.
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="module")
def shared_machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(folder=tmp_path_factory.mktemp("machine"))


@pytest.fixture(scope="module")
def lite(shared_machine: Machine) -> Iterator[Lite]:
    """One Lite for all tests of a file: each writes projects of its own."""
    with shared_machine.lite() as running:
        yield running
