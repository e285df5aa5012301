"""What lies behind a reference: the artifact, its image, the documents about the image, each by digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leoflow_compiler.image import provenance, sbom
from leoflow_runtime.oci.dag_artifact import DagArtifact, pull_dag_artifact
from leoflow_runtime.oci.errors import BadAnswer
from leoflow_runtime.oci.parsing import parse_json
from leoflow_runtime.oci.records import DAG_ARTIFACT, INDEXES, Descriptor
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry

# Documents that a deployment attaches and that people go by, so that they are signed and verified too.
DOCUMENTS = {sbom.MEDIA_TYPE: "sbom", provenance.MEDIA_TYPE: "provenance"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Something that is trusted on its own: by a server, by a kubelet, by whoever reads a document."""

    name: str  # "artifact", "image", "sbom", "provenance"
    reference: Reference  # by digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a reference stands for, by digest."""

    reference: Reference  # of the artifact, or of an image that is no artifact's
    artifact: DagArtifact | None
    image: Reference | None
    documents: tuple[Part, ...] = ()
    others: tuple[tuple[str, str], ...] = ()  # what else refers to the image: type and digest

    @property
    def parts(self) -> tuple[Part, ...]:
        """What signatures are about."""
        found = [Part(name="artifact", reference=self.reference)] if self.artifact is not None else []
        image = [Part(name="image", reference=self.image)] if self.image is not None else []
        return (*found, *image, *self.documents)

    @property
    def attached(self) -> list[tuple[str, str]]:
        """Type and digest of all that refers to the image."""
        kinds = {name: kind for kind, name in DOCUMENTS.items()}
        own = [(kinds[one.name], str(one.reference.digest)) for one in self.documents]
        return sorted([*own, *self.others])


def find_subject(registry: Registry, reference: Reference) -> Subject:
    """Raises RegistryError."""
    descriptor, data = registry.get_manifest(reference.repository, reference.version)
    pinned = reference.at(tag=reference.tag, digest=descriptor.digest)
    artifact, image = None, pinned
    if _object(data, pinned).get("artifactType") == DAG_ARTIFACT:
        artifact = pull_dag_artifact(registry, reference.repository, descriptor.digest)
        if artifact.image is None:
            return Subject(reference=pinned, artifact=artifact, image=None)
        image = reference.at(digest=artifact.image)
    documents, others = _referring(registry, image)
    return Subject(reference=pinned, artifact=artifact, image=image, documents=documents, others=others)


def platforms_of(registry: Registry, image: Reference) -> list[tuple[Reference, Mapping[str, Any]]]:
    """The image's manifest, or those that its index names. Raises RegistryError."""
    descriptor, data = registry.get_manifest(image.repository, image.version)
    manifest = _object(data, image)
    if descriptor.media_type not in INDEXES:
        return [(image, manifest)]
    try:
        entries = [Descriptor.from_json(raw) for raw in manifest.get("manifests") or ()]
    except ValueError as error:
        raise BadAnswer(f"the index of {image} cannot be read: {error}") from error
    found: list[tuple[Reference, Mapping[str, Any]]] = []
    for one in (image.at(digest=entry.digest) for entry in entries):
        found.append((one, _object(registry.get_manifest(one.repository, one.version)[1], one)))
    return found


def _referring(registry: Registry, image: Reference) -> tuple[tuple[Part, ...], tuple[tuple[str, str], ...]]:
    """Documents of the image and of each of its platforms, and what else there is."""
    subjects = {str(image.digest), *(str(one.digest) for one, _ in platforms_of(registry, image))}
    documents, others = set(), set()
    for digest in subjects:
        for one in registry.referrers(image.repository, digest):
            kind = str(one.artifact_type)
            if kind in DOCUMENTS:
                documents.add((DOCUMENTS[kind], one.digest))
            elif kind != DAG_ARTIFACT:
                others.add((kind, one.digest))
    found = tuple(Part(name=name, reference=image.at(digest=digest)) for name, digest in sorted(documents))
    return found, tuple(sorted(others))


def _object(data: bytes, what: Reference) -> dict[str, Any]:
    try:
        found = parse_json(data)
    except ValueError as error:
        raise BadAnswer(f"the manifest of {what} cannot be read") from error
    if not isinstance(found, dict):
        raise BadAnswer(f"the manifest of {what} is no object")
    return found
