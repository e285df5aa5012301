"""Annotated types where tasks are mapped: one element goes in, a list of results comes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.lower.pipeline import run_passes
from leoflow_compiler.project import load_project

FILE = """
from airflow.sdk import DAG, task

with DAG("mapped"):

    @task
    def numbers() -> list[int]:
        return [1]

    @task
    def takes_text(text: str) -> str:
        return text

    @task
    def takes_number(number: float) -> float:
        return number

    @task
    def best(trials: list[float]): ...

    {call}
"""


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            "takes_text.expand(text=numbers())",
            ["`text` of task `takes_text` is annotated `str`, and `numbers` gives `int`"],
        ),
        ("takes_number.expand(number=numbers())", []),
        ("best(takes_number.expand(number=[0.1, 0.2]))", []),
        ("best(takes_text.expand(text=['a']))", []),  # what a mapped task gives is not compared yet
    ],
)
def test_an_element_is_compared(call: str, told: list[str], tmp_path: Path) -> None:
    (tmp_path / "leoflow.yaml").write_text("dag_id: mapped\n")
    (tmp_path / "dag.py").write_text(FILE.format(call=call))
    project, _ = load_project(tmp_path)
    assert project is not None
    found = [one.message for one in run_passes(project).diagnostics if one.code.code == "LF607"]
    assert found == told
