"""A DAG in `leoflow.yaml`: what it means, and what is wrong with one, at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.lower.pipeline import run_passes
from leoflow_compiler.project import load_project
from leoflow_compiler.project.declared import DECLARED_SOURCE

HEAD = "dag_id: d\ndag:\n  schedule: '@daily'\n  tasks:\n"
STEPS = "def make():\n    return {'a': 1}\n\n\ndef use(x, y=0):\n    return x\n"


def project(folder: Path, tasks: str, head: str = HEAD) -> Path:
    (folder / "leoflow.yaml").write_text(head + tasks)
    (folder / "steps.py").write_text(STEPS)
    return folder


def test_it_is_the_dag_that_the_same_python_would_be(tmp_path: Path) -> None:
    project(
        tmp_path,
        """\
    - task_id: use
      type: python
      entrypoint: "steps:use"
      xcom_input: {x: make, y: {task_id: say, key: out}}
    - {task_id: make, type: python, entrypoint: "steps:make", retries: 2, retry_delay_seconds: 5}
    - {task_id: say, type: bash, entrypoint: "echo {{ ds }}", env: {A: b}, depends_on: [make]}
    - {task_id: call, type: http_api, http_request: {method: GET, url: "https://example.org"}}
    - {task_id: end, type: empty, depends_on: [use, call], trigger_rule: all_done}
""",
    )
    loaded, problems = load_project(tmp_path)
    assert loaded is not None, problems

    document = run_passes(loaded).document

    assert document is not None
    tasks = {task["task_id"]: task for task in document["tasks"]}
    assert document["schedule"] == "@daily"
    assert document["dag_source"] == DECLARED_SOURCE
    assert tasks["use"]["xcom_input"] == {"x": "make", "y": {"task_id": "say", "key": "out"}}
    assert tasks["use"]["depends_on"] == ["make", "say"]
    assert tasks["make"]["entrypoint"] == "steps:make"
    assert tasks["make"]["retry_delay_seconds"] == 5
    assert tasks["say"]["entrypoint"] == "echo {{ ds }}"
    assert tasks["call"]["http_request"] == {"method": "GET", "url": "https://example.org"}
    assert tasks["end"]["trigger_rule"] == "all_done"


def test_the_file_is_written_once(tmp_path: Path) -> None:
    project(tmp_path, "    - {task_id: a, type: empty}\n")
    load_project(tmp_path)
    written = (tmp_path / DECLARED_SOURCE).stat().st_mtime_ns

    load_project(tmp_path)

    assert (tmp_path / DECLARED_SOURCE).stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("tasks", "line", "said"),
    [
        ("    - {task_id: a, type: empty}\n    - {task_id: a, type: empty}\n", 6, "is used twice"),
        ("    - {task_id: a, type: empty, depends_on: [b]}\n", 5, "depends on `b`"),
        ("    - {task_id: a, type: bash}\n", 5, "has no command"),
        ("    - {task_id: a, type: http_api}\n", 5, "has no `http_request`"),
        ("    - {task_id: a, type: python, entrypoint: steps}\n", 5, "module:function"),
        ("    - {task_id: a, type: python, entrypoint: 'other:f'}\n", 5, "no module `other`"),
        ("    - {task_id: a, type: python, entrypoint: 'steps:mke'}\n", 5, "did you mean `make`?"),
        ("    - {task_id: a, type: python, entrypoint: 'import:f'}\n", 5, "module:function"),
        ("    - {task_id: a, type: empty, depends_on: [a]}\n", 4, "in a circle"),
        ("    - {task_id: a, type: empty, retrys: 1}\n", 5, "retrys"),
        ("    []\n", 5, "tasks"),
        ("    - {task_id: a, type: empty}\n  start_date: soon\n", 6, "a date such as"),
        ("    - {type: empty}\n", 5, "`task_id` is missing"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(tmp_path: Path, tasks: str, line: int, said: str) -> None:
    project(tmp_path, tasks)

    loaded, problems = load_project(tmp_path)

    assert loaded is None
    text = f"{problems[0].message} {problems[0].help or ''}"
    assert said in text
    assert problems[0].span is not None
    assert problems[0].span.line == line
    assert not (tmp_path / DECLARED_SOURCE).exists()


def test_a_declaration_beside_a_dag_file_is_refused(tmp_path: Path) -> None:
    project(tmp_path, "    - {task_id: a, type: empty}\n")
    (tmp_path / "dag.py").write_text("")

    loaded, problems = load_project(tmp_path)

    assert loaded is None
    assert "as well" in problems[0].message
