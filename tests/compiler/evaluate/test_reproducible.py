"""The same project gives the same bytes, whatever runs the compiler and wherever the project lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
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
    path = os.pathsep.join(sys.path[1:]) if python == sys.executable else str(ROOT / "src")
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


@pytest.fixture(scope="module")
def other_python() -> str:
    """Another minor version of Python with what the compiler needs: LEOFLOW_OTHER_PYTHON, or one found."""
    named = os.environ.get("LEOFLOW_OTHER_PYTHON")
    if named is not None:
        return named
    for python in installed_pythons():
        program = "import sys; print(*sys.version_info[:2], sep='.')"
        done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
        version = done.stdout.strip()
        if done.returncode == 0 and version != f"3.{sys.version_info.minor}":
            return with_dependencies(python, version)
    pytest.skip("no second Python from 3.11 on is installed")


def installed_pythons() -> Iterator[str]:
    """On the PATH, and what pyenv keeps beside it."""
    for minor in (11, 12, 13, 14):
        yield from filter(None, [shutil.which(f"python3.{minor}")])
        kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        yield from map(str, sorted(kept.glob(f"3.{minor}.*/bin/python")))


def with_dependencies(python: str, version: str) -> str:
    """The interpreter of an environment with the locked dependencies; it stays in `.cache`."""
    environment = ROOT / ".cache" / "other-python" / version
    subprocess.run(
        [
            str(Path(sys.executable).with_name("uv")),
            "sync",
            "--frozen",
            "--no-default-groups",
            "--no-install-project",
            "--python",
            python,
        ],
        cwd=ROOT,
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)},
        capture_output=True,
        check=True,
        timeout=100,
    )
    return str(environment / "bin" / "python")


def test_another_version_of_python_changes_no_byte(projects: Path, other_python: str) -> None:
    assert compiled(projects, other_python) == compiled(projects)
