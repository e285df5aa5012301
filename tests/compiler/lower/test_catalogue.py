"""Each entry of the catalogue shows programs: the bad one gets its code, the good one compiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.diagnostics import Code
from leoflow_compiler.diagnostics.catalogue import all_codes
from leoflow_compiler.lower.pipeline import CompileResult, run_passes
from leoflow_compiler.project import load_project

CODES = [code for code in all_codes() if code.code >= "LF1" and code.bad]


def compiled(folder: Path, text: str) -> CompileResult:
    (folder / "dag.py").write_text(text)
    (folder / "leoflow.yaml").write_text("schema_version: '1.0'\ndag_id: a\n")
    project, problems = load_project(folder)
    assert project is not None, problems
    return run_passes(project)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.code)
def test_the_bad_program_gets_the_code(code: Code, tmp_path: Path) -> None:
    found = {diagnostic.code.code for diagnostic in compiled(tmp_path, code.bad).diagnostics}
    assert code.code in found


@pytest.mark.parametrize("code", [code for code in CODES if code.good], ids=lambda code: code.code)
def test_the_good_program_compiles(code: Code, tmp_path: Path) -> None:
    result = compiled(tmp_path, code.good)
    assert result.diagnostics == ()
    assert result.document is not None
