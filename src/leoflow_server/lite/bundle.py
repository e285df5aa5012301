"""The files of one version, copied to a folder named by their digest, so that later saves cannot reach it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_UNFINISHED = ".new-"


class BundleChanged(Exception):
    """A file is no longer what was compiled: compile again."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} changed while it was being copied")


def materialise(project: Path, files: Mapping[str, str], bundles: Path, content_digest: str) -> Path:
    """Copies `files` (path in the project → `sha256:…`) to `bundles/<digest>`; returns that folder.

    The folder appears whole or not at all; one that is there already is kept as it is.
    Raises BundleChanged when a file is gone or its digest differs, OSError when the disk refuses.
    """
    target = bundles / content_digest.removeprefix("sha256:")
    if target.is_dir():
        return target
    temporary = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=bundles))
    try:
        for name, digest in files.items():
            _copy(project, name, digest, temporary)
        try:
            temporary.rename(target)
        except OSError:
            # Somebody else finished the same version first: theirs has the same bytes.
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def sweep(bundles: Path) -> None:
    """Removes what a killed process left half copied. Only while nobody copies."""
    for unfinished in bundles.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(unfinished)


def _copy(project: Path, name: str, digest: str, folder: Path) -> None:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise BundleChanged(name)
    source = project.joinpath(*parts.parts)
    try:
        content = source.read_bytes()
        executable = os.access(source, os.X_OK)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise BundleChanged(name) from None
    if "sha256:" + hashlib.sha256(content).hexdigest() != digest:
        raise BundleChanged(name)
    copy = folder.joinpath(*parts.parts)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(content)
    copy.chmod(0o500 if executable else 0o400)
