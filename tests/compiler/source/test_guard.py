"""Hostile text is refused before anything walks its tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.models.registry import make_interpreter
from leoflow_compiler.source.guard import MAX_BYTES, SourceRefused, guard


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x = (", "LF101"),
        ("def f(:\n    pass", "LF101"),
        ("x = 1\x00", "LF101"),
        ("x = " + "(" * 3000 + "1" + ")" * 3000, "LF101"),
        ("x = " + "+".join(["1"] * 10_000), "LF103"),
        ("x = " + ".a".join(["y"] + [""] * 1_000), "LF103"),
        ("x = " + "-" * 2_000 + "1", "LF103"),
        ("if a:\n    pass\n" + "elif a:\n    pass\n" * 1_000, "LF103"),
        ("#" * (MAX_BYTES + 1), "LF102"),
    ],
    ids=lambda value: value[:12] if len(value) > 5 else value,
)
def test_hostile_text_is_refused_with_a_code(text: str, code: str) -> None:
    with pytest.raises(SourceRefused) as refused:
        guard(text, "dag.py")
    assert refused.value.diagnostic.code.code == code
    assert refused.value.diagnostic.span is not None
    assert refused.value.diagnostic.span.file == "dag.py"


def test_a_syntax_error_points_at_its_place() -> None:
    with pytest.raises(SourceRefused) as refused:
        guard("a = 1\nb = = 2\n", "dag.py")
    span = refused.value.diagnostic.span
    assert span is not None
    assert (span.line, span.column) == (2, 5)


def test_an_ordinary_file_passes() -> None:
    guard("from airflow.sdk import DAG\nx = [[[[1]]]]\n", "dag.py")


@pytest.mark.parametrize("text", ["x = " + "[" * 150 + "]" * 150, "x = " + "+".join(["1"] * 250)])
def test_what_the_guard_lets_through_can_be_parsed_and_evaluated(text: str, tmp_path: Path) -> None:
    path = tmp_path / "deep.py"
    path.write_text(text)
    interpreter = make_interpreter(files={"deep.py": path}, environment_values={})
    interpreter.run_module("deep", "deep.py")
    assert interpreter.problems == []
