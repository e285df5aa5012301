"""Whole artifacts from one repository to another: the image, SBOMs, provenance and signatures come along."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from leoflow_runtime.oci.closure import Closure, Source
from leoflow_runtime.oci.dag_artifact import VERSION
from leoflow_runtime.oci.parsing import parse_json
from leoflow_runtime.oci.records import DAG_ARTIFACT, Descriptor
from leoflow_runtime.oci.reference import is_tag
from leoflow_runtime.oci.registry import CHUNK, Registry

# Where cosign keeps what it says of a digest ("specs/SIGNATURE_SPEC.md").
_COSIGN = (".sig", ".att", ".sbom")
_AT_A_TIME = 4


@dataclass(frozen=True, slots=True)
class Repository:
    """A Source: one repository of a registry."""

    registry: Registry
    repository: str

    @property
    def name(self) -> str:
        return f"{self.registry.host}/{self.repository}"

    def get_manifest(self, version: str) -> tuple[Descriptor, bytes]:
        return self.registry.get_manifest(self.repository, version)

    def get_blob(self, descriptor: Descriptor) -> Iterator[bytes]:
        return self.registry.get_blob(self.repository, descriptor)


def closure_of(source: Repository, version: str) -> tuple[Closure, str]:
    """What a tag or digest names, with its image and all that refers to either; and its digest.

    The tags are those by which image and artifact are kept (a registry deletes what has none), and cosign's.
    Raises RegistryError.
    """
    closure = Closure()
    root = closure.add(source, version)
    asked: set[str] = set()
    while unasked := closure.manifests.keys() - asked:  # what refers may be referred to
        asked |= unasked
        for digest in sorted(unasked):
            _add_referrers(closure, source, digest)
    closure.tags |= _kept_by(closure, root)
    return closure, root


def _add_referrers(closure: Closure, source: Repository, digest: str) -> None:
    for referrer in source.registry.referrers(source.repository, digest):
        closure.add(source, referrer.digest)
    for kind in _COSIGN:
        tag = digest.replace(":", "-") + kind
        found = source.registry.head_manifest(source.repository, tag)
        if found is not None:
            closure.tags[tag] = closure.add(source, found.digest)


def _kept_by(closure: Closure, root: str) -> dict[str, str]:
    """`VERSION` for the image and `VERSION-dag` for the artifact, as a deployment tags them."""
    manifest = closure.manifests[root]
    document = parse_json(manifest.data)
    if document.get("artifactType") != DAG_ARTIFACT:
        return {}
    version = (document.get("annotations") or {}).get(VERSION)
    if not isinstance(version, str) or not is_tag(f"{version}-dag"):
        version = root.removeprefix("sha256:")[:12]
    tags = {f"{version}-dag": root}
    return tags | ({version: manifest.subject} if manifest.subject is not None else {})


def put(closure: Closure, source: Source, target: Repository, tags: dict[str, str]) -> int:
    """Stores a closure: blobs, then manifests, then `tags`, so that no tag ever names what is not all there.

    What is there already is left alone. Gives the bytes that were sent. Raises RegistryError.
    """
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        sent = sum(pool.map(lambda blob: _put_blob(blob, source, target), closure.blobs.values()))
    registry, repository = target.registry, target.repository
    for digest, one in closure.manifests.items():
        kind = one.descriptor.media_type
        if one.is_referrer and one.subject is not None:
            registry.put_referrer(repository, one.subject, one.data, kind, _artifact_type(one.data))
        elif registry.head_manifest(repository, digest) is None:
            registry.put_manifest(repository, digest, one.data, kind)
            sent += len(one.data)
    for tag, digest in tags.items():
        manifest = closure.manifests[digest]
        registry.put_manifest(repository, tag, manifest.data, manifest.descriptor.media_type)
    return sent


def _put_blob(blob: Descriptor, source: Source, target: Repository) -> int:
    registry, repository = target.registry, target.repository
    if registry.has_blob(repository, blob.digest):
        return 0
    if isinstance(source, Repository) and source.registry.host == registry.host:
        if registry.mount_blob(repository, blob.digest, source.repository):
            return 0
    with tempfile.SpooledTemporaryFile(max_size=CHUNK) as copy:
        for piece in source.get_blob(blob):
            copy.write(piece)
        copy.seek(0)
        registry.push_stream(repository, blob.digest, blob.size, copy)  # type: ignore[arg-type]
    return blob.size


def _artifact_type(data: bytes) -> str:
    """How a referrers list calls it (distribution specification, "Listing Referrers")."""
    document = parse_json(data)
    config = document.get("config") or {}
    return str(document.get("artifactType") or config.get("mediaType") or "")
