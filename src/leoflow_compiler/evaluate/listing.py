"""Folders of the project: what the bundle has in them, in sorted order."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Sequence

from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.paths import SourcePath
from leoflow_compiler.evaluate.values import Value
from leoflow_runtime.light import dataclass

MAGIC = re.compile(r"[*?[]")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """As `os.DirEntry`."""

    name: str
    path: Value  # a SourcePath
    folder: bool

    def is_dir(self) -> bool:
        return self.folder

    def is_file(self) -> bool:
        return not self.folder

    def __fspath__(self) -> Value:
        return self.path


def _below(path: SourcePath) -> dict[str, bool]:
    """Everything under a folder, relative to it; whether it is a folder itself."""
    start = f"{path.relative}/" if path.relative else ""
    found: dict[str, bool] = {}
    for file in path.interpreter.files:
        if not file.startswith(start):
            continue
        rest = file.removeprefix(start)
        found[rest] = False
        parent = posixpath.dirname(rest)
        while parent and parent not in found:
            found[parent] = True
            parent = posixpath.dirname(parent)
    return dict(sorted(found.items()))


def entries(path: SourcePath) -> list[Entry]:
    """What lies directly in the folder. Raises Raised as `os.listdir` would."""
    if not path.is_dir():
        error = NotADirectoryError if path.is_file() else FileNotFoundError
        message = f"`{path.relative or '.'}` is no folder of the project"
        raise Raised(error(message), path.interpreter.here())
    return [
        Entry(name=name, path=path.at(name), folder=folder)
        for name, folder in _below(path).items()
        if "/" not in name
    ]


def walk(path: SourcePath) -> Iterator[tuple[Value, list[str], list[str]]]:
    """As `os.walk`, from the top down."""
    if not path.is_dir():
        return
    inside = entries(path)
    folders = [entry.name for entry in inside if entry.folder]
    yield path, folders, [entry.name for entry in inside if not entry.folder]
    for name in folders:
        yield from walk(path.at(name))


def matching(path: SourcePath, pattern: str, *, hidden: bool = True) -> list[Value]:
    """As `Path.glob`. Without `hidden`, `*` finds no names that start with a dot, as in `glob.glob`."""
    only_folders = pattern.endswith("/")
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    if parts and parts[-1] == "**":
        only_folders = only_folders or hidden
    return [
        path.at(name)
        for name, folder in _below(path).items()
        if (folder or not only_folders) and _matches(name.split("/"), parts, hidden)
    ]


def _matches(names: Sequence[str], parts: Sequence[str], hidden: bool) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        return any(_matches(names[skip:], parts[1:], hidden) for skip in range(len(names) + 1))
    if not names or (names[0].startswith(".") and not hidden and not parts[0].startswith(".")):
        return False
    return fnmatch.fnmatchcase(names[0], parts[0]) and _matches(names[1:], parts[1:], hidden)


def glob(pattern: SourcePath, *, recursive: bool = False) -> list[Value]:
    """As `glob.glob` of a path whose last parts are a pattern."""
    parts = pattern.relative.split("/")
    first = next((index for index, part in enumerate(parts) if MAGIC.search(part)), len(parts))
    if first == len(parts):
        return [pattern] if pattern.exists() else []
    rest = parts[first:] if recursive else ["*" if part == "**" else part for part in parts[first:]]
    top = SourcePath("/".join(parts[:first]), pattern.place, pattern.interpreter)
    return matching(top, "/".join(rest), hidden=False)
