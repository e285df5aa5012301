"""Where an image comes from: an in-toto statement with SLSA's provenance (slsa.dev/spec/v1.0/provenance).

It holds no time and no name of a machine: whoever builds the same again states the same.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from leoflow_compiler.image.lock import Lock
from leoflow_compiler.image.sbom import oci_purl, python_purl
from leoflow_runtime.oci.records import digest_of
from leoflow_runtime.oci.reference import Reference

MEDIA_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
# What the fields below mean is said there.
BUILD_TYPE = "https://github.com/leoflow/leoflow/blob/main/docs/supply-chain.md#build-type-1"
BUILDER = "https://github.com/leoflow/leoflow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """What git says of a project's folder. `uri` is None where no remote is known."""

    digest: str  # hexadecimal
    uri: str | None
    is_clean: bool  # no file of the project differs from it


def commit_of(folder: Path) -> Commit | None:
    """None outside of git, or where it has no commit yet."""
    digest = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", ".")
    if digest is None or changes is None:
        return None
    remote = _git(folder, "config", "--get", "remote.origin.url")
    return Commit(digest=digest, uri=without_credentials(remote) if remote else None, is_clean=not changes)


def without_credentials(remote: str) -> str | None:
    """A remote as anybody may know it; None for a path of this machine, and for what cannot be read."""
    if "://" not in remote:  # `git@host:path`
        user_host, colon, path = remote.partition(":")
        host = user_host.rpartition("@")[2]
        is_path = not colon or "/" in user_host or not path
        return None if is_path else f"git+ssh://{host}/{path.lstrip('/')}"
    try:
        parts = urlsplit(remote)
        host = parts.hostname or ""
        where = f"{host}:{parts.port}" if parts.port else host
    except ValueError:
        return None
    if parts.scheme == "file" or not host:
        return None
    scheme = parts.scheme if parts.scheme.startswith("git") else f"git+{parts.scheme}"
    return urlunsplit((scheme, where, parts.path, "", ""))


def provenance(
    lock: Lock,
    subjects: Sequence[Reference],
    *,
    dag_id: str,
    version: str,
    source_date_epoch: int,
    commit: Commit | None = None,
) -> dict[str, Any]:
    """The statement about the images that `subjects` name by digest: the index first where there is one."""
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": f"{one.registry}/{one.repository}", "digest": _digest(str(one.digest))}
            for one in subjects
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "dag_id": dag_id,
                    "version": version,
                    "platforms": sorted(lock.packages),
                    "lock": _digest(digest_of(lock.to_bytes())),
                },
                "internalParameters": {"source_date_epoch": source_date_epoch},
                "resolvedDependencies": [*_source(commit), *_resolved(lock)],
            },
            "runDetails": {"builder": {"id": BUILDER, "version": {"leoflow": metadata.version("leoflow")}}},
        },
    }


def _source(commit: Commit | None) -> list[dict[str, Any]]:
    if commit is None:
        return []
    found: dict[str, Any] = {"name": "source", "digest": {"gitCommit": commit.digest}}
    if commit.uri is not None:
        found["uri"] = f"{commit.uri}@{commit.digest}"
    if not commit.is_clean:
        found["annotations"] = {"changed_since": True}
    return [found]


def _resolved(lock: Lock) -> list[dict[str, Any]]:
    base = Reference.parse(lock.base).at(digest=lock.base_digest)
    found: list[dict[str, Any]] = [
        {"name": "base", "uri": oci_purl(base), "digest": _digest(lock.base_digest)}
    ]
    packages = {
        (one.name, one.version): one
        for by_platform in (lock.packages, lock.agent)
        for several in by_platform.values()
        for one in several
    }
    for (name, version), one in sorted(packages.items()):
        # One of these wheels, which one the platform decides; a digest set would mean one file.
        wheels = {"wheels": sorted(one.hashes)}
        found.append({"name": name, "uri": python_purl(name, version), "annotations": wheels})
    return found


def _digest(digest: str) -> dict[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
