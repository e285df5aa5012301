"""Whether the source gives what lies in a registry: the same bytes, or what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leoflow_compiler.deploy.subject import Subject, platforms_of
from leoflow_compiler.image.builder import Connect, assemble
from leoflow_compiler.image.cache import LayerCache
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.lock import Lock
from leoflow_compiler.image.report import Report
from leoflow_compiler.project import Project
from leoflow_runtime.artifact.canonical import content_digest
from leoflow_runtime.oci.dag_artifact import VERSION
from leoflow_runtime.oci.reference import Reference


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
    platforms = [manifest for _, manifest in platforms_of(connect(subject.image), subject.image)]
    version = _version(subject.image, platforms)
    image = assemble(project, lock, version=version, connect=connect, cache=cache, report=report)
    if image.digest != subject.image.digest:
        found.append(f"the image is built as {image.digest}")
        there_too = {str(layer.get("digest")) for manifest in platforms for layer in _layers(manifest)}
        ours = {layer.digest: layer for one in image.platforms for layer in one.layers}
        found += [
            f"layer {layer.name} is another one" for digest, layer in ours.items() if digest not in there_too
        ]
    return found


def _version(image: Reference, platforms: Sequence[Mapping[str, Any]]) -> str:
    """The label that the image was built with: part of its bytes."""
    for one in platforms:
        annotations = one.get("annotations")
        if isinstance(annotations, Mapping) and isinstance(annotations.get(VERSION), str):
            return str(annotations[VERSION])
    raise ImageError(
        f"{image} says no version, so that it was not built by `leoflow` without a container",
        hint="--rebuild compares images that were built without --builder",
    )


def _layers(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [layer for layer in manifest.get("layers") or () if isinstance(layer, Mapping)]
