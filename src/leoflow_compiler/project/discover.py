"""Which folders of a workspace are projects."""

from __future__ import annotations

import os
from pathlib import Path

from leoflow_compiler.project.records import CONFIG_FILE

# Folders that hold other people's code, never projects of this workspace.
SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})


def find_projects(path: Path) -> tuple[Path, ...]:
    """Every folder at or below `path` that holds a `leoflow.yaml`, sorted.

    Hidden folders, virtual environments, `node_modules` and links to folders are not entered.
    """
    found: list[Path] = []
    for folder, subfolders, files in os.walk(path):
        if CONFIG_FILE in files:
            found.append(Path(folder))
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".")
            and name not in SKIPPED
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        )
    return tuple(sorted(found))
