"""The same project gives the same bytes, whatever runs the compiler and wherever the project lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).parents[1] / "cases"
PROJECTS = ("python_classes", "python_loops", "python_project_files", "python_text", "python_times")
PROGRAM = """
import os, sys
sys.path[:0] = [part for part in sys.argv[2].split(os.pathsep) if part]
from pathlib import Path
from leoflow_compiler.lower.pipeline import run_passes
from leoflow_compiler.project import load_project
from leoflow_runtime.artifact import canonical_bytes
for folder in sorted(Path(sys.argv[1]).iterdir()):
    project, problems = load_project(folder)
    result = run_passes(project)
    assert result.document is not None, result.diagnostics
    sys.stdout.buffer.write(canonical_bytes(result.document))
"""


def compiled(folder: Path, python: str = sys.executable, **environment: str) -> bytes:
    path = os.pathsep.join(sys.path[1:]) if python == sys.executable else ""
    variables = {"PATH": os.environ["PATH"], **environment}
    command = [python, "-c", PROGRAM, str(folder), path]
    return subprocess.run(command, env=variables, capture_output=True, check=True, timeout=60).stdout


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    for name in PROJECTS:
        shutil.copytree(CASES / name, folder / name)
    return folder


def test_hash_seeds_locales_time_zones_and_places_change_no_byte(projects: Path, tmp_path: Path) -> None:
    first = compiled(projects, PYTHONHASHSEED="1", LC_ALL="C", TZ="UTC")
    elsewhere = tmp_path / "a longer place" / "ünï"
    shutil.copytree(projects, elsewhere)
    second = compiled(elsewhere, PYTHONHASHSEED="2", LC_ALL="C.UTF-8", TZ="Asia/Tokyo", PYTHONUTF8="1")
    assert first
    assert first == second


def test_another_version_of_python_changes_no_byte(projects: Path) -> None:
    """Where one with the compiler's dependencies is at hand: `LEOFLOW_OTHER_PYTHON`."""
    other = os.environ.get("LEOFLOW_OTHER_PYTHON")
    if other is None:
        pytest.skip("LEOFLOW_OTHER_PYTHON names no second Python")
    assert compiled(projects, other) == compiled(projects)
