"""Images built in containers, by docker, podman, buildah or nerdctl, from the project's `.leoflow/build/`.

Each platform is built and pushed by the tool; the index of several is put together here, so that no tool need
know how.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leoflow_compiler.image.builder import Connect
from leoflow_compiler.image.config import VERSION
from leoflow_compiler.image.context import DOCKERFILE, OWN, write_context
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.layers import epoch
from leoflow_compiler.image.lock import Lock
from leoflow_compiler.image.report import Report
from leoflow_compiler.project import Project
from leoflow_runtime.oci.credentials import Credentials
from leoflow_runtime.oci.records import INDEX, INDEXES, Descriptor, Platform, canonical_json
from leoflow_runtime.oci.reference import Reference

TOOLS = ("docker", "podman", "buildah", "nerdctl")
_TAIL = 15  # lines of a tool that are shown where it fails


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolImage:
    """What a tool has built and pushed."""

    reference: Reference  # by digest
    descriptor: Descriptor
    size: int  # compressed bytes of everything, the base included

    @property
    def digest(self) -> str:
        return self.descriptor.digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """One program and how it is asked. `arguments`: the user's own, for every build."""

    name: str
    arguments: tuple[str, ...] = ()

    def build(
        self, context: Path, file: Path, tag: str, platform: Platform, more: Sequence[str]
    ) -> list[str]:
        command = [self.name, "build", "--file", str(file), "--tag", tag, "--platform", str(platform)]
        if self.name in ("podman", "buildah"):
            command += ["--format", "oci", "--timestamp", str(epoch())]
        return [*command, *more, *self.arguments, str(context)]

    def push(self, tag: str, *, insecure: bool) -> list[str]:
        command = [self.name, "push"]
        if insecure and self.name in ("podman", "buildah"):
            command.append("--tls-verify=false")
        elif insecure and self.name == "nerdctl":
            command.append("--insecure-registry")
        return [*command, tag]

    def may_pull_insecurely(self) -> list[str]:
        return ["--tls-verify=false"] if self.name in ("podman", "buildah") else []


def build_and_push(
    project: Project,
    lock: Lock,
    target: Reference,
    tool: Tool,
    *,
    version: str,
    connect: Connect,
    report: Report,
    credentials: Mapping[str, Credentials] | None = None,
    insecure: bool = False,
) -> ToolImage:
    """Builds every platform, pushes it under the target's tag, and gives the digest.

    `credentials`: by registry, for the tool. `insecure`: plain HTTP for registries elsewhere, too.
    Raises ImageError, RegistryError, OSError.
    """
    if shutil.which(tool.name) is None:
        raise ImageError(f"{tool.name} is not installed", hint=f"the builders are {', '.join(TOOLS)}")
    context = write_context(project, lock)
    platforms = [Platform.parse(text) for text in project.config.build.platforms]
    found: list[Descriptor] = []
    with _environment(credentials or {}) as environment:
        for platform in platforms:
            tag = target if len(platforms) == 1 else target.at(tag=f"{target.version}-{_suffix(platform)}")
            with report.timed("build"):
                base = _own_base(project, context, tool, target, platform, environment, insecure)
                more = [*base, "--label", f"{VERSION}={version}"]
                if insecure or (not base and Reference.parse(lock.base).is_loopback):
                    more += tool.may_pull_insecurely()
                _run(tool.build(context, context / DOCKERFILE, str(tag), platform, more), environment)
            with report.timed("push"):
                _run(tool.push(str(tag), insecure=insecure or target.is_loopback), environment)
            pushed = connect(target).head_manifest(target.repository, tag.version)
            if pushed is None:
                raise ImageError(f"{tool.name} pushed {tag}, and the registry does not have it")
            found.append(pushed)
    if len(found) > 1:
        _index(target, platforms, found, connect)
    return find_pushed(target, connect)


def find_pushed(target: Reference, connect: Connect) -> ToolImage:
    """An image that is in the registry. Raises ImageError, RegistryError."""
    registry = connect(target)
    descriptor, data = registry.get_manifest(target.repository, target.version)
    try:
        manifests = [json.loads(data)]
        if descriptor.media_type in INDEXES:
            entries = manifests[0]["manifests"]
            manifests = [
                json.loads(registry.get_manifest(target.repository, one["digest"])[1]) for one in entries
            ]
        sizes = {one["digest"]: int(one["size"]) for manifest in manifests for one in manifest["layers"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ImageError(f"{target} is no image") from error
    return ToolImage(
        reference=target.at(digest=descriptor.digest), descriptor=descriptor, size=sum(sizes.values())
    )


def _own_base(
    project: Project,
    context: Path,
    tool: Tool,
    target: Reference,
    platform: Platform,
    environment: Mapping[str, str],
    insecure: bool,
) -> list[str]:
    """Builds the project's own Dockerfile and names its image as the base of ours."""
    name = project.config.build.dockerfile
    if name is None:
        return []
    own = context / OWN
    tag = f"localhost/{target.repository}-base:{_suffix(platform)}"
    file = own / os.path.normpath(name)
    more = tool.may_pull_insecurely() if insecure else []
    _run(
        tool.build(own / os.path.normpath(project.config.build.context), file, tag, platform, more),
        environment,
    )
    return ["--build-arg", f"BASE={tag}"]


def _index(
    target: Reference, platforms: Sequence[Platform], found: Sequence[Descriptor], connect: Connect
) -> None:
    entries = [
        Descriptor(media_type=one.media_type, digest=one.digest, size=one.size, platform=platform).to_json()
        for platform, one in zip(platforms, found, strict=True)
    ]
    data = canonical_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    connect(target).put_manifest(target.repository, target.version, data, INDEX)


def _suffix(platform: Platform) -> str:
    return str(platform).replace("/", "-")


@contextmanager
def _environment(credentials: Mapping[str, Credentials]) -> Iterator[dict[str, str]]:
    """The tool's environment. Credentials go to it in a file that only we can read, never as arguments."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEOFLOW_")}
    environment |= {"DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}
    if not credentials:
        yield environment
        return
    auths = {
        registry: (
            {"identitytoken": one.password}
            if one.username is None
            else {"auth": base64.b64encode(f"{one.username}:{one.password}".encode()).decode()}
        )
        for registry, one in credentials.items()
    }
    with tempfile.TemporaryDirectory(prefix="leoflow-login-") as name:
        file = Path(name, "config.json")
        file.touch(mode=0o600)
        file.write_text(json.dumps({"auths": auths}), "utf-8")
        yield {**environment, "DOCKER_CONFIG": name, "REGISTRY_AUTH_FILE": str(file)}


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Runs a tool, its output on standard error as it comes where that is a terminal. Raises ImageError."""
    shown = sys.stderr.isatty()
    tail: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(line.rstrip())
            if shown:
                print(line, end="", file=sys.stderr)
    if process.returncode != 0:
        said = "\n".join(f"  {line}" for line in tail if line)
        raise ImageError(
            f"`{' '.join(command[:2])}` failed with status {process.returncode}"
            + (f":\n{said}" if said else "")
        )
