"""`validate --fix`: pairs of files in `cases`, and whole projects that must compile to the same DAG."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from leoflow_compiler.cli.group import cli
from leoflow_compiler.fix.rewriting import rewritten

CASES = Path(__file__).parent / "cases"
PROJECT = Path(__file__).parents[1] / "cases" / "airflow_2_spellings"


@pytest.mark.parametrize("name", sorted(path.name.partition(".")[0] for path in CASES.glob("*.before.py")))
def test_rewriting(name: str) -> None:
    before, after = (CASES / f"{name}.{when}.py" for when in ("before", "after"))

    assert rewritten(before.read_text(), "dag.py").text == after.read_text()
    assert rewritten(after.read_text(), "dag.py").text == after.read_text()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEOFLOW_COMPILER_INLINE", "1")
    monkeypatch.setenv("LEOFLOW_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    shutil.copytree(PROJECT, folder)
    monkeypatch.chdir(folder)
    return folder


def test_diff_shows_and_writes_nothing(project: Path) -> None:
    before = (project / "dag.py").read_bytes()

    done = CliRunner().invoke(cli, ["validate", "--diff"])

    assert done.exit_code == 0
    assert "-    schedule_interval=" in done.stdout
    assert "+    schedule=" in done.stdout
    assert (project / "dag.py").read_bytes() == before


def test_fix_writes_once_and_leaves_nothing_of_airflow_2(project: Path) -> None:
    first = CliRunner().invoke(cli, ["validate", "--fix"])
    second = CliRunner().invoke(cli, ["validate", "--fix"])

    assert "fixed dag.py" in first.output
    assert "fixed dag.py" not in second.output
    assert "LF311" not in second.output


def test_a_file_that_is_no_python_is_left_alone(project: Path) -> None:
    (project / "broken.py").write_text("from airflow.operators.dummy import (\n")

    done = CliRunner().invoke(cli, ["validate", "--fix"])

    assert "fixed broken.py" not in done.output


def test_a_project_whose_dag_would_change_is_left_alone(project: Path) -> None:
    text = (project / "dag.py").read_text()
    text += "    BashOperator(task_id=f'size_{len(open(__file__).read())}', bash_command='true')\n"
    (project / "dag.py").write_text(text)

    done = CliRunner().invoke(cli, ["validate", "--fix"])

    assert "not fixed: rewritten, its DAG would differ in `tasks`" in done.output
    assert (project / "dag.py").read_text() == text


def test_line_ends_and_permissions_stay(project: Path) -> None:
    file = project / "dag.py"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    file.chmod(0o640)

    CliRunner().invoke(cli, ["validate", "--fix"])

    assert b"EmptyOperator" in file.read_bytes()
    assert file.read_bytes().count(b"\n") == file.read_bytes().count(b"\r\n")
    assert file.stat().st_mode & 0o777 == 0o640


# What stays as it is: in an `if` for two releases, by `**`, beside its new name.
HALF_FIXABLE = """\
import os
from airflow import DAG
from airflow.operators.bash_operator import BashOperator
if os.environ.get("OLD", "yes") == "yes":
    from airflow.operators.dummy_operator import DummyOperator

OLD = {"schedule_interval": "@daily"}
with DAG("demo", concurrency=3, **OLD) as dag:
    BashOperator(task_id="a", bash_command="true", xcom_push=True); DummyOperator(task_id="b", sla=1)
    BashOperator(task_id="c", bash_command="true", task_concurrency=1, max_active_tis_per_dag=1)
"""


def old_spellings() -> dict[str, bool]:
    """Whether it is fixable, by message."""
    checked = CliRunner().invoke(cli, ["validate", "--format", "json"])
    found = json.loads(checked.stdout)["projects"][0]["diagnostics"]
    return {item["message"]: item["fixable"] for item in found if item["code"] == "LF311"}


def test_what_is_marked_is_exactly_what_a_fix_makes_go_away(project: Path) -> None:
    (project / "dag.py").write_text(HALF_FIXABLE)
    before = old_spellings()
    CliRunner().invoke(cli, ["validate", "--fix"])
    after = old_spellings()

    assert {message for message, fixable in before.items() if not fixable} == set(after)
    assert len(before) > len(after) > 0
    assert not any(after.values())


def test_what_can_be_fixed_is_marked_and_counted(project: Path) -> None:
    text = CliRunner().invoke(cli, ["validate"])
    concise = CliRunner().invoke(cli, ["validate", "--format", "concise"])

    assert text.stderr.count("(fixable: leoflow validate --fix)") == 11
    assert "`leoflow validate --fix` fixes 11 of them" in text.stderr
    assert "dag.py:22:5: warning LF311 [*] `schedule_interval`" in concise.stdout
    assert concise.stdout.count("[*]") == 11


def test_nothing_is_marked_where_the_project_is_left_alone(project: Path) -> None:
    text = (project / "dag.py").read_text()
    text += "    BashOperator(task_id=f'size_{len(open(__file__).read())}', bash_command='true')\n"
    (project / "dag.py").write_text(text)

    assert set(old_spellings().values()) == {False}


@pytest.mark.parametrize("options", [["--diff", "--format", "json"], ["--fix", "--airflow", "."]])
def test_what_does_not_go_together_is_misuse(project: Path, options: list[str]) -> None:
    assert CliRunner().invoke(cli, ["validate", *options]).exit_code == 2
