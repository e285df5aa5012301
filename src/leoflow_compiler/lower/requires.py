"""Which connections and variables a DAG names: only these are delivered to its tasks.

Three places are looked at: the tasks of the document, whose arguments are evaluated; the text of the files
that were evaluated; and that of the project's files which they import, also from inside a function.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoflow_compiler.evaluate.paths import SourcePath
from leoflow_compiler.lower.named_in_source import Named, SourceNames, names_in_source, names_in_text
from leoflow_compiler.models.default_connections import default_connection, is_connection_argument
from leoflow_compiler.source.guard import SourceRefused, Syntax, guard

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

_MAX_FILES = 500
# Fields of a task that hold what its operator was given.
_ARGUMENTS = ("call_args", "templates", "http_request", "env", "mapped")


def required_names(interpreter: Interpreter, tasks: list[dict[str, Any]]) -> dict[str, list[str]]:
    """`requires` of the document: sorted names by kind, kinds without any left out."""
    named = {name for task in tasks for name in names_in_task(task)}
    for found in _sources(interpreter):
        named.update(found.named)
    requires: dict[str, list[str]] = {}
    for kind, name in sorted(named):
        requires.setdefault(kind, []).append(name)
    return requires


def names_in_task(task: Mapping[str, Any]) -> Iterator[Named]:
    """What the task's arguments name, its operator's default connection included."""
    given: set[str] = set()
    for field in _ARGUMENTS:
        value = task.get(field)
        if isinstance(value, Mapping):
            given.update(value)
            yield from _in_value(value)
    for inner in (task.get("mapped") or {}).values():
        given.update(inner if isinstance(inner, Mapping) else ())
    yield from names_in_text(task.get("entrypoint") or "")
    operator = task.get("operator_class")
    default = default_connection(operator, given) if operator else None
    if default is not None:
        yield "connections", default


def _in_value(value: Any) -> Iterator[Named]:
    """Templates anywhere in it, and connections by the names of their arguments."""
    if isinstance(value, str):
        yield from names_in_text(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(item, str) and item and is_connection_argument(key) and "{" not in item:
                yield "connections", item
            yield from _in_value(item)
    elif isinstance(value, list):
        for item in value:
            yield from _in_value(item)


def _sources(interpreter: Interpreter) -> Iterator[SourceNames]:
    """Every file of the project that runs with the DAG, as far as imports tell."""
    values = _globals(interpreter)
    pending = list(interpreter.sources)
    seen = set(pending)
    while pending and len(seen) <= _MAX_FILES:
        path = pending.pop()
        source = interpreter.sources.get(path)
        text, syntax = (source.text, source.syntax) if source is not None else _read(interpreter.files[path])
        if syntax is None:
            continue
        found = names_in_source(text, syntax.nodes, values.get(path, {}))
        yield found
        for name in found.imports:
            for file in _files(name, path, interpreter):
                if file not in seen:
                    seen.add(file)
                    pending.append(file)


def _read(path: Path) -> tuple[str, Syntax | None]:
    """A file that only a task imports; one that is no Python names nothing."""
    try:
        text = path.read_text("utf-8")
        return text, guard(text, path.name)
    except (OSError, UnicodeDecodeError, SourceRefused):
        return "", None


def _files(name: str, importer: str, interpreter: Interpreter) -> Iterator[str]:
    """The project's files for a dotted name: its packages and itself."""
    dots = len(name) - len(name.lstrip("."))
    roots: tuple[str, ...] = interpreter.search_path
    if dots:
        folder = posixpath.dirname(importer)
        for _ in range(dots - 1):
            folder = posixpath.dirname(folder)
        roots = (folder,)
    parts = [part for part in name.split(".") if part]
    for root in roots:
        for count in range(1, len(parts) + 1):
            base = posixpath.join(root, *parts[:count])
            for candidate in (f"{base}/__init__.py", f"{base}.py"):
                if candidate in interpreter.files:
                    yield candidate


def _globals(interpreter: Interpreter) -> dict[str, Mapping[str, Any]]:
    """Global names of each evaluated file, by its path."""
    found: dict[str, Mapping[str, Any]] = {}
    for module in interpreter.modules.values():
        file = module.names.get("__file__")
        if isinstance(file, SourcePath):
            found[file.relative] = module.names
    return found
