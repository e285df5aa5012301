"""`validate --fix`: pairs of files in `cases`, and whole projects that must compile to the same DAG."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from leoflow_compiler.cli.main import cli
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


def test_what_can_be_fixed_is_said(project: Path) -> None:
    checked = CliRunner().invoke(cli, ["validate"])
    fixed = CliRunner().invoke(cli, ["validate", "--fix"])

    assert "`leoflow validate --fix` writes" in checked.stderr
    assert "`leoflow validate --fix` writes" not in fixed.stderr


@pytest.mark.parametrize("options", [["--diff", "--format", "json"], ["--fix", "--airflow", "."]])
def test_what_does_not_go_together_is_misuse(project: Path, options: list[str]) -> None:
    assert CliRunner().invoke(cli, ["validate", *options]).exit_code == 2
