"""Which folders are projects, which saves matter, which requirements are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_server.lite.errors import WorkspaceUnusable
from leoflow_server.lite.projects import find_projects, matters, owner
from leoflow_server.lite.requirements import missing


def make(root: Path, *folders: str) -> None:
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "leoflow.yaml").write_text("dag_id: x\n")


def test_projects_are_found_at_any_depth_and_nowhere_else(tmp_path: Path) -> None:
    make(tmp_path, "b", "a/deep", ".hidden/x", "a/node_modules/y", "venv/z", "env/lib/w")
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    assert find_projects(tmp_path) == (tmp_path / "a" / "deep", tmp_path / "b")


def test_the_workspace_itself_may_be_a_project(tmp_path: Path) -> None:
    make(tmp_path, ".")
    assert find_projects(tmp_path) == (tmp_path,)


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "a")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert find_projects(tmp_path) == (tmp_path / "a",)


def test_a_workspace_must_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceUnusable, match="it is a file"):
        find_projects(tmp_path / "file")
    with pytest.raises(WorkspaceUnusable, match="there is no such folder"):
        find_projects(tmp_path / "nothing")


def test_a_file_belongs_to_the_innermost_project() -> None:
    outer, inner = Path("/w/a"), Path("/w/a/b")
    assert owner(Path("/w/a/b/dag.py"), [outer, inner]) == inner
    assert owner(Path("/w/a/dag.py"), [outer, inner]) == outer
    assert owner(Path("/w/other.py"), [outer, inner]) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/dag.py", True),
        ("a/leoflow.yaml", True),
        ("a/lib/tool.py", True),
        ("a/data.csv", True),
        ("a/.leoflowignore", True),
        ("a/dag.json", False),
        ("a/.dag.py.swp", False),
        ("a/dag.py~", False),
        ("a/__pycache__/dag.cpython-311.pyc", False),
        ("a/.git/index", False),
        (".venv/lib/x.py", False),
    ],
)
def test_which_saves_matter(path: str, expected: bool) -> None:
    assert matters(Path("/w") / path, Path("/w")) is expected


INSTALLED = {"pandas": "1.5.3", "numpy": "2.1.0"}


@pytest.mark.parametrize(
    ("dependency", "problem"),
    [
        ("pandas", None),
        ("pandas>=1.5", None),
        ("pandas[parquet]>=1.5", None),
        ("pandas>=2", "pandas>=2 (1.5.3 is installed)"),
        ("polars", "polars (not installed)"),
        ("polars; python_version < '3'", None),
        ("numpy @ https://example.invalid/numpy.whl", None),
    ],
)
def test_what_an_environment_lacks(dependency: str, problem: str | None) -> None:
    found = missing([dependency], version_of=INSTALLED.get, check_versions=True)
    assert found == ([problem] if problem else [])


@pytest.mark.parametrize(("dependency", "lacking"), [("pandas>=2", 0), ("polars>=1", 1), ("!", 1)])
def test_without_the_packaging_library_names_are_checked(dependency: str, lacking: int) -> None:
    assert len(missing([dependency], version_of=INSTALLED.get, check_versions=False)) == lacking
