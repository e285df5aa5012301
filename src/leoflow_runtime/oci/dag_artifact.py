"""The artifact of a DAG: a manifest that holds `dag.json` and names the image by digest.

OCI image specification 1.1, "Guidelines for Artifact Usage": an artifactType, the empty config, own layers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leoflow_runtime.artifact.canonical import canonical_bytes
from leoflow_runtime.oci.errors import BadAnswer
from leoflow_runtime.oci.records import DAG_ARTIFACT, EMPTY, MANIFEST, Descriptor, canonical_json
from leoflow_runtime.oci.registry import Registry

DOCUMENT = "application/vnd.leoflow.dag.document.v1+json"
DOCUMENT_LIMIT = 32 << 20
_EMPTY = b"{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DagArtifact:
    """What a registry holds of one version. The document is not checked yet."""

    document: Any
    digest: str  # of the manifest
    image: str | None  # the digest that the manifest names


def push_dag_artifact(
    registry: Registry,
    repository: str,
    tag: str,
    document: Mapping[str, Any],
    *,
    image: Descriptor | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Descriptor:
    """Stores a document under a tag; `image` becomes its subject. Raises RegistryError."""
    data = canonical_bytes(document)
    registry.push_bytes(repository, data)
    registry.push_bytes(repository, _EMPTY)
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": DAG_ARTIFACT,
        "config": Descriptor.of(_EMPTY, EMPTY).to_json(),
        "layers": [
            Descriptor.of(
                data, DOCUMENT, annotations={"org.opencontainers.image.title": "dag.json"}
            ).to_json()
        ],
        "annotations": {
            "org.opencontainers.image.title": str(document["dag_id"]),
            "org.opencontainers.image.version": str(document.get("dag_version", "")),
            **(annotations or {}),
        },
    }
    if image is not None:
        manifest["subject"] = Descriptor(
            media_type=image.media_type, digest=image.digest, size=image.size
        ).to_json()
    return registry.put_manifest(repository, tag, canonical_json(manifest), MANIFEST)


def pull_dag_artifact(registry: Registry, repository: str, version: str) -> DagArtifact:
    """Reads an artifact by tag or digest, every byte verified. Raises RegistryError."""
    descriptor, data = registry.get_manifest(repository, version)
    what = f"{repository}@{descriptor.digest}"
    try:
        manifest = json.loads(data)
        if manifest.get("artifactType") != DAG_ARTIFACT:
            raise ValueError("it is something else")
        layers = [Descriptor.from_json(raw) for raw in manifest["layers"]]
        (document,) = [layer for layer in layers if layer.media_type == DOCUMENT]
        subject = manifest.get("subject")
        image = Descriptor.from_json(subject).digest if subject is not None else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadAnswer(f"{what} on {registry.host} is no DAG artifact: {error}") from error
    content = registry.read_blob(repository, document, limit=DOCUMENT_LIMIT)
    try:
        return DagArtifact(document=json.loads(content), digest=descriptor.digest, image=image)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"the dag.json of {what} on {registry.host} cannot be read") from error
