"""The image that a DAG's image stands on: found by name, pinned by digest, never unpacked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leoflow_compiler.image.errors import ImageError
from leoflow_runtime.oci.errors import NotFound
from leoflow_runtime.oci.records import INDEXES, Descriptor, Platform
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry

_CONFIG_LIMIT = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseImage:
    """One platform's image in its registry."""

    reference: Reference
    config: Mapping[str, Any]  # OCI image configuration
    layers: tuple[Descriptor, ...]
    digest: str  # of the manifest


def find_base(registry: Registry, reference: Reference) -> str:
    """The digest that the base's name stands for now. Raises ImageError, RegistryError."""
    found = registry.head_manifest(reference.repository, reference.version)
    if found is None:
        raise ImageError(
            f"there is no base image {reference}",
            hint="name one that there is with `base_image` in leoflow.yaml",
        )
    return found.digest


def read_base(registry: Registry, reference: Reference, digest: str, platform: Platform) -> BaseImage:
    """The image for a platform. Raises ImageError, RegistryError."""
    try:
        manifest_digest, manifest = _manifest(registry, reference, digest, platform)
        layers = tuple(Descriptor.from_json(raw) for raw in manifest["layers"])
        descriptor = Descriptor.from_json(manifest["config"])
        config = json.loads(registry.read_blob(reference.repository, descriptor, limit=_CONFIG_LIMIT))
        if len(config["rootfs"]["diff_ids"]) != len(layers):
            raise ImageError(f"the base image {reference} is damaged: layers and configuration differ")
    except NotFound as error:
        raise ImageError(
            f"the locked base image {reference.at(digest=digest)} is gone",
            hint="`leoflow lock` finds what its name stands for now",
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ImageError(f"the base image {reference} cannot be read: {error}") from error
    said = Platform(str(config.get("os", "")), str(config.get("architecture", "")), config.get("variant"))
    if not said.serves(platform):
        raise ImageError(f"the base image {reference} is for {said}, not for {platform}")
    return BaseImage(reference=reference, config=config, layers=layers, digest=manifest_digest)


def _manifest(
    registry: Registry, reference: Reference, digest: str, platform: Platform
) -> tuple[str, dict[str, Any]]:
    descriptor, data = registry.get_manifest(reference.repository, digest)
    document: dict[str, Any] = json.loads(data)
    if descriptor.media_type not in INDEXES:
        return descriptor.digest, document
    entries = [Descriptor.from_json(raw) for raw in document["manifests"]]
    fitting = [one for one in entries if one.platform is not None and one.platform.serves(platform)]
    if not fitting:
        known = ", ".join(sorted({str(one.platform) for one in entries if one.platform is not None}))
        raise ImageError(f"the base image {reference} is not published for {platform} (it is for {known})")
    _, data = registry.get_manifest(reference.repository, fitting[0].digest)
    return fitting[0].digest, json.loads(data)
