"""Names in registries: `registry/repository:tag@digest` (distribution specification 1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from leoflow_runtime.oci.records import is_digest

DOCKER_HUB = "docker.io"
_DOCKER_HOST = "registry-1.docker.io"
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?")
_LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|\[::1\]")


class BadReference(ValueError):
    """A text that names nothing in a registry; the message is one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """Without tag and digest: a repository."""

    registry: str  # host and port
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Reads `oci://host/name:tag@digest`, the scheme optional; Docker Hub's short names are completed.

        Raises BadReference.
        """
        rest = text.strip().removeprefix("oci://")
        rest, _, digest = rest.partition("@")
        name, tag = rest, None
        colon = rest.rfind(":")
        if colon > rest.rfind("/"):
            name, tag = rest[:colon], rest[colon + 1 :]
        registry, slash, repository = name.partition("/")
        if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
            registry, repository = DOCKER_HUB, name
        if registry == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        if not _HOST.fullmatch(registry):
            raise BadReference(f"{text!r} names no registry; write HOST/NAME:TAG")
        if not _REPOSITORY.fullmatch(repository) or len(repository) > 255:
            raise BadReference(
                f"{text!r} has no valid name: small letters, digits and single `.`, `_`, `-` between them"
            )
        if tag is not None and not is_tag(tag):
            raise BadReference(f"{text!r} has no valid tag: letters, digits, `.`, `_` and `-`, at most 128")
        if "@" in text and not is_digest(digest):
            raise BadReference(f"{text!r} has no valid digest: write @sha256: and 64 hexadecimal digits")
        return cls(registry=registry, repository=repository, tag=tag, digest=digest or None)

    @property
    def host(self) -> str:
        """Whom to ask."""
        return _DOCKER_HOST if self.registry == DOCKER_HUB else self.registry

    @property
    def is_loopback(self) -> bool:
        """Whether the registry is on this machine."""
        return is_loopback(self.registry)

    @property
    def version(self) -> str:
        """What names the manifest: the digest, else the tag, else `latest`."""
        return self.digest or self.tag or "latest"

    def at(self, *, tag: str | None = None, digest: str | None = None) -> Reference:
        """The same repository with another tag and digest."""
        return replace(self, tag=tag, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.registry}/{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")


def is_tag(text: str) -> bool:
    """Whether a registry takes it as a tag."""
    return _TAG.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine."""
    name = host if host.startswith("[") and host.endswith("]") else re.sub(r":\d+$", "", host)
    return _LOOPBACK.fullmatch(name) is not None
