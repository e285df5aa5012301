"""Which folders of a workspace are projects, and to which of them a file belongs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from leoflow_server.lite.errors import WorkspaceUnusable

CONFIG_FILE = "leoflow.yaml"
# Folders that hold other people's code or what tools leave behind, never projects of this workspace.
SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
# What the compiler writes into a project: no reason to compile it again.
GENERATED = frozenset({"dag.json"})


def find_projects(workspace: Path) -> tuple[Path, ...]:
    """Every folder at or below `workspace` that holds a `leoflow.yaml`, sorted.

    Hidden folders, virtual environments and links to folders are not entered.
    Raises WorkspaceUnusable when it is not a folder.
    """
    if not workspace.is_dir():
        reason = "it is a file, not a folder" if workspace.exists() else "there is no such folder"
        raise WorkspaceUnusable(workspace, reason)
    found: list[Path] = []
    for folder, subfolders, files in os.walk(workspace):
        if CONFIG_FILE in files:
            found.append(Path(folder))
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not is_skipped(name) and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        )
    return tuple(sorted(found))


def is_skipped(name: str) -> bool:
    """Whether a folder of this name is never entered."""
    return name.startswith(".") or name in SKIPPED


def owner(path: Path, projects: Iterable[Path]) -> Path | None:
    """The innermost project that `path` lies in."""
    holding = [project for project in projects if path == project or project in path.parents]
    return max(holding, key=lambda project: len(project.parts), default=None)


def matters(path: Path, workspace: Path) -> bool:
    """Whether a change of `path` can change what some project compiles to."""
    try:
        relative = path.relative_to(workspace)
    except ValueError:
        return False
    if any(is_skipped(part) for part in relative.parts[:-1]):
        return False
    name = relative.name
    if name.startswith(".") and name != ".leoflowignore":
        return False
    return name not in SKIPPED and name not in GENERATED and not name.endswith((".pyc", "~", ".swp", ".tmp"))
