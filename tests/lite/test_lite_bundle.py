"""A version's files are copied whole, checked, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from leoflow_server.lite.bundle import BundleChanged, materialise, sweep

DIGEST = "sha256:" + "a" * 64


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "sql").mkdir(parents=True)
    (folder / "dag.py").write_bytes(b"x = 1\n")
    (folder / "sql" / "load.sql").write_bytes(b"select 1")
    return folder


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    folder = tmp_path / "bundles"
    folder.mkdir()
    return folder


FILES = {"dag.py": digest(b"x = 1\n"), "sql/load.sql": digest(b"select 1")}


def test_files_are_copied_read_only_under_their_digest(project: Path, bundles: Path) -> None:
    code = materialise(project, FILES, bundles, DIGEST)
    assert code == bundles / ("a" * 64)
    assert (code / "sql" / "load.sql").read_bytes() == b"select 1"
    assert (code / "dag.py").stat().st_mode & 0o222 == 0


def test_a_later_save_does_not_reach_the_copy(project: Path, bundles: Path) -> None:
    code = materialise(project, FILES, bundles, DIGEST)
    (project / "dag.py").write_bytes(b"x = 2\n")
    assert materialise(project, FILES, bundles, DIGEST) == code
    assert (code / "dag.py").read_bytes() == b"x = 1\n"


@pytest.mark.parametrize("name", ["dag.py", "sql/load.sql"])
def test_a_file_that_changed_since_it_was_compiled_stops_the_copy(
    project: Path, bundles: Path, name: str
) -> None:
    (project / name).write_bytes(b"other")
    with pytest.raises(BundleChanged):
        materialise(project, FILES, bundles, DIGEST)
    assert list(bundles.iterdir()) == []


def test_a_file_that_is_gone_stops_the_copy(project: Path, bundles: Path) -> None:
    (project / "dag.py").unlink()
    with pytest.raises(BundleChanged):
        materialise(project, FILES, bundles, DIGEST)
    assert list(bundles.iterdir()) == []


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "sql/../../outside"])
def test_no_path_leads_out_of_the_project(project: Path, bundles: Path, name: str) -> None:
    (project.parent / "outside").write_bytes(b"secret")
    with pytest.raises(BundleChanged):
        materialise(project, {name: digest(b"secret")}, bundles, DIGEST)


def test_what_a_killed_process_left_is_swept_and_versions_stay(project: Path, bundles: Path) -> None:
    code = materialise(project, FILES, bundles, DIGEST)
    unfinished = bundles / ".new-abc"
    unfinished.mkdir()
    (unfinished / "dag.py").write_bytes(b"half")
    sweep(bundles)
    assert list(bundles.iterdir()) == [code]
