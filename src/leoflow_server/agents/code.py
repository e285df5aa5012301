"""Where a version's code lies on this machine, and unpacking it where the document carries all of it."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from pathlib import Path

from leoflow_runtime.artifact import DagSpec


class CodeMissing(Exception):
    """This machine does not have the files of a version; `missing` names them."""

    def __init__(self, missing: list[str], reason: str) -> None:
        self.missing = tuple(missing)
        super().__init__(reason)


def locate(spec: DagSpec, digest: str, code_path: str | None, bundles: Path) -> Path:
    """The folder with the code of the version.

    A version that was pushed without its files can run here if its one file is `dag.py`, which the
    document carries. Raises CodeMissing, and OSError where the bundle cannot be written.
    """
    if code_path and Path(code_path).is_dir():
        return Path(code_path)
    unpacked = bundles / digest.removeprefix("sha256:")
    if (unpacked / spec.dag_source).is_file():
        return unpacked
    needed = set(spec.files) or {spec.dag_source}
    missing = sorted(needed - {spec.dag_source})
    if missing:
        raise CodeMissing(
            missing,
            f"This machine does not have the code of this version: {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not part of dag.json. "
            "Run it with an image, or from a workspace of Leoflow Lite.",
        )
    source = spec.source
    if source is None or not _is_recorded(spec, source):
        raise CodeMissing(
            [spec.dag_source],
            f"This machine does not have the code of this version: dag.json lacks {spec.dag_source}.",
        )
    return _unpack(unpacked, spec.dag_source, source)


def _is_recorded(spec: DagSpec, source: str) -> bool:
    recorded = spec.files.get(spec.dag_source)
    return recorded is None or recorded == "sha256:" + hashlib.sha256(source.encode()).hexdigest()


def _unpack(folder: Path, name: str, source: str) -> Path:
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    target = (temporary / name).resolve()
    if not target.is_relative_to(temporary.resolve()):
        raise CodeMissing([name], f"{name!r} is no path inside a bundle.")
    target.parent.mkdir(parents=True, mode=0o700)
    target.write_text(source, "utf-8")
    target.chmod(0o400)
    try:
        os.rename(temporary, folder)
    except OSError:
        # Somebody else was faster: the same content is there.
        shutil.rmtree(temporary)
        if not (folder / name).is_file():
            raise
    return folder
