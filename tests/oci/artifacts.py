"""An artifact with all that belongs to one: an image for two platforms, an SBOM, a signature."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass

from leoflow_runtime.oci.dag_artifact import push_dag_artifact
from leoflow_runtime.oci.records import (
    CONFIG,
    EMPTY,
    INDEX,
    LAYER_GZIP,
    MANIFEST,
    Descriptor,
    Platform,
    canonical_json,
)
from leoflow_runtime.oci.registry import Registry

SBOM = "application/spdx+json"
DAG = {"schema_version": "1.0", "dag_id": "sales", "dag_version": "v1", "tasks": []}


@dataclass(frozen=True, slots=True)
class Pushed:
    artifact: Descriptor
    image: Descriptor
    sbom: Descriptor
    signature_tag: str


def push_everything(registry: Registry, repository: str, tag: str = "v1-dag") -> Pushed:
    """The same bytes each time."""
    image = push_image(registry, repository)
    document = {**DAG, "image": f"{registry.host}/{repository}@{image.digest}"}
    artifact = push_dag_artifact(registry, repository, tag, document, image=image, source=b"the source")
    sbom = _manifest(registry, repository, b"{}", EMPTY, b"packages", subject=image, artifactType=SBOM)
    registry.put_referrer(repository, image.digest, sbom, MANIFEST, SBOM)
    signature = _manifest(registry, repository, b"{}", CONFIG, b"signature")
    signature_tag = artifact.digest.replace(":", "-") + ".sig"
    registry.put_manifest(repository, signature_tag, signature, MANIFEST)
    return Pushed(artifact, image, Descriptor.of(sbom, MANIFEST), signature_tag)


def push_image(registry: Registry, repository: str, tag: str = "v1") -> Descriptor:
    entries = []
    for architecture in ("amd64", "arm64"):
        config = json.dumps({"os": "linux", "architecture": architecture}).encode()
        data = _manifest(registry, repository, config, CONFIG, f"layer for {architecture}".encode())
        stored = registry.put_manifest(repository, Descriptor.of(data, MANIFEST).digest, data, MANIFEST)
        platform = Platform("linux", architecture)
        entries.append(
            Descriptor(
                media_type=MANIFEST, digest=stored.digest, size=stored.size, platform=platform
            ).to_json()
        )
    index = canonical_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    return registry.put_manifest(repository, tag, index, INDEX)


def _manifest(
    registry: Registry,
    repository: str,
    config: bytes,
    config_type: str,
    layer: bytes,
    subject: Descriptor | None = None,
    **more: str,
) -> bytes:
    layer = gzip.compress(layer, mtime=0)
    for data in (config, layer):
        registry.push_bytes(repository, data)
    about = {"subject": subject.to_json()} if subject is not None else {}
    return canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": Descriptor.of(config, config_type).to_json(),
            "layers": [Descriptor.of(layer, LAYER_GZIP).to_json()],
            **about,
            **more,
        }
    )
