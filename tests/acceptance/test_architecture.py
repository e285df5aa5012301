"""What import-linter cannot say: which names the programs beside user code may import at all."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

RUNTIME = Path(__file__).resolve().parents[2] / "src" / "leoflow_runtime"
OURS = {"airflow", "leoflow", "leoflow_runtime"}
# Only where the user's own environment has them.
OPTIONAL = {"jinja2", "markupsafe", "numpy", "pandas", "pendulum", "requests", "torch", "dateutil", "tzdata"}


def imports(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """(top-level name, whether it is imported when the module is) of each absolute import."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        yield from ((name.partition(".")[0], node in tree.body) for name in names)  # type: ignore[attr-defined]


@pytest.mark.parametrize("folder", ["zygote", "child", "facade"])
def test_beside_user_code_there_is_the_standard_library_and_nothing_else(folder: str) -> None:
    files = sorted((RUNTIME / folder).rglob("*.py"))
    assert files
    foreign = {
        f"{path.relative_to(RUNTIME)}: {name}"
        for path in files
        for name, at_import in imports(ast.parse(path.read_text("utf-8"), feature_version=(3, 9)))
        if name not in sys.stdlib_module_names
        and name not in OURS
        and not (name == "pendulum" and path.is_relative_to(RUNTIME / "facade" / "_fallback"))
        and not (name in OPTIONAL and not at_import)
    }
    assert not foreign
