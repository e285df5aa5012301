"""What lies behind a reference: artifact and image, who signed them, and whether the source gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leoflow_compiler.image.builder import Connect, assemble
from leoflow_compiler.image.cache import LayerCache
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.lock import Lock
from leoflow_compiler.image.report import Report
from leoflow_compiler.project import Project
from leoflow_runtime.artifact.canonical import content_digest
from leoflow_runtime.oci.dag_artifact import VERSION, DagArtifact, pull_dag_artifact
from leoflow_runtime.oci.errors import BadAnswer
from leoflow_runtime.oci.records import DAG_ARTIFACT, INDEXES
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry

if TYPE_CHECKING:
    from leoflow_runtime.oci.keys import PrivateKey, PublicKey
    from leoflow_runtime.oci.signatures import Verified


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a reference stands for, by digest."""

    reference: Reference  # of the artifact, or of an image that is no artifact's
    artifact: DagArtifact | None
    image: Reference | None

    @property
    def parts(self) -> tuple[tuple[str, Reference], ...]:
        """What signatures are about: each part is used on its own, by the server or by a kubelet."""
        found = [("artifact", self.reference)] if self.artifact is not None else []
        return (*found, *([("image", self.image)] if self.image is not None else ()))


def find_subject(registry: Registry, reference: Reference) -> Subject:
    """Raises RegistryError."""
    descriptor, data = registry.get_manifest(reference.repository, reference.version)
    pinned = reference.at(tag=reference.tag, digest=descriptor.digest)
    if _object(data, pinned).get("artifactType") != DAG_ARTIFACT:
        return Subject(reference=pinned, artifact=None, image=pinned)
    artifact = pull_dag_artifact(registry, reference.repository, descriptor.digest)
    image = reference.at(digest=artifact.image) if artifact.image is not None else None
    return Subject(reference=pinned, artifact=artifact, image=image)


def sign_subject(
    registry: Registry, subject: Subject, key: PrivateKey, annotations: Mapping[str, str]
) -> Iterator[tuple[str, Reference, bool]]:
    """Signs every part; gives whether the signature is new. Raises RegistryError."""
    from leoflow_runtime.oci.signatures import sign

    for name, part in subject.parts:
        identity = f"{part.registry}/{part.repository}"
        is_new = sign(
            registry, part.repository, str(part.digest), key, identity=identity, annotations=annotations
        )
        yield name, part, is_new


def verify_subject(
    registry: Registry, subject: Subject, keys: Sequence[PublicKey]
) -> Iterator[tuple[str, Verified]]:
    """Every part has to be signed by one of the keys. Raises NotSigned, RegistryError."""
    from leoflow_runtime.oci.signatures import verify_signature

    for name, part in subject.parts:
        yield name, verify_signature(registry, part.repository, str(part.digest), keys)


def attached_documents(registry: Registry, subject: Subject) -> list[tuple[str, str]]:
    """Kind and digest of what refers to the image: SBOM, provenance. Raises RegistryError."""
    if subject.image is None:
        return []
    found = registry.referrers(subject.image.repository, str(subject.image.digest))
    kinds = ((str(one.artifact_type), one.digest) for one in found)
    return sorted(one for one in kinds if one[0] != DAG_ARTIFACT)


def differences(
    subject: Subject,
    project: Project,
    document: Mapping[str, Any],
    lock: Lock,
    *,
    connect: Connect,
    cache: LayerCache,
    report: Report,
) -> list[str]:
    """Builds once more, sends nothing, and says what comes out otherwise: nothing where it is the same.

    Raises ImageError, RegistryError, OSError.
    """
    found = []
    if subject.artifact is not None:
        there = subject.artifact.document
        if content_digest(document) != content_digest(there):
            found.append("the project compiles to another dag.json")
    if subject.image is None:
        return found
    registry = connect(subject.image)
    manifest = _manifest(registry, subject.image)
    version = _version(registry, subject, manifest)
    image = assemble(project, lock, version=version, connect=connect, cache=cache, report=report)
    if image.digest != subject.image.digest:
        found.append(f"the image is built as {image.digest}")
        there_too = set(_layers(registry, subject.image, manifest))
        ours = {layer.digest: layer for one in image.platforms for layer in one.layers}
        found += [
            f"layer {layer.name} is another one" for digest, layer in ours.items() if digest not in there_too
        ]
    return found


def _version(registry: Registry, subject: Subject, manifest: Mapping[str, Any]) -> str:
    """The label that the image was built with: part of its bytes."""
    for one in _platforms(registry, subject.image, manifest):
        annotations = one.get("annotations")
        if isinstance(annotations, Mapping) and isinstance(annotations.get(VERSION), str):
            return str(annotations[VERSION])
    raise ImageError(
        f"{subject.image} says no version, so that it was not built by `leoflow` without a container",
        hint="--rebuild compares images that were built without --builder",
    )


def _layers(registry: Registry, image: Reference, manifest: Mapping[str, Any]) -> Iterator[str]:
    for one in _platforms(registry, image, manifest):
        layers = one.get("layers")
        yield from (str(layer.get("digest")) for layer in layers or () if isinstance(layer, Mapping))


def _platforms(
    registry: Registry, image: Reference | None, manifest: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """The manifest itself, or those that an index names."""
    if manifest.get("mediaType") not in INDEXES or image is None:
        yield manifest
        return
    for entry in manifest.get("manifests") or ():
        yield _manifest(registry, image.at(digest=str(entry["digest"])))


def _manifest(registry: Registry, image: Reference) -> dict[str, Any]:
    _, data = registry.get_manifest(image.repository, image.version)
    return _object(data, image)


def _object(data: bytes, what: Reference) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"the manifest of {what} cannot be read") from error
    if not isinstance(found, dict):
        raise BadAnswer(f"the manifest of {what} is no object")
    return found
