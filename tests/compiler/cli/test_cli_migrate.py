"""`leoflow migrate`: a folder of Airflow DAGs becomes projects that compile to the same DAGs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leoflow_compiler.migrate.imports import needs_of
from leoflow_compiler.project.airflow_folder import AirflowFolder
from tests.compiler.cli.cli_runner import Leoflow

BAD = """\
from airflow.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("bad", schedule="often"):
    EmptyOperator(task_id="e")
"""


def dags() -> Path:
    folder = Path("dags")
    (folder / "team" / "lib").mkdir(parents=True)
    (folder / "team" / "__init__.py").write_text("")
    (folder / "team" / "lib" / "__init__.py").write_text("from .names import NAMES\n")
    (folder / "team" / "lib" / "names.py").write_text("NAMES = ['x', 'y']\n")
    (folder / "team" / "lib" / "query.sql").write_text("select 1\n")
    (folder / "team" / "unused.py").write_text("import nothing\n")
    (folder / "team" / "good.py").write_text(
        "import pandas as pd\nfrom airflow.providers.postgres.operators.postgres import PostgresOperator\n"
        "from airflow.sdk import DAG, task\nfrom team.lib import NAMES\n\nfor name in NAMES:\n"
        "    with DAG(f'sales_{name}'):\n\n        @task\n        def f():\n            import yaml\n\n"
        "        f()\n"
    )
    (folder / "bad.py").write_text(BAD)
    return folder


def test_what_a_file_needs_is_followed_through_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = AirflowFolder.of(dags())

    needs = needs_of("team/good.py", folder.files, ("",))

    assert needs.files == (
        "team/__init__.py",
        "team/good.py",
        "team/lib/__init__.py",
        "team/lib/names.py",
        "team/lib/query.sql",
    )
    assert needs.distributions == ("apache-airflow-providers-postgres", "pandas", "pyyaml")


def test_projects_compile_to_what_the_folder_compiled_to(leoflow: Leoflow) -> None:
    dags()
    before = {path: path.read_bytes() for path in Path("dags").rglob("*.py")}

    done = leoflow("migrate", "dags", "--out", "projects", "--format", "json")

    report = json.loads(done.out)
    assert (report["exact"], report["declined"]) == (2, 1)
    assert done.status == 1
    assert sorted(path.name for path in Path("projects").iterdir()) == ["sales_x", "sales_y"]
    assert leoflow("validate", "projects").status == 0
    assert {path: path.read_bytes() for path in Path("dags").rglob("*.py")} == before


def test_twice_is_once_and_an_edited_project_is_not_overwritten(leoflow: Leoflow) -> None:
    dags()
    leoflow("migrate", "dags", "--out", "projects")

    assert leoflow("migrate", "dags", "--out", "projects").status == 1  # of the DAG that is declined
    Path("projects/sales_y/leoflow.yaml").write_text("dag_id: sales_y\n")
    again = leoflow("migrate", "dags", "--out", "projects")

    assert again.status == 2
    assert "sales_y" in again.err
    assert Path("projects/sales_y/leoflow.yaml").read_text() == "dag_id: sales_y\n"


def test_the_folder_itself_is_not_written_to(leoflow: Leoflow) -> None:
    dags()

    assert leoflow("migrate", "dags", "--out", "dags/projects").status == 2


def test_reports_name_reasons(leoflow: Leoflow) -> None:
    dags()

    assert "LF502" in leoflow("migrate", "dags").out
    assert "| `sales_x` | `team/good.py` |" in leoflow("migrate", "dags", "--format", "markdown").out
