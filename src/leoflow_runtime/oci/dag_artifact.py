"""The artifact of a DAG: a manifest that holds `dag.json`, perhaps the source, and names the image by digest.

OCI image specification 1.1, "Guidelines for Artifact Usage": an artifactType, the empty config, own layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from leoflow_runtime.artifact.canonical import canonical_bytes
from leoflow_runtime.oci.errors import BadAnswer, TooLarge
from leoflow_runtime.oci.parsing import Malformed, parse_json
from leoflow_runtime.oci.records import (
    DAG_ARTIFACT,
    DAG_SOURCE,
    EMPTY,
    MANIFEST,
    Descriptor,
    canonical_json,
)
from leoflow_runtime.oci.reference import BadReference, Reference
from leoflow_runtime.oci.registry import Registry

DOCUMENT = "application/vnd.leoflow.dag.document.v1+json"
TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
_EMPTY = b"{}"
_LAYERS = 16  # more than an artifact will ever have


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is read of an artifact at most."""

    document: int = 32 << 20  # bytes
    source: int = 512 << 20  # bytes, compressed
    depth: int = 100  # objects and lists within each other


@dataclass(frozen=True, kw_only=True, slots=True)
class DagArtifact:
    """What a registry holds of one version. Of the document, only JSON and depth are checked."""

    document: Any
    digest: str  # of the manifest
    image: str | None  # the digest that the manifest names
    source: Descriptor | None = None  # DAG_SOURCE, read with `Registry.get_blob`
    annotations: Mapping[str, str] = field(default_factory=dict)


def push_dag_artifact(
    registry: Registry,
    repository: str,
    tag: str,
    document: Mapping[str, Any],
    *,
    image: Descriptor | None = None,
    source: bytes | Descriptor | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Descriptor:
    """Stores a document under a tag; `image` becomes its subject, `source` (tar+gzip) its second layer.

    `source` as a descriptor names what the repository has already: the code layer of the image. The same
    arguments give the same digest. Raises RegistryError.
    """
    data = canonical_bytes(document)
    layers = [Descriptor.of(data, DOCUMENT, annotations={TITLE: "dag.json"}).to_json()]
    for content in (data, source, _EMPTY):
        if isinstance(content, bytes):
            registry.push_bytes(repository, content)
    if source is not None:
        blob = Descriptor.of(source, DAG_SOURCE) if isinstance(source, bytes) else source
        titled = replace(blob, media_type=DAG_SOURCE, annotations={TITLE: "source.tar.gz"})
        layers.append(titled.to_json())
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": DAG_ARTIFACT,
        "config": Descriptor.of(_EMPTY, EMPTY).to_json(),
        "layers": layers,
        "annotations": {
            TITLE: str(document["dag_id"]),
            VERSION: str(document.get("dag_version", "")),
            **(annotations or {}),
        },
    }
    if image is not None:
        manifest["subject"] = Descriptor(
            media_type=image.media_type, digest=image.digest, size=image.size
        ).to_json()
    return registry.put_manifest(repository, tag, canonical_json(manifest), MANIFEST)


def pull_dag_artifact(
    registry: Registry, repository: str, version: str, *, limits: Limits = Limits()
) -> DagArtifact:
    """Reads an artifact by tag or digest, every byte verified. Raises RegistryError.

    BadAnswer: what lies there is no DAG artifact, or its document and its manifest name different images.
    """
    descriptor, data = registry.get_manifest(repository, version)
    what = f"{repository}@{descriptor.digest} on {registry.host}"
    try:
        manifest = parse_json(data, depth=limits.depth)
        layers, image, annotations = _read(manifest)
        document = _only(layers, DOCUMENT)
        source = _only(layers, DAG_SOURCE) if DAG_SOURCE in {one.media_type for one in layers} else None
    except ValueError as error:
        raise BadAnswer(f"{what} is no DAG artifact: {error}") from error
    if source is not None and source.size > limits.source:
        raise TooLarge(f"the source in {what} has {source.size:,} bytes; at most {limits.source:,} are read")
    content = registry.read_blob(repository, document, limit=limits.document)
    try:
        found = parse_json(content, depth=limits.depth)
        _check_image(found, image)
    except ValueError as error:
        raise BadAnswer(f"the dag.json of {what} cannot be used: {error}") from error
    return DagArtifact(
        document=found, digest=descriptor.digest, image=image, source=source, annotations=annotations
    )


def relocated(artifact: DagArtifact, lies_in: Reference) -> Any:
    """The document with its image named where the artifact lies: a copy brings its image along.

    `lies_in`: the repository from which the artifact was pulled. Unchanged without an image.
    """
    if artifact.image is None:
        return artifact.document
    return {**artifact.document, "image": str(lies_in.at(digest=artifact.image))}


def _read(manifest: Any) -> tuple[list[Descriptor], str | None, dict[str, str]]:
    """Layers, the image's digest and the annotations. Raises ValueError."""
    if not isinstance(manifest, dict) or manifest.get("artifactType") != DAG_ARTIFACT:
        raise Malformed("it is something else")
    raw, subject, annotations = (manifest.get(key) for key in ("layers", "subject", "annotations"))
    if not isinstance(raw, list) or len(raw) > _LAYERS:
        raise Malformed("its layers are no list, or too many")
    if not isinstance(annotations or {}, dict):
        raise Malformed("its annotations are no object")
    image = Descriptor.from_json(subject).digest if subject is not None else None
    told = {str(key): str(value) for key, value in (annotations or {}).items()}
    return [Descriptor.from_json(one) for one in raw], image, told


def _only(layers: list[Descriptor], media_type: str) -> Descriptor:
    found = [layer for layer in layers if layer.media_type == media_type]
    if len(found) != 1:
        raise Malformed(f"it has {len(found)} layers of type {media_type}")
    return found[0]


def _check_image(document: Any, image: str | None) -> None:
    """Whoever signs or copies the artifact goes by its manifest, whoever runs it by its document."""
    if not isinstance(document, dict):
        raise Malformed("it is no object")
    named = document.get("image")
    if image is None or named is None:
        return
    try:
        digest = Reference.parse(str(named)).digest
    except BadReference as error:
        raise Malformed(str(error)) from error
    if digest != image:
        raise Malformed("it names another image than the manifest does")
