"""`leoflow validate`: projects, changed files, plain Airflow folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.compiler.cli.cli_runner import Leoflow

GOOD = """\
from airflow.sdk import DAG, task

with DAG('{name}'):

    @task
    def f():
        return 1

    f()
"""
BAD = "from airflow.sdk import DAG\n\nwith DAG('{name}', schedule='every day'):\n    pass\n"


def project(name: str, text: str = GOOD) -> Path:
    folder = Path(name)
    (folder / "lib").mkdir(parents=True)
    (folder / "dag.py").write_text(text.format(name=folder.name))
    (folder / "lib" / "own.py").write_text("x = 1\n")
    (folder / "leoflow.yaml").write_text(f"dag_id: {folder.name}\n")
    return folder


@pytest.mark.parametrize("changed", ["dag.py", "lib/own.py", "leoflow.yaml"])
def test_a_changed_file_checks_its_project(leoflow: Leoflow, changed: str) -> None:
    project("a", BAD)
    project("b", BAD)

    done = leoflow("validate", "--format", "concise", f"a/{changed}")

    assert done.status == 1
    assert [line.partition(":")[0] for line in done.out.splitlines()] == ["a/dag.py"]


def test_several_changed_files_of_a_project_check_it_once(leoflow: Leoflow) -> None:
    project("a", BAD)

    done = leoflow("validate", "--format", "concise", "a/dag.py", "a/lib/own.py", "a")

    assert len(done.out.splitlines()) == 1


def test_changed_files_of_no_project_are_passed_over(leoflow: Leoflow) -> None:
    Path("README.py").write_text("")

    assert leoflow("validate", "README.py").status == 0
    assert leoflow("validate", "missing.py").status == 2


def test_strict_makes_a_warning_a_problem(leoflow: Leoflow) -> None:
    project("a", GOOD.replace("('{name}'", "('{name}', schedule_interval=None"))

    assert leoflow("validate", "a").status == 0
    assert leoflow("validate", "--strict", "a").status == 1


def test_an_airflow_folder_is_checked_file_by_file(leoflow: Leoflow) -> None:
    dags = Path("dags")
    (dags / "common").mkdir(parents=True)
    (dags / "common" / "__init__.py").write_text("")
    (dags / "common" / "names.py").write_text("NAMES = ['a', 'b']\n# airflow dag helpers\n")
    (dags / "two.py").write_text(
        "from airflow.sdk import DAG, task\nfrom common.names import NAMES\n\nfor name in NAMES:\n"
        "    with DAG(name):\n\n        @task\n        def f():\n            return 1\n\n        f()\n"
    )
    (dags / "bad.py").write_text(BAD.format(name="bad"))
    (dags / "plain.py").write_text("x = 1\n")
    (dags / "left_out.py").write_text(BAD.format(name="left_out"))
    (dags / ".airflowignore").write_text("left_*\n")

    done = leoflow("validate", "--format", "json", "--airflow", "dags")

    report = json.loads(done.out)
    assert done.status == 1
    assert report["errors"] == 1
    assert "2 compile (2 DAGs), 1 do not" in done.err


def test_a_folder_without_dag_files_is_told(leoflow: Leoflow) -> None:
    Path("empty").mkdir()

    assert "has no DAG file" in leoflow("validate", "--airflow", "empty").err
    assert leoflow("validate", "--airflow", "missing").status == 2


def test_a_warning_is_taken_back_by_a_comment(leoflow: Leoflow) -> None:
    old = "from airflow.operators.empty import EmptyOperator"
    body = "from airflow.sdk import DAG\n\nwith DAG('{name}'):\n    EmptyOperator(task_id='e')\n"
    project("a", f"{old}  # leoflow: ignore[LF311] shared with Airflow 2\n{body}")
    project("b", f"# leoflow: ignore[airflow-2-spelling] all of it\n{old}\n{body}")
    project("c", f"{old}  # leoflow: ignore\n{body}")
    project("d", f"{old}  # leoflow: ignore[LF401]\n{body}")

    def codes(name: str) -> list[str]:
        done = leoflow("validate", "--format", "json", name)
        return [item["code"] for item in json.loads(done.out)["projects"][0]["diagnostics"]]

    assert codes("a") == []
    assert codes("b") == []
    assert codes("c") == ["LF311", "LF105"]
    assert codes("d") == ["LF311", "LF105"]
