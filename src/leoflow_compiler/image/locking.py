"""A lock from what names stand for now: the base image, the wheels that it can load, the packages."""

from __future__ import annotations

import re

from leoflow_compiler.image import uv
from leoflow_compiler.image.base import find_base, read_base
from leoflow_compiler.image.builder import Connect
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.lock import Lock, base_image, make_lock
from leoflow_compiler.project import Project
from leoflow_compiler.project.records import ProjectConfig
from leoflow_runtime.oci.records import Platform, digest_of
from leoflow_runtime.oci.reference import BadReference, Reference

# A base says so when its libc is another one than that of python:X.Y-slim.
PLATFORM_TAG = "dev.leoflow.platform-tag"
_TAG = re.compile(r"manylinux_2_\d+|manylinux2014|musllinux_1_\d+")


def new_lock(project: Project, connect: Connect, *, from_source: bool = False) -> Lock:
    """Raises ImageError, RegistryError.

    `from_source`: packages without a wheel too. A project that needs a container for its build may have them
    in any case.
    """
    config = project.config
    if config.build.dockerfile is not None:
        tag = config.build.platform_tag or uv.DEFAULT_LIBC
        return make_lock(config, _digest_of_dockerfile(project), platform_tag=tag, from_source=True)
    try:
        reference = Reference.parse(base_image(config))
    except BadReference as error:
        raise ImageError(f"`base_image` names no image: {error}") from error
    digest = find_base(connect(reference), reference)
    tag = config.build.platform_tag or _said_by_base(config, connect, reference, digest) or uv.DEFAULT_LIBC
    return make_lock(
        config, digest, platform_tag=tag, from_source=from_source or bool(config.system_packages)
    )


def _said_by_base(config: ProjectConfig, connect: Connect, reference: Reference, digest: str) -> str | None:
    """What the base's label says of its libc; the platforms of one base have the same."""
    platform = Platform.parse(config.build.platforms[0])
    base = read_base(connect(reference), reference, digest, platform)
    labels = (base.config.get("config") or {}).get("Labels") or {}
    said = labels.get(PLATFORM_TAG)
    if said is not None and not (isinstance(said, str) and _TAG.fullmatch(said)):
        raise ImageError(
            f"the label {PLATFORM_TAG} of {reference} is no platform tag: {said!r}",
            hint="set `build.platform_tag` in leoflow.yaml, such as manylinux_2_28",
        )
    return said


def _digest_of_dockerfile(project: Project) -> str:
    name = project.config.build.dockerfile
    assert name is not None
    path = project.root / name
    if not path.resolve().is_relative_to(project.root):
        raise ImageError(f"`build.dockerfile` leads out of the project: {name}")
    try:
        return digest_of(path.read_bytes())
    except OSError as error:
        raise ImageError(f"`build.dockerfile`: {name} cannot be read: {error.strerror}") from error
