"""A manifest and all that it takes to use it elsewhere: what is copied, exported and imported as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from leoflow_runtime.oci.errors import BadAnswer
from leoflow_runtime.oci.parsing import parse_json
from leoflow_runtime.oci.records import DAG_ARTIFACT, INDEXES, Descriptor
from leoflow_runtime.oci.records import MANIFESTS as MEDIA_TYPES

MANIFESTS = 1000  # at most in one closure
BLOBS = 10_000
_DEPTH = 8  # artifact, index, manifest: three are usual


class Source(Protocol):
    """Where manifests and blobs are read, verified: a repository, or an exported file."""

    @property
    def name(self) -> str: ...

    def get_manifest(self, version: str) -> tuple[Descriptor, bytes]: ...

    def get_blob(self, descriptor: Descriptor) -> Iterator[bytes]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """One document of the closure, as it lies there."""

    descriptor: Descriptor
    data: bytes
    subject: str | None = None  # the digest that it is about
    is_referrer: bool = False  # listed at its subject: an SBOM, a provenance, a signature


@dataclass(kw_only=True, slots=True)
class Closure:
    """`manifests` by digest, each after those that it names: in this order a registry takes them."""

    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, Descriptor] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)  # tag -> digest

    @property
    def size(self) -> int:
        """Bytes of everything."""
        documents = sum(one.descriptor.size for one in self.manifests.values())
        return documents + sum(blob.size for blob in self.blobs.values())

    def add(self, source: Source, version: str) -> str:
        """Adds what `version` names, with all below it; gives its digest. Raises RegistryError."""
        return self._add(source, version, 0)

    def _add(self, source: Source, version: str, depth: int) -> str:
        if version in self.manifests:
            return version
        descriptor, data = source.get_manifest(version)
        if descriptor.digest in self.manifests:
            return descriptor.digest
        if depth >= _DEPTH or len(self.manifests) >= MANIFESTS:
            raise BadAnswer(f"{source.name} has too many manifests under one name, or too deep ones")
        if descriptor.media_type not in MEDIA_TYPES:
            raise BadAnswer(f"{descriptor.digest} in {source.name} is no manifest of a known type")
        try:
            document = parse_json(data)
            children, blobs, subject = _named_in(document, descriptor)
        except ValueError as error:
            raise BadAnswer(f"{descriptor.digest} in {source.name} is no manifest: {error}") from error
        is_artifact = document.get("artifactType") == DAG_ARTIFACT
        if subject is not None and is_artifact:
            children = [*children, subject]  # the image: the artifact is nothing without it
        for child in children:
            self._add(source, child, depth + 1)
        self.blobs |= {blob.digest: blob for blob in blobs}
        if len(self.blobs) > BLOBS:
            raise BadAnswer(f"{source.name} has more than {BLOBS:,} blobs under one name")
        self.manifests[descriptor.digest] = Manifest(
            descriptor=descriptor,
            data=data,
            subject=subject,
            is_referrer=subject is not None and not is_artifact,
        )
        return descriptor.digest


def _named_in(document: Any, descriptor: Descriptor) -> tuple[list[str], Iterable[Descriptor], str | None]:
    """Digests of manifests, blobs, and the subject's digest. Raises ValueError."""
    if not isinstance(document, Mapping):
        raise ValueError("it is no object")
    raw_subject = document.get("subject")
    subject = Descriptor.from_json(raw_subject).digest if raw_subject is not None else None
    if descriptor.media_type in INDEXES:
        return [one.digest for one in _descriptors(document.get("manifests"))], (), subject
    config = Descriptor.from_json(document.get("config"))
    return [], (config, *_descriptors(document.get("layers"))), subject


def _descriptors(raw: Any) -> list[Descriptor]:
    if not isinstance(raw, list):
        raise ValueError("it has no list of what it consists of")
    return [Descriptor.from_json(one) for one in raw]
