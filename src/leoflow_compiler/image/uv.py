"""uv, which resolves and installs packages: always wheels, always for the target's platform and Python.

A source distribution would run its author's code on this machine, and would be built for it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leoflow_compiler.image.errors import ImageError
from leoflow_runtime.oci.records import Platform

_SECONDS = 600
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
# The libc that python:X.Y-slim and everything newer than Debian 10 and RHEL 8 has.
DEFAULT_LIBC = "manylinux_2_28"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
_NO_WHEEL = re.compile(r"Because ([\w.-]+)(==\S+)? has no (?:usable )?wheels")


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One pinned distribution and the digests of its wheels."""

    name: str
    version: str
    hashes: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return {"name": self.name, "version": self.version, "hashes": list(self.hashes)}


def resolve(
    requirements: Sequence[str],
    *,
    python_version: str,
    platform: Platform,
    platform_tag: str = DEFAULT_LIBC,
    from_source: bool = False,
) -> tuple[Package, ...]:
    """All distributions that the requirements need there, pinned. Raises ImageError.

    `from_source` takes distributions without a wheel as well; their build scripts may have to run here to
    say what they need.
    """
    if not requirements:
        return ()
    done = _run(
        "pip",
        "compile",
        "--quiet",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        *_target(python_version, platform, platform_tag),
        *(() if from_source else ("--only-binary", ":all:")),
        "-",
        text="\n".join(requirements) + "\n",
    )
    if done.returncode != 0:
        raise _unresolved(done.stderr)
    found: list[Package] = []
    for block in re.split(r"\n(?=\S)", done.stdout.replace("\\\n", " ")):
        pin = _PIN.match(block)
        if pin is not None:
            hashes = tuple(sorted(_HASH.findall(block)))
            found.append(Package(name=pin[1].lower(), version=pin[2], hashes=hashes))
    return tuple(sorted(found, key=lambda one: one.name))


def install(
    packages: Sequence[Package],
    target: Path,
    *,
    python_version: str,
    platform: Platform,
    platform_tag: str = DEFAULT_LIBC,
) -> None:
    """Unpacks the pinned wheels into `target`, each checked against its digests. Raises ImageError."""
    lines = [
        " ".join([f"{one.name}=={one.version}", *(f"--hash={digest}" for digest in one.hashes)])
        for one in packages
    ]
    done = _run(
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--no-compile-bytecode",
        "--target",
        str(target),
        *_target(python_version, platform, platform_tag),
        "--only-binary",
        ":all:",
        "--requirements",
        "-",
        text="\n".join(lines) + "\n",
    )
    if done.returncode != 0:
        missing = _NO_WHEEL.search(" ".join(done.stderr.split()))
        if missing is not None:
            raise _without_wheel(missing)
        raise ImageError(f"the locked packages cannot be installed: {_first(done.stderr)}")


def program() -> str:
    """Raises ImageError where uv is not installed."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise ImageError("uv is needed to resolve and install packages", hint="install it: `pip install uv`")
    return found


def _target(python_version: str, platform: Platform, platform_tag: str) -> tuple[str, ...]:
    machine = _MACHINES.get(platform.architecture)
    if platform.os != "linux" or machine is None:
        raise ImageError(f"images are built for linux/amd64 and linux/arm64, not for {platform}")
    # uv knows one musl, and calls it by Rust's name.
    libc = "unknown-linux-musl" if platform_tag.startswith("musllinux") else platform_tag
    return ("--python-version", python_version, "--python-platform", f"{machine}-{libc}", "--no-config")


def _run(*arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    # Where `from_source` lets a build script run, it learns no token and no key of ours.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LEOFLOW_")}
    try:
        return subprocess.run(
            [program(), *arguments],
            input=text,
            env=environ,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ImageError(f"uv gave no answer within {_SECONDS} seconds") from None


def _unresolved(text: str) -> ImageError:
    flat = " ".join(text.split())
    missing = _NO_WHEEL.search(flat)
    if missing is not None:
        return _without_wheel(missing)
    return ImageError(f"the dependencies cannot be resolved: {_first(text)}")


def _without_wheel(missing: re.Match[str]) -> ImageError:
    return ImageError(
        f"`{missing[1]}{missing[2] or ''}` is published without a wheel for this platform",
        hint="choose a version with one, or build in a container: "
        "`leoflow lock --builder podman`, then deploy with `--builder podman` (or docker, buildah, nerdctl)",
    )


def _first(text: str) -> str:
    """uv's reason in one sentence."""
    flat = " ".join(text.split())
    cause = re.search(r"(?:cause|╰─▶|Caused by):? (.+?)(?: hint:| we can conclude|$)", flat)
    return (cause[1] if cause else flat.removeprefix("error: "))[:300].rstrip(" ,.")
