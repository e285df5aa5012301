"""`leoflow init`."""

from pathlib import Path

import pytest

from leoflow_compiler.project import load_project
from tests.compiler.cli.cli_runner import Leoflow


def test_it_creates_a_project_that_compiles(leoflow: Leoflow) -> None:
    assert leoflow("init", "dags/sales").out.startswith("Created the project sales in dags/sales\n")
    project, diagnostics = load_project(Path("dags/sales"))
    assert diagnostics == ()
    assert project is not None
    assert project.config.dag_id == "sales"
    assert list(project.files) == ["dag.py"]
    done = leoflow("validate", "dags")
    assert (done.status, done.out, done.err) == (0, "", "")


def test_it_never_overwrites(leoflow: Leoflow) -> None:
    Path("mine").mkdir()
    Path("mine/dag.py").write_text("mine")
    done = leoflow("init", "mine")
    assert (done.status, done.err) == (1, "error: 'mine' already has dag.py; nothing was written\n")
    assert [path.name for path in Path("mine").iterdir()] == ["dag.py"]


@pytest.mark.parametrize(("folder", "dag_id"), [("my dag", "my_dag"), ("été", "t"), ("a.b-c_d", "a.b-c_d")])
def test_the_id_comes_from_the_name_of_the_folder(leoflow: Leoflow, folder: str, dag_id: str) -> None:
    leoflow("init", folder)
    assert f"dag_id: {dag_id}\n" in Path(folder, "leoflow.yaml").read_text()


def test_what_cannot_be_a_project_is_told(leoflow: Leoflow) -> None:
    Path("file").write_text("")
    assert leoflow("init", "file").err == "error: 'file' is a file\n"
    assert "no dag_id can be made" in leoflow("init", "./---").err
    assert "cannot be written" in leoflow("init", "file/below").err
