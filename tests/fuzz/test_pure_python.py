"""Programs without side effects, of Python's whole grammar: the evaluator computes what CPython computes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.compiler.evaluate.test_against_python import PRELUDE, by_evaluator, by_python, expressions

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(max(120, EXAMPLES))]

MORE = (Path(__file__).parent / "pure_prelude.txt").read_text()

# `{e}` is an expression, `{s}` a statement, indented as the hole is; `{v}` a variable, `{n}` a small number.
STATEMENTS = tuple((Path(__file__).parent / "pure_statements.txt").read_text().rstrip().split("\n--\n"))


@st.composite
def statements(draw: Any, depth: int = 2) -> str:
    kinds = STATEMENTS if depth else tuple(one for one in STATEMENTS if "{s}" not in one)
    text = draw(st.sampled_from(kinds))
    lines = []
    for line in text.split("\n"):
        filled = line
        while "{e}" in filled:
            filled = filled.replace("{e}", draw(_SHORT), 1)
        while "{n}" in filled:
            filled = filled.replace("{n}", str(draw(st.integers(0, 4))), 1)
        filled = filled.replace("{v}", draw(st.sampled_from(("x", "y", "zs"))))
        if "{s}" in filled:
            before = filled.partition("{s}")[0]
            inner = draw(statements(depth=depth - 1))
            if before.strip():  # after a colon: only what fits on the line
                inner = "out.append(1)"
            indent = " " * (len(before) - len(before.lstrip()))
            filled = before + inner.replace("\n", f"\n{indent}")
        lines.append(filled.replace("{{", "{").replace("}}", "}"))
    return "\n".join(lines)


_SHORT = expressions.filter(
    lambda text: len(text) < 60 and "\n" not in text and "{" not in text and ":=" not in text
)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@settings(
    max_examples=EXAMPLES or 60,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    database=None,
)
@seed(20251)
@given(st.lists(statements(), min_size=1, max_size=5))
def test_every_statement_does_what_python_does(parts: list[str]) -> None:
    whole = "\n".join(parts)
    text = f"{PRELUDE}{MORE}\nout = []\nx, y, zs, d = 3, 'ab', [1, 2, 3], {{'k': 1}}\n{whole}\n"
    want, error = by_python(text)
    if error == "SyntaxError":
        return
    got, raised, problems = by_evaluator(text)
    assert [problem.message for problem in problems] == []
    assert (got, raised) == (want, error)
