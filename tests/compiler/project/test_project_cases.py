"""What people read for each mistake in leoflow.yaml: `cases/<mistake>.yaml` beside `cases/<mistake>.txt`."""

from pathlib import Path

import pytest

from leoflow_compiler.diagnostics import lines_in, render_text
from leoflow_compiler.project import load_project

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_mistake_is_told_in_plain_words(case: Path, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text("")
    (tmp_path / "leoflow.yaml").write_bytes(case.read_bytes())

    project, diagnostics = load_project(tmp_path)

    assert project is None
    assert render_text(diagnostics, lines_in(tmp_path)) == case.with_suffix(".txt").read_text("utf-8")
