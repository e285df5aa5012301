"""Saves in the workspace, as sets of projects to compile again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, awatch

from leoflow_server.lite.projects import CONFIG_FILE, find_projects, matters, owner

# Editors write a file in several steps; this long without another change, and a save is over.
QUIET_MILLISECONDS = 50
LONGEST_MILLISECONDS = 400


async def saves(workspace: Path) -> AsyncIterator[frozenset[Path]]:
    """Yields, for each burst of changes, the paths that matter."""

    def relevant(_: Change, path: str) -> bool:
        return matters(Path(path), workspace)

    async for changes in awatch(
        workspace,
        watch_filter=relevant,
        step=QUIET_MILLISECONDS,
        debounce=LONGEST_MILLISECONDS,
        recursive=True,
        ignore_permission_denied=True,
    ):
        yield frozenset(Path(path) for _, path in changes)


def touched(paths: frozenset[Path], projects: tuple[Path, ...]) -> frozenset[Path]:
    """The projects to which one of `paths` belongs."""
    return frozenset(project for path in paths if (project := owner(path, projects)) is not None)


def changes_projects(paths: frozenset[Path], projects: tuple[Path, ...]) -> bool:
    """Whether projects may have come or gone: a configuration, or a folder with or of projects, changed."""
    return any(
        path.name == CONFIG_FILE
        or (path.is_dir() and bool(find_projects(path)))
        or any(path == project or path in project.parents for project in projects)
        for path in paths
    )
