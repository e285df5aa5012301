"""Which projects a command was given: folders, whole workspaces, or files that have changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit
from leoflow_compiler.project.discover import find_projects
from leoflow_compiler.project.records import CONFIG_FILE
from leoflow_runtime.light import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One project folder. `label` is how messages name it: relative to the current folder when below it."""

    folder: Path
    label: str

    @property
    def prefix(self) -> str:
        """What goes before the names of its files in messages."""
        return "" if self.label == "." else f"{self.label}/"


def find_targets(paths: Sequence[str]) -> tuple[Target, ...]:
    """The projects at the given paths (default: here), each once. Raises UserError where there is none.

    A file stands for the project that it belongs to, as pre-commit passes changed files; one that belongs to
    none is passed over.
    """
    found: dict[Path, Target] = {}
    for text in paths or (".",):
        for folder in _folders(Path(text)):
            found.setdefault(folder.resolve(), Target(folder=folder, label=_label(folder)))
    return tuple(found.values())


def _folders(path: Path) -> tuple[Path, ...]:
    if path.name == CONFIG_FILE and path.is_file():
        return (path.parent,)
    if not path.exists():
        raise UserError(f"there is no folder {str(path)!r}", exit_code=Exit.MISUSE)
    if not path.is_dir():
        owner = _project_of(path)
        return () if owner is None else (owner,)
    if (path / CONFIG_FILE).exists():
        return (path,)
    found = find_projects(path)
    if not found:
        raise UserError(
            f"there is no {CONFIG_FILE} in {str(path)!r} or below it (LF001)",
            hint="`leoflow init PATH` creates a project, `leoflow validate --airflow PATH` checks plain DAGs",
        )
    return found


def _project_of(file: Path) -> Path | None:
    """The innermost folder around a file that is a project."""
    for folder in Path(os.path.abspath(file)).parents:
        if (folder / CONFIG_FILE).is_file():
            here = Path.cwd()
            return folder.relative_to(here) if folder.is_relative_to(here) else folder
    return None


def _label(folder: Path) -> str:
    absolute, here = Path(os.path.abspath(folder)), Path.cwd()
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else absolute.as_posix()
