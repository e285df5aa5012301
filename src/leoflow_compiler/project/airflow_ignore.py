"""`.airflowignore` files, in the glob syntax that is Airflow 3's default."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path

from leoflow_compiler.project.patterns import Pattern, is_excluded, parse_patterns

NAME = ".airflowignore"


class AirflowIgnore:
    """What the ignore files of a folder leave out; each counts for its own folder and below."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._patterns: dict[str, tuple[Pattern, ...]] = {}
        for path, file in files.items():
            if posixpath.basename(path) == NAME:
                try:
                    lines = file.read_text("utf-8").splitlines()
                except (OSError, UnicodeDecodeError):
                    continue
                self._patterns[posixpath.dirname(path)] = parse_patterns(lines)

    def leaves_out(self, path: str) -> bool:
        """Whether the file, or a folder around it, is ignored. Paths are as in `files`."""
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            one, is_folder = "/".join(parts[:depth]), depth < len(parts)
            for place, patterns in self._patterns.items():
                prefix = f"{place}/" if place else ""
                if one.startswith(prefix) and is_excluded(
                    one.removeprefix(prefix), folder=is_folder, patterns=patterns
                ):
                    return True
        return False
