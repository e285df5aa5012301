"""The source in an artifact: packed from a project, or the code layer of its image."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from leoflow_compiler.image import contents
from leoflow_compiler.image.layers import pack
from leoflow_compiler.image.source import source_bundle, unpack_source
from leoflow_compiler.project import Project, load_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "sales"
    (folder / "sql").mkdir(parents=True)
    (folder / "dag.py").write_text("from airflow.sdk import DAG\n\nwith DAG('sales'):\n    pass\n")
    (folder / "sql" / "one.sql").write_text("SELECT 1\n")
    (folder / "leoflow.yaml").write_text("dag_id: sales\nexclude_paths: ['*.yaml']\n")
    (folder / "leoflow.lock").write_text("{}\n")
    (folder / ".env").write_text("PASSWORD=planted\n")
    found, _ = load_project(folder)
    assert found is not None
    return found


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def test_a_bundle_holds_what_a_project_is_rebuilt_from(project: Project, tmp_path: Path) -> None:
    data = source_bundle(project)
    assert source_bundle(project) == data
    (tmp_path / "out").mkdir()
    assert unpack_source(data, tmp_path / "out") == 4
    assert sorted(files_of(tmp_path / "out")) == ["dag.py", "leoflow.lock", "leoflow.yaml", "sql/one.sql"]


def test_a_code_layer_is_unpacked_without_its_place_in_the_image(project: Project, tmp_path: Path) -> None:
    layer = pack("code", contents.code(project), tmp_path / "layer.tar.gz")
    with tarfile.open(layer.path) as tar:
        assert "opt/leoflow/dag/dag.py" in tar.getnames()
    (tmp_path / "out").mkdir()
    count = unpack_source(layer.path.read_bytes(), tmp_path / "out")
    expected = {path: file.read_text() for path, file in project.files.items()}
    assert files_of(tmp_path / "out") == expected
    assert count == len(expected)
