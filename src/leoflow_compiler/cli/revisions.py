"""The two sides of `leoflow diff`: a project folder, a `dag.json`, or a folder of a git revision."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from leoflow_compiler.cli.compilation import compile_target
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.targets import find_targets
from leoflow_compiler.diagnostics.outcome import Exit

_MAX_ARCHIVE = 256 << 20


def document_of(side: str) -> dict[str, Any]:
    """The compiled document of `PATH`, `dag.json` or `REVISION:PATH`. Raises UserError."""
    if Path(side).is_file():
        return _read(Path(side))
    if not Path(side).exists() and ":" in side:
        revision, _, path = side.partition(":")
        with tempfile.TemporaryDirectory(prefix="leoflow-diff-") as folder:
            return _compiled(str(_checked_out(revision, path or ".", Path(folder))), side)
    return _compiled(side, side)


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{str(file)!r} is no dag.json: {error}", exit_code=Exit.MISUSE) from error
    if not isinstance(document, dict) or not isinstance(document.get("tasks"), list):
        raise UserError(f"{str(file)!r} is no dag.json", exit_code=Exit.MISUSE)
    return document


def _compiled(path: str, shown: str) -> dict[str, Any]:
    targets = find_targets((path,))
    if len(targets) != 1:
        raise UserError(f"{shown!r} holds {len(targets)} projects; name one", exit_code=Exit.MISUSE)
    result = compile_target(targets[0], None)
    if result.document is None:
        errors = [item for item in result.diagnostics if item.severity == "error"]
        first = f"{errors[0].code.code} {errors[0].message}" if errors else "it does not compile"
        raise UserError(f"{shown!r} does not compile: {first}", exit_code=Exit.MISUSE)
    return result.document


def _checked_out(revision: str, path: str, folder: Path) -> Path:
    """The files below `path` as they are in that revision. Nothing of the work tree changes."""
    if revision.startswith("-"):
        raise UserError(f"{revision!r} is no revision", exit_code=Exit.MISUSE)
    command = ["git", "archive", "--format=tar", revision, "--", path]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except FileNotFoundError:
        raise UserError("git is needed to look at a revision", exit_code=Exit.MISUSE) from None
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise UserError(f"git: {reason or 'no such revision'}", exit_code=Exit.MISUSE)
    if len(done.stdout) > _MAX_ARCHIVE:
        raise UserError(f"{path!r} is too large in {revision}", exit_code=Exit.MISUSE)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / path
