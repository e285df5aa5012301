"""`.leoflow/build/`: all that a build in a container needs, and nothing that is excluded from the project.

Dockerfile
leoflow.lock           where the project has one
requirements/          pip's files: packages and agent for each platform, pinned by the lock
agent.tar.gz           Leoflow's own part of the image
dag/                   the project's files
own/                   what `build.context` holds, where the project has a Dockerfile of its own
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from leoflow_compiler.atomic import write_atomically
from leoflow_compiler.image import contents
from leoflow_compiler.image.dockerfile import (
    AGENT_ARCHIVE,
    CODE,
    REQUIREMENTS,
    dockerfile,
    requirement_files,
)
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.layers import pack
from leoflow_compiler.image.lock import Lock
from leoflow_compiler.project import Project
from leoflow_compiler.project.bundle import Bundle
from leoflow_compiler.project.records import LOCK_FILE
from leoflow_runtime.oci.records import canonical_json, digest_of

FOLDER = Path(".leoflow/build")
DOCKERFILE = "Dockerfile"
OWN = "own"
# Folders that are ours alone: what is in them and not ours is from an earlier build.
_OURS = (REQUIREMENTS, CODE, OWN)


def write_context(project: Project, lock: Lock | None) -> Path:
    """Brings the folder up to date and returns it; files that are right stay. Raises ImageError, OSError."""
    folder = project.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    _keep_out_of_git(folder.parent)
    entries = context_files(project, lock)
    for name in _OURS:
        _remove_others(folder / name, {folder / entry for entry in entries})
    for name, entry in entries.items():
        _bring(folder / name, entry)
    _bring_agent(folder / AGENT_ARCHIVE)
    if lock is None:
        (folder / LOCK_FILE).unlink(missing_ok=True)
    return folder


def context_files(project: Project, lock: Lock | None) -> dict[str, Path | bytes]:
    """Everything but the agent, by its name in the context. Raises ImageError."""
    config = project.config
    texts = {DOCKERFILE: dockerfile(config, lock), **requirement_files(config, lock)}
    found: dict[str, Path | bytes] = {name: text.encode() for name, text in texts.items()}
    if lock is not None:
        found[LOCK_FILE] = lock.to_bytes()
    found |= {f"{CODE}/{path}": file for path, file in project.files.items()}
    return found | {f"{OWN}/{path}": file for path, file in own_context(project).items()}


def context_digest(project: Project, lock: Lock | None) -> str:
    """What a build in a container gets, as one digest. Raises ImageError, OSError."""
    entries = {AGENT_ARCHIVE: _agent(), **context_files(project, lock)}
    digests = {name: digest_of(_bytes(entry)) for name, entry in entries.items()}
    return digest_of(canonical_json(digests))


def _bytes(entry: Path | bytes) -> bytes:
    return entry if isinstance(entry, bytes) else entry.read_bytes()


def own_context(project: Project) -> Mapping[str, Path]:
    """The files of `build.context` that no pattern excludes, and the Dockerfile. Raises ImageError."""
    build = project.config.build
    if build.dockerfile is None:
        return {}
    bundle = Bundle(root=project.root, patterns=project.patterns)
    for entry, key in ((build.context, "context"), (build.dockerfile, "dockerfile")):
        bundle.add(os.path.normpath(entry), project.location_of("build", key))
    if bundle.diagnostics:
        problem = bundle.diagnostics[0]
        raise ImageError(f"`build`: {problem.message}", hint=problem.help)
    return dict(bundle.files)


@cache
def _agent() -> bytes:
    """The archive of Leoflow's own part: the same for every project."""
    with tempfile.TemporaryDirectory(prefix="leoflow-agent-") as name:
        # `runtime` alone: the Dockerfile makes the spool folder, for its owner.
        file = Path(name, AGENT_ARCHIVE)
        pack("agent", contents.runtime(), file)
        return file.read_bytes()


def _bring_agent(target: Path) -> None:
    """The same bytes for every project of a workspace: one file on disk, where the file system has links."""
    size = len(_agent())
    if target.is_file() and target.stat().st_size == size and target.read_bytes() == _agent():
        return
    first = _first_agent.get("path")
    if first is not None:
        with contextlib.suppress(OSError):
            target.unlink(missing_ok=True)
            os.link(first, target)
            return
    write_atomically(target, _agent())
    _first_agent["path"] = target


_first_agent: dict[str, Path] = {}  # where this process has written it


def _bring(target: Path, entry: Path | bytes) -> None:
    if isinstance(entry, bytes):
        if not target.is_file() or target.read_bytes() != entry:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, entry)
        return
    if target.is_file() and filecmp.cmp(entry, target, shallow=False):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(entry, target)


def _remove_others(folder: Path, wanted: set[Path]) -> None:
    for path, folders, names in os.walk(folder, topdown=False):
        for name in names:
            if Path(path, name) not in wanted:
                Path(path, name).unlink()
        for name in folders:
            below = Path(path, name)
            if below.is_symlink():
                below.unlink()
            elif not any(below.iterdir()):
                below.rmdir()


def _keep_out_of_git(folder: Path) -> None:
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_atomically(ignore, b"*\n")
