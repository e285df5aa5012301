"""The compiler and the façade are two readings of one file: they must see one graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.lower.pipeline import compile_project
from leoflow_compiler.project import load_project
from leoflow_runtime.child import build

from .building import forgetting
from .test_structure import GRAPHS, in_dag

EXAMPLES = sorted(path.parent for path in Path(__file__).parents[3].glob("examples/*/dag.py"))


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiles in this process."""
    monkeypatch.setenv("LEOFLOW_COMPILER_INLINE", "1")


def agree(folder: Path) -> build.Built:
    """Compiles, then builds and compares; raises BuildMismatch where the two differ."""
    project, found = load_project(folder)
    assert project is not None, found
    compiled = compile_project(project)
    assert compiled.document is not None, [str(found) for found in compiled.diagnostics]
    with forgetting(folder):
        return build.load({"dag_json": compiled.document, "code_path": str(folder)})


@pytest.mark.parametrize("name", GRAPHS)
def test_on_graphs(name: str, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(in_dag(GRAPHS[name][0]))
    (tmp_path / "leoflow.yaml").write_text('schema_version: "1.0"\ndag_id: d\n')

    agree(tmp_path)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_on_examples(folder: Path) -> None:
    assert agree(folder).dag.tasks
