"""Generators that build tasks: as far as they are asked, and never by guessing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leoflow_compiler.lower.pipeline import run_passes
from leoflow_compiler.project import Project, ProjectConfig

START = """\
import itertools, os
from contextlib import contextmanager
from airflow.sdk import DAG, TaskGroup
from airflow.providers.standard.operators.empty import EmptyOperator as Op

def make(*names):
    for name in names:
        yield Op(task_id=name)

def endless():
    n = 0
    while True:
        n += 1
        yield f"t{n}"

@contextmanager
def between(name):
    before = Op(task_id=name + "_before")
    try:
        with TaskGroup(name) as group:
            yield group
    except KeyError:
        Op(task_id=name + "_caught")
    finally:
        Op(task_id=name + "_after") << before

with DAG("demo"):
"""


def compiled(code: str, folder: Path) -> Any:
    (folder / "dag.py").write_text(START + "".join(f"    {line}\n" for line in code.splitlines()))
    config = ProjectConfig(dag_id="demo")
    return run_passes(Project(root=folder, config=config, files={"dag.py": folder / "dag.py"}))


@pytest.mark.parametrize(
    ("code", "ids"),
    [
        ("list(make('a', 'b'))", ["a", "b"]),
        ("next(make('a', 'b'))", ["a"]),
        ("make('a')\nOp(task_id='x')", ["x"]),
        ("for a, b in zip(make('a', 'b'), make('c', 'd', 'e')): a >> b", ["a", "b", "c", "d"]),
        ("for name in itertools.islice(endless(), 3): Op(task_id=name)", ["t1", "t2", "t3"]),
        ("names = endless()\nfor _ in range(2): Op(task_id=next(names))", ["t1", "t2"]),
        ("with between('g'): Op(task_id='a')", ["g.a", "g_after", "g_before"]),
        (
            "with between('g'), between('h') as h: Op(task_id='a')",
            ["g.h.a", "g.h_after", "g.h_before", "g_after", "g_before"],
        ),
        (
            "try:\n    with between('g'):\n        {}['x']\nexcept ValueError: pass",
            ["g_after", "g_before", "g_caught"],
        ),
    ],
)
def test_what_a_generator_was_asked_for_is_there(code: str, ids: list[str], tmp_path: Path) -> None:
    result = compiled(code, tmp_path)

    assert result.document is not None, [item.message for item in result.diagnostics]
    assert [task["task_id"] for task in result.document["tasks"]] == ids


@pytest.mark.parametrize(
    "code",
    [
        "names = endless()\nif os.getenv('X'): next(names)\nOp(task_id=next(names))",
        "names = iter(['a', 'b'])\nif os.getenv('X'): next(names)\nOp(task_id=next(names))",
        "def some():\n    if os.getenv('X'): yield 'a'\n    yield 'b'\nfor one in some(): Op(task_id=one)",
        "for name in endless(): Op(task_id=name)",
        "waiting = [endless() for _ in range(300)]\nfor one in waiting: next(one)",
    ],
)
def test_what_cannot_be_known_or_does_not_end_is_refused(code: str, tmp_path: Path) -> None:
    result = compiled(code, tmp_path)

    assert result.document is None
    assert result.diagnostics[0].code.code in ("LF201", "LF202")
