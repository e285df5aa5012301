"""A real registry with a base image, a real server, and the command as people type it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.base_image import PYTHON_VERSION, REPOSITORY, TAG, push_base
from tests.leoflow_command import Done, environment, leoflow
from tests.registry_server import RegistryServer, registry_server
from tests.server.test_process import ServerProcess

DAG = """\
from airflow.sdk import DAG, task

with DAG("sales", schedule="{schedule}"):

    @task
    def count() -> int:
        return {value}

    count()
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with projects, logged in to a server."""

    folder: Path
    registry: str
    environ: Mapping[str, str]

    def leoflow(self, *arguments: str, check: bool = True, **environ: str) -> Done:
        return leoflow(*arguments, folder=self.folder, environ={**self.environ, **environ}, check=check)

    def project(
        self, name: str = "sales", *, value: int = 1, schedule: str = "@daily", more: str = ""
    ) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "dag.py").write_text(
            DAG.replace('"sales"', f'"{name}"').format(schedule=schedule, value=value)
        )
        (folder / "leoflow.yaml").write_text(
            f"dag_id: {name}\npython_version: '{PYTHON_VERSION}'\n"
            f"base_image: {self.registry}/{REPOSITORY}:{TAG}\n"
            f"registry:\n  url: {self.registry}/dags\n{more}"
        )
        return folder


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    with registry_server(tmp_path_factory.mktemp("registry")) as running:
        push_base(running.host)
        yield running


@contextlib.contextmanager
def running_server(home: Path, **settings: str) -> Iterator[str]:
    """A control plane's URL; it ends with the block, its agent too."""
    process = ServerProcess(home, "start", **settings)
    try:
        yield f"http://127.0.0.1:{process.until_ready()[0]}"
    finally:
        agent = process.agent_pid()
        process.process.send_signal(signal.SIGTERM)
        process.process.wait(30)
        if agent is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(agent, signal.SIGKILL)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("server") / "home") as url:
        yield url


@pytest.fixture(scope="session")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was built before in this session."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def login(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that keeps a token for the server's administrator."""
    folder = tmp_path_factory.mktemp("login")
    log_in(Place(folder, "", environment(LEOFLOW_CONFIG=str(folder / "config.yaml"))), server)
    return folder / "config.yaml"


@pytest.fixture
def place(registry: RegistryServer, server: str, layers: Path, login: Path, tmp_path: Path) -> Place:
    return new_place(tmp_path, registry.host, server, layers, login)


def new_place(parent: Path, registry: str, server: str, layers: Path, login: Path) -> Place:
    environ = environment(
        LEOFLOW_CONFIG=str(shutil.copy(login, parent / "config.yaml")),
        LEOFLOW_CACHE_DIR=str(layers),
        LEOFLOW_SERVER_URL=server,
    )
    folder = parent / "work"
    folder.mkdir()
    return Place(folder, registry, environ)


def log_in(place: Place, server: str) -> None:
    """Keeps a token for the administrator."""
    place.leoflow(
        "auth", "login", "--server", server, "--username", "admin", LEOFLOW_PASSWORD="correct horse"
    )
