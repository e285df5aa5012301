"""What the models of library names compute: a line of `<part>.txt` is one expression.

Python itself says what is expected. Where it cannot, it stands behind `-> `; `-> opaque` is what is known
only when the code runs.
A line that starts with `import` or `from` holds for the lines below it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.evaluate.values import Opaque
from leoflow_compiler.models.registry import make_interpreter

PARTS = sorted(path.stem for path in Path(__file__).parent.glob("*.txt"))


def cases(part: str) -> list[tuple[str, str, str]]:
    """(imports, expression, expected or "")"""
    imports: list[str] = []
    found = []
    for line in (Path(__file__).parent / f"{part}.txt").read_text("utf-8").splitlines():
        if line.startswith(("import ", "from ")):
            imports.append(line)
        elif line and not line.startswith("#"):
            expression, _, expected = line.partition("  -> ")
            found.append(("\n".join(imports), expression, expected))
    return found


@pytest.mark.parametrize("part", PARTS)
def test_models_compute_what_the_library_computes(part: str, tmp_path: Path) -> None:
    wrong = []
    for imports, expression, expected in cases(part):
        if not expected:
            scope: dict[str, object] = {}
            exec(imports, scope)  # our own text
            expected = repr(eval(expression, scope))  # our own text
        path = tmp_path / "program.py"
        path.write_text(f"{imports}\nfound = {expression}\n")
        interpreter = make_interpreter(files={"program.py": path}, environment_values={})
        found = interpreter.run_module("program", "program.py").names.get("found")
        if interpreter.problems:
            got = interpreter.problems[0].message
        else:
            got = "opaque" if isinstance(found, Opaque) else repr(found)
        if got != expected:
            wrong.append(f"{expression}\n    expected {expected}\n    got      {got}")
    assert not wrong, "\n".join(wrong)
