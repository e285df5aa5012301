from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.registry_server import RegistryServer, registry_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    with registry_server(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="session")
def locked_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    """One that wants a login."""
    with registry_server(tmp_path_factory.mktemp("locked"), with_login=True) as running:
        yield running
