"""What a DAG file needs: other files of its folder, and packages from an index."""

from __future__ import annotations

import ast
import posixpath
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from leoflow_compiler.evaluate.installed import DISTRIBUTIONS

# Airflow's own, which every project has.
_PROVIDED = frozenset({"airflow", "leoflow", "pendulum"})
# Providers whose names have more than one part.
_LONG_PROVIDERS = frozenset({"apache", "cncf", "common", "dbt", "microsoft"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """`files` of the folder, the DAG file included; `distributions` by the names that indexes know."""

    files: tuple[str, ...]
    distributions: tuple[str, ...]


def needs_of(path: str, files: Mapping[str, Path], search_path: tuple[str, ...]) -> Needs:
    """Follows imports through the folder, those inside functions too. Nothing is imported."""
    found: dict[str, None] = {path: None}
    distributions: set[str] = set()
    pending = [path]
    while pending:
        current = pending.pop()
        for module in _modules(current, files[current]):
            inside = list(_files_of(module, files, (posixpath.dirname(current), *search_path)))
            if not inside and not _in_folder(module, files, (posixpath.dirname(current), *search_path)):
                distributions.update(_distribution(module))
            for one in inside:
                if one not in found:
                    found[one] = None
                    pending += [one] if one.endswith(".py") else []
    found.update(dict.fromkeys(_data_beside(found, files)))
    return Needs(files=tuple(sorted(found)), distributions=tuple(sorted(distributions)))


def _modules(path: str, file: Path) -> Iterator[str]:
    """Each imported module by its absolute name; `package.name` too, which may be a module."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    package = posixpath.dirname(path).replace("/", ".")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".") if package else []
                kept = parts[: len(parts) - node.level + 1]
                base = ".".join([*kept, *([base] if base else [])])
            if base:
                yield base
            yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names if node.level or base)


def _files_of(module: str, files: Mapping[str, Path], roots: tuple[str, ...]) -> Iterator[str]:
    relative = module.replace(".", "/")
    for root in dict.fromkeys(roots):
        base = posixpath.join(root, relative) if root else relative
        for candidate in (f"{base}.py", f"{base}/__init__.py"):
            if candidate in files:
                yield candidate
                folder = posixpath.dirname(candidate)
                while folder and folder != root:
                    if f"{folder}/__init__.py" in files:
                        yield f"{folder}/__init__.py"
                    folder = posixpath.dirname(folder)
                return


def _in_folder(module: str, files: Mapping[str, Path], roots: tuple[str, ...]) -> bool:
    """Whether the top package is one of the folder's, with or without an `__init__.py`."""
    top = module.partition(".")[0]
    for root in dict.fromkeys(roots):
        base = posixpath.join(root, top) if root else top
        if f"{base}.py" in files or any(path.startswith(f"{base}/") for path in files):
            return True
    return False


def _data_beside(found: Mapping[str, None], files: Mapping[str, Path]) -> Iterator[str]:
    """Files that are no Python, in the folders of what is taken along and below: the code may read them."""
    folders = {posixpath.dirname(path) for path in found}
    for path in files:
        if path.endswith((".py", ".pyc")) or posixpath.basename(path).startswith("."):
            continue
        folder = posixpath.dirname(path)
        if any(folder == one or (one and folder.startswith(f"{one}/")) for one in folders):
            yield path


def _distribution(module: str) -> Iterator[str]:
    parts = module.split(".")
    if parts[:2] == ["airflow", "providers"] and len(parts) > 3:
        names = parts[2:4] if parts[2] in _LONG_PROVIDERS else parts[2:3]
        if names != ["standard"] and names != ["common", "compat"]:
            yield "apache-airflow-providers-" + "-".join(names).replace("_", "-")
    elif parts[0] not in _PROVIDED and parts[0] not in sys.stdlib_module_names and parts[0]:
        yield DISTRIBUTIONS.get(parts[0], parts[0].replace("_", "-"))
