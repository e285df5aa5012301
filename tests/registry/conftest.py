"""A control plane beside Debian's registry, and artifacts in it whose images are a few bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.oci.dag_artifact import push_dag_artifact
from leoflow_runtime.oci.records import CONFIG, MANIFEST, Descriptor, canonical_json
from leoflow_runtime.oci.registry import Registry
from leoflow_server.registry.following import follow_channels
from tests.api.documents import dag, task
from tests.api.server import Server, running_server
from tests.registry_server import RegistryServer, registry_server


@dataclass(frozen=True, slots=True)
class Shelf:
    """A registry that one can put artifacts into."""

    host: str
    folder: Path

    def open(self) -> Registry:
        return Registry(self.host)

    def image(self, repository: str, label: str) -> Descriptor:
        """An image without layers; its digest depends on the label alone."""
        with self.open() as registry:
            config = canonical_json(
                {"architecture": "amd64", "os": "linux", "config": {"Labels": {"l": label}}}
            )
            registry.push_bytes(repository, config)
            manifest = {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": Descriptor.of(config, CONFIG).to_json(),
                "layers": [],
            }
            return registry.put_manifest(repository, label, canonical_json(manifest), MANIFEST)

    def artifact(
        self, repository: str, tag: str, *, dag_id: str = "sales", schedule: str = "@daily", **fields: Any
    ) -> str:
        """Pushes a DAG with this schedule, and returns the digest of its artifact."""
        image = self.image(repository, f"image-{tag}")
        pinned = f"{self.host}/{repository}@{image.digest}"
        document = dag(dag_id, task("count"), **{"schedule": schedule, "image": pinned, **fields})
        with self.open() as registry:
            return push_dag_artifact(registry, repository, tag, document, image=image).digest

    def move(self, repository: str, tag: str, digest: str) -> None:
        """Lets a tag name another artifact."""
        with self.open() as registry:
            _, data = registry.get_manifest(repository, digest)
            registry.put_manifest(repository, tag, data, MANIFEST)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    with registry_server(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def shelf(registry: RegistryServer) -> Shelf:
    return Shelf(registry.host, registry.folder)


Story = Callable[[Server], Coroutine[Any, Any, None]]


@pytest.fixture
def tell(tmp_path: Path) -> Callable[..., None]:
    """Runs a story against a server that follows its channels: `tell(story, **settings)`.

    A second call is the same server after a restart.
    """
    from leoflow_server.access import Cipher

    key = Cipher.generate_key()

    def run(story: Story, **changes: Any) -> None:
        async def main() -> None:
            values = {"encryption_key": key, "channel_seconds": 0.05, **changes}
            async with running_server(tmp_path / "home", **values) as server:
                following = asyncio.ensure_future(follow_channels(server.services))
                try:
                    await asyncio.wait_for(story(server), 60)
                finally:
                    following.cancel()
                    with suppress(asyncio.CancelledError):
                        await following

        asyncio.run(main())

    return run


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """One of its own for each test."""
    name: str = request.node.name.partition("[")[0]
    return "dags/" + name.removeprefix("test_").replace("_", "-")
