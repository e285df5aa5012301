"""What the façade and the child cost, and what they may lean on."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import leoflow_runtime

RUNTIME = Path(leoflow_runtime.__file__).parent
FILES = sorted([*(RUNTIME / "facade").rglob("*.py"), *(RUNTIME / "child").rglob("*.py")])
OURS = {"airflow", "leoflow", "leoflow_runtime"}
# Imported on demand, with a sentence or by the user's own wish where they are missing.
OPTIONAL = {"jinja2"}


def loaded(code: str) -> set[str]:
    """The modules that an isolated interpreter has loaded after some code."""
    program = f"import sys\nsys.path[:0] = {[str(RUNTIME / 'facade'), str(RUNTIME.parent)]!r}\n{code}\n"
    program += "print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    return set(done.stdout.split())


def test_a_plain_dag_pays_for_nothing_heavy() -> None:
    modules = loaded(
        "from airflow.sdk import DAG, task\nwith DAG('d'):\n    @task\n    def t(): pass\n    t()"
    )

    heavy = {
        "typing",
        "inspect",
        "dataclasses",
        "asyncio",
        "logging",
        "json",
        "subprocess",
        "pkgutil",
        "jinja2",
    }
    assert modules & heavy == set()


def test_the_child_pays_for_nothing_heavy() -> None:
    modules = loaded("import leoflow_runtime.child.lean")

    assert (
        modules & {"inspect", "dataclasses", "asyncio", "subprocess", "random", "urllib", "jinja2"} == set()
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(RUNTIME)))
def test_every_file_is_python_3_9_on_the_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))

    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").partition(".")[0])
    itself = {"pendulum"} if "_fallback" in path.parts else set()
    assert imported - set(sys.stdlib_module_names) - OURS - OPTIONAL - itself == set()


def test_every_module_and_every_name_of_the_interface_is_there_without_any_package() -> None:
    names = [
        ".".join(path.relative_to(RUNTIME / "facade").with_suffix("").parts).removesuffix(".__init__")
        for path in FILES
        if path.is_relative_to(RUNTIME / "facade" / "airflow")
    ]

    modules = loaded(
        f"import importlib\nfor name in {names!r}: importlib.import_module(name)\n"
        "from airflow import sdk\nfor name in sdk.__all__: getattr(sdk, name)"
    )

    assert modules >= set(names)
