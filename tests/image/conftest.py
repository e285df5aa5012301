from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from leoflow_compiler.image.base import find_base
from leoflow_compiler.image.builder import Image, Report, assemble
from leoflow_compiler.image.cache import LayerCache
from leoflow_compiler.image.lock import Lock, base_image, make_lock
from leoflow_compiler.image.sending import push
from leoflow_compiler.project import Project, load_project
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry
from tests.base_image import PYTHON_VERSION, REPOSITORY, TAG, push_base
from tests.registry_server import RegistryServer, registry_server

DAG = """\
from airflow.sdk import DAG, task
from sales.rows import rows

with DAG("sales"):

    @task
    def count() -> int:
        import requests

        print("requests", requests.__version__)
        return len(rows())

    count()
"""


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds projects against one registry."""

    host: str
    connect: Callable[[Reference], Registry]

    def project(self, folder: Path, *, dependencies: str = "[requests]", more: str = "") -> Project:
        (folder / "sales").mkdir(parents=True)
        (folder / "sales" / "__init__.py").write_text("")
        (folder / "sales" / "rows.py").write_text("def rows():\n    return [1, 2, 3]\n")
        (folder / "dag.py").write_text(DAG)
        (folder / "leoflow.yaml").write_text(
            f"dag_id: sales\npython_version: '{PYTHON_VERSION}'\nbase_image: {self.host}/{REPOSITORY}:{TAG}\n"
            f"dependencies: {dependencies}\n{more}"
        )
        return self.read(folder)

    def read(self, folder: Path) -> Project:
        project, problems = load_project(folder)
        assert project is not None, problems
        return project

    def lock(self, project: Project) -> Lock:
        base = Reference.parse(base_image(project.config))
        return make_lock(project.config, find_base(self.connect(base), base))

    def image(self, project: Project, lock: Lock, cache: Path, report: Report | None = None) -> Image:
        return assemble(
            project,
            lock,
            version="v1",
            connect=self.connect,
            cache=LayerCache(cache),
            report=report or Report(),
        )

    def push(self, image: Image, tag: str = "v1", report: Report | None = None) -> Reference:
        target = Reference.parse(f"{self.host}/dags/sales:{tag}")
        return push(image, target, connect=self.connect, report=report or Report())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    with registry_server(tmp_path_factory.mktemp("registry")) as running:
        push_base(running.host)
        try:
            yield running
        finally:
            _forget_images(running.host)


def _forget_images(host: str) -> None:
    """What podman and buildah keep of a registry that is gone: hundreds of megabytes for each session."""
    if shutil.which("podman") is None:
        return
    listed = subprocess.run(
        ["podman", "images", "--format", "{{.ID}} {{.Repository}}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    names = [line.partition(" ") for line in listed.stdout.splitlines()]
    ours = sorted({image for image, _, repository in names if repository.startswith(f"{host}/")})
    if ours:
        command = ["podman", "image", "rm", "--force", *ours]
        subprocess.run(command, capture_output=True, timeout=120, check=False)


@pytest.fixture
def builder(server: RegistryServer) -> Iterator[Builder]:
    with ExitStack() as stack:
        open_ones: dict[str, Registry] = {}

        def connect(reference: Reference) -> Registry:
            if reference.registry not in open_ones:
                open_ones[reference.registry] = stack.enter_context(Registry(reference.host))
            return open_ones[reference.registry]

        yield Builder(server.host, connect)
