"""The evaluator against CPython, on generated programs without side effects."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from leoflow_compiler.evaluate.errors import Refusal
from leoflow_compiler.models.registry import make_interpreter

PRELUDE = """
def double(x, *rest, scale=2, **named):
    return [x * scale, rest, sorted(named)]

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

class Box:
    count = 0
    def __init__(self, value):
        self.value = value
        Box.count += 1
    def __eq__(self, other):
        return isinstance(other, Box) and self.value == other.value
    def __hash__(self):
        return hash(self.value)
    def __repr__(self):
        return f"Box({self.value!r})"
    def __len__(self):
        return 3
"""

numbers = st.integers(-20, 20).map(str)
texts = st.text("ab {}%\\'\"\n", max_size=4).map(repr)
names = st.sampled_from(["x", "y", "zs", "d"])
atoms = st.one_of(numbers, texts, names, st.sampled_from(["True", "False", "None", "1.5", "()", "[]", "{}"]))


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.sampled_from(
        ["+", "-", "*", "//", "%", "/", "and", "or", "==", "<", "in", "is", "|", "&", "not in"]
    )
    return st.one_of(
        st.tuples(inner, binary, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, max_size=3).map(lambda items: f"({', '.join(items)}{',' if items else ''})"),
        st.lists(st.tuples(inner, inner), max_size=2).map(
            lambda items: "{" + ", ".join(f"{k}: {v}" for k, v in items) + "}"
        ),
        inner.map(lambda v: f"[q for q in zs if q != {v}]"),
        inner.map(lambda v: f"{{str(q): {v} for q in range(2)}}"),
        inner.map(lambda v: f"double({v}, *zs, scale=1, **d)"),
        inner.map(
            lambda v: f"f'{{{v}!r:>6}}|{{x}}'" if "'" not in v and "\\" not in v and "{" not in v else "x"
        ),
        inner.map(lambda v: f"(w := {v}, w)"),
        st.tuples(inner, inner).map(lambda t: f"{t[0]}[{t[1]}]" if t[0][0] in "[(d" else "zs[-1]"),
        inner.map(lambda v: f"sorted([{v}, {v}], key=lambda k: repr(k))"),
        inner.map(lambda v: f"Box({v}) == Box({v})"),
        inner.map(lambda v: f"len([*zs, {v}]), not {v}"),
        inner.map(lambda v: f"'%s-{{}}'.format({v})"),
        inner.map(lambda v: f"[a + b for a, b in zip(zs, zs[1:])] + [{v}]"),
        inner.map(lambda v: f"list(map(lambda k: (k, {v}), zs))[:2]"),
    ).map(lambda text: f"({text})" if "," in text and not text.startswith(("(", "[", "{")) else text)


expressions = st.recursive(atoms, combined, max_leaves=6)


def programs() -> st.SearchStrategy[str]:
    simple = st.one_of(
        st.tuples(names, expressions).map(lambda t: f"{t[0]} = {t[1]}"),
        expressions.map(lambda v: f"out.append({v})"),
        st.tuples(names, expressions).map(lambda t: f"{t[0]} += {t[1]}"),
        expressions.map(lambda v: f"first, *others = [{v}, 1, 2]; out.append((first, others))"),
    )
    compound = st.one_of(
        st.tuples(expressions, simple, simple).map(lambda t: f"if {t[0]}:\n    {t[1]}\nelse:\n    {t[2]}"),
        st.tuples(simple, simple).map(
            lambda t: f"for n in range(3):\n    {t[0]}\n    if n: break\nelse:\n    {t[1]}"
        ),
        st.tuples(simple, simple).map(
            lambda t: (
                f"try:\n    {t[0]}\nexcept (TypeError, ValueError) as e:\n    out.append(str(type(e)))\n"
                f"except Exception:\n    {t[1]}\nfinally:\n    out.append('done')"
            )
        ),
        simple.map(lambda s: f"def g():\n    global x, y, zs, d\n    {s}\n    return 7\nout.append(g())"),
    )
    return st.lists(st.one_of(simple, compound), min_size=1, max_size=3).map("\n".join)


def by_python(text: str) -> tuple[Any, str | None]:
    scope: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            exec(compile(text, "program", "exec"), scope)  # our own text, made by hypothesis
        except Exception as error:
            return repr(scope.get("out")), type(error).__name__
    return repr(scope["out"]), None


def by_evaluator(text: str) -> tuple[Any, str | None, list[Refusal]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(text)
        interpreter = make_interpreter(files={"program.py": path}, environment_values={})
        interpreter.protected = 1  # exceptions leave the module, as in Python
        raised: str | None = None
        from leoflow_compiler.evaluate.errors import Raised

        try:
            interpreter.run_module("program", "program.py")
        except Raised as error:
            raised = type(error.value).__name__
        return repr(interpreter.modules["program"].names.get("out")), raised, interpreter.problems


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(programs())
def test_the_evaluator_computes_what_python_computes(program: str) -> None:
    text = f"{PRELUDE}\nout = []\nx, y, zs, d = 3, 'ab', [1, 2, 3], {{'k': 1}}\n{program}\n"
    want, error = by_python(text)
    got, raised, problems = by_evaluator(text)
    assert [problem.message for problem in problems] == []
    assert (got, raised) == (want, error)
