"""Each folder of `cases` is a project with what the compiler has to say about it.

`dag.json` is the expected document, `diagnostics.txt` the expected problems and warnings. To write
them anew after a deliberate change, run it with `LEOFLOW_UPDATE_CASES=1` and read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.lower.pipeline import run_passes
from leoflow_compiler.project import load_project
from leoflow_runtime.artifact import canonical_bytes, check_document

CASES = Path(__file__).parent / "cases"
# What depends on the bytes of every file of the case, not on what is compiled.
LEFT_OUT = ("source", "files", "dag_version")


def lines(diagnostic: Diagnostic) -> list[str]:
    span = diagnostic.span
    where = f"{span.file}:{span.line}:{span.column}" if span is not None else "-"
    found = [f"{where} {diagnostic.code.code} {diagnostic.message}"]
    for note in diagnostic.notes:
        place = f"{note.span.file}:{note.span.line}" if note.span is not None else "-"
        found.append(f"    {place} {note.message}")
    if diagnostic.help is not None:
        found.append(f"    help: {diagnostic.help}")
    return found


def compared(path: Path, found: str) -> None:
    if os.environ.get("LEOFLOW_UPDATE_CASES"):
        path.write_text(found)
    assert path.exists(), found
    assert found == path.read_text()


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_case(case: str) -> None:
    project, problems = load_project(CASES / case)
    assert project is not None, problems

    result = run_passes(project)

    if os.environ.get("LEOFLOW_UPDATE_CASES"):
        for name in ("dag.json", "diagnostics.txt"):
            (CASES / case / name).unlink(missing_ok=True)
    if result.document is None:
        assert result.diagnostics, "nothing is refused without a reason"
    else:
        check_document(result.document)
        shown = {key: value for key, value in result.document.items() if key not in LEFT_OUT}
        compared(CASES / case / "dag.json", canonical_bytes(shown).decode())
    if result.diagnostics:
        text = "\n".join(line for diagnostic in result.diagnostics for line in lines(diagnostic)) + "\n"
        compared(CASES / case / "diagnostics.txt", text)
    else:
        assert not (CASES / case / "diagnostics.txt").exists()
