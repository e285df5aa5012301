"""`leoflow.lock`: the base image by digest and every package by version and digest, for each platform."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from leoflow_compiler.atomic import write_atomically
from leoflow_compiler.image import uv
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.uv import Package
from leoflow_compiler.project.lock_inputs import LOCK_VERSION, base_image, inputs_of
from leoflow_compiler.project.records import LOCK_FILE, ProjectConfig
from leoflow_runtime.oci.records import Platform, is_digest

__all__ = ["Lock", "base_image", "inputs_of", "make_lock", "read_lock", "write_lock"]

# What the agent in an image needs beside Leoflow itself.
AGENT_PACKAGES = ("grpcio", "protobuf")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """What an image is made of, besides the project's own files. `inputs`: the digest of what was locked."""

    inputs: str
    base: str  # the base image as it was asked for
    base_digest: str  # what that named: an index or a manifest
    packages: Mapping[str, tuple[Package, ...]]  # by platform
    agent: Mapping[str, tuple[Package, ...]]
    platform_tag: str = uv.DEFAULT_LIBC  # which wheels were looked for

    def to_bytes(self) -> bytes:
        document = {
            "lock_version": LOCK_VERSION,
            "inputs": self.inputs,
            "base": {"image": self.base, "digest": self.base_digest},
            "platform_tag": self.platform_tag,
            "packages": _by_platform(self.packages),
            "agent": _by_platform(self.agent),
        }
        return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Lock:
        """Raises ValueError."""
        raw = json.loads(data)
        if not isinstance(raw, dict) or raw.get("lock_version") != LOCK_VERSION:
            raise ValueError("it is of another version of Leoflow")
        try:
            if not is_digest(raw["base"]["digest"]):
                raise ValueError("its base has no digest")
            return cls(
                inputs=str(raw["inputs"]),
                base=str(raw["base"]["image"]),
                base_digest=str(raw["base"]["digest"]),
                packages=_packages(raw["packages"]),
                agent=_packages(raw["agent"]),
                platform_tag=str(raw["platform_tag"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it lacks {error}") from error


def read_lock(root: Path) -> Lock | None:
    """The lock of a project; None where there is none. Raises ImageError for one that cannot be read."""
    try:
        return Lock.from_bytes((root / LOCK_FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ImageError(
            f"{LOCK_FILE} cannot be read: {error}", hint="make a new one: `leoflow lock`"
        ) from error


def make_lock(
    config: ProjectConfig,
    base_digest: str,
    *,
    platform_tag: str = uv.DEFAULT_LIBC,
    from_source: bool = False,
) -> Lock:
    """Resolves the dependencies for every platform. Raises ImageError.

    `from_source`: packages without a wheel too, which only a build in a container can install.
    """
    agent = [f"{name}=={metadata.version(name)}" for name in AGENT_PACKAGES]
    packages, of_agent = {}, {}
    for text in config.build.platforms:
        resolve = partial(
            uv.resolve,
            python_version=config.python_version,
            platform=Platform.parse(text),
            platform_tag=platform_tag,
        )
        packages[text] = resolve(config.dependencies, from_source=from_source)
        of_agent[text] = resolve(agent)
    return Lock(
        inputs=inputs_of(config),
        base=base_image(config),
        base_digest=base_digest,
        packages=packages,
        agent=of_agent,
        platform_tag=platform_tag,
    )


def write_lock(root: Path, lock: Lock) -> bool:
    """Keeps it beside `leoflow.yaml`; False: it was the same already. Raises ImageError."""
    path, data = root / LOCK_FILE, lock.to_bytes()
    try:
        if path.exists() and path.read_bytes() == data:
            return False
        write_atomically(path, data)
    except OSError as error:
        raise ImageError(f"{path} cannot be written: {error.strerror}") from error
    return True


def _by_platform(packages: Mapping[str, Sequence[Package]]) -> dict[str, Any]:
    return {platform: [one.to_json() for one in found] for platform, found in packages.items()}


def _packages(raw: Mapping[str, Any]) -> dict[str, tuple[Package, ...]]:
    return {
        platform: tuple(
            Package(name=one["name"], version=one["version"], hashes=tuple(one["hashes"])) for one in found
        )
        for platform, found in raw.items()
    }
