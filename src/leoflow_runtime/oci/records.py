"""Descriptors and media types (OCI image specification 1.1: descriptor.md, manifest.md, image-index.md)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
# What registries of Docker's have, with the same meaning.
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFESTS = (MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX)
INDEXES = frozenset({INDEX, DOCKER_INDEX})

DAG_ARTIFACT = "application/vnd.leoflow.dag.v1+json"
DAG_SOURCE = "application/vnd.leoflow.source.v1.tar+gzip"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9_.]+)?")


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image runs on, such as `linux/arm64/v8`."""

    os: str
    architecture: str
    variant: str | None = None

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Raises ValueError."""
        if not _PLATFORM.fullmatch(text):
            raise ValueError(f"{text!r} is no platform; write linux/amd64 or linux/arm64")
        return cls(*text.split("/"))

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    def serves(self, wanted: Platform) -> bool:
        """Whether an image for this platform is one for `wanted`; a variant that is not said fits any."""
        same = (self.os, self.architecture) == (wanted.os, wanted.architecture)
        return same and (None in (self.variant, wanted.variant) or self.variant == wanted.variant)

    def to_json(self) -> dict[str, str]:
        found = {"os": self.os, "architecture": self.architecture}
        return {**found, "variant": self.variant} if self.variant else found


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """Some bytes in a registry: what they are, their digest and size."""

    media_type: str
    digest: str  # sha256:…
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    artifact_type: str | None = None

    @classmethod
    def of(cls, data: bytes, media_type: str, **more: Any) -> Descriptor:
        return cls(media_type=media_type, digest=digest_of(data), size=len(data), **more)

    @classmethod
    def from_json(cls, raw: Any) -> Descriptor:
        """Raises ValueError for what is no descriptor, or names bytes by anything but SHA-256."""
        if not isinstance(raw, Mapping):
            raise ValueError("a descriptor is an object")
        media_type, digest, size = raw.get("mediaType"), raw.get("digest"), raw.get("size")
        if not isinstance(media_type, str) or not is_digest(digest):
            raise ValueError("a descriptor has a mediaType and a sha256 digest")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ValueError("a descriptor has a size")
        annotations = raw.get("annotations") or {}
        if not isinstance(annotations, Mapping):
            raise ValueError("annotations are an object")
        return cls(
            media_type=media_type,
            digest=str(digest),
            size=size,
            annotations={str(key): str(value) for key, value in annotations.items()},
            platform=_platform(raw.get("platform")),
            artifact_type=raw["artifactType"] if isinstance(raw.get("artifactType"), str) else None,
        )

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.annotations:
            found["annotations"] = dict(self.annotations)
        if self.platform is not None:
            found["platform"] = self.platform.to_json()
        if self.artifact_type is not None:
            found["artifactType"] = self.artifact_type
        return found


def _platform(raw: Any) -> Platform | None:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("os"), str):
        return None
    variant = raw.get("variant")
    return Platform(
        raw["os"], str(raw.get("architecture", "")), variant if isinstance(variant, str) and variant else None
    )


def is_digest(value: object) -> bool:
    """Whether it is `sha256:` and 64 hexadecimal digits: the only algorithm that is used."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """The bytes of a manifest or config of ours: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
