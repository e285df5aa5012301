"""The wheel that is built from the sdist, in an environment of its own, runs the quickstart."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.acceptance.driving import ROOT, Machine, as_json

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]


def run(*command: str | Path, cwd: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def build(target: str, source: Path, output: Path) -> Path:
    """Builds without isolation: the build backend is a development dependency."""
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", output, cwd=source)
    (built,) = output.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    sdist = build("sdist", ROOT, folder / "sdist")
    shutil.unpack_archive(sdist, folder / "unpacked", filter="data")
    (source,) = (folder / "unpacked").iterdir()
    return build("wheel", source, folder / "wheel")


def test_the_wheel_holds_what_is_read_at_run_time(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "leoflow_runtime/_resources/schemas/dag.schema.json" in names
    assert "leoflow_runtime/_resources/templates/init/dag.py" in names
    assert "leoflow_runtime/zygote/__init__.py" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]
    assert not [name for name in names if "/static/assets/" in name], "Airflow's UI is never packaged"


def test_the_quickstart_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    uv = shutil.which("uv") or Path(sys.executable).with_name("uv")
    environment = tmp_path / "venv"
    run(uv, "venv", "--quiet", "--python", sys.executable, environment, cwd=tmp_path)
    # The versions of the lock, so that this test changes only when we do.
    constraints = tmp_path / "constraints.txt"
    run(
        *(uv, "export", "--frozen", "--quiet", "--no-hashes", "--no-emit-project", "--extra", "lite"),
        *("--output-file", constraints),
        cwd=ROOT,
    )
    python = environment / "bin" / "python"
    run(
        *(uv, "pip", "install", "--quiet", "--python", python, "--constraint", constraints),
        f"{wheel}[lite]",
        cwd=tmp_path,
    )
    machine = Machine(folder=tmp_path / "machine", command=(str(environment / "bin" / "leoflow"),))
    assert machine.leoflow("init", "dags/hello").returncode == 0
    with machine.lite() as lite:
        lite.wait_for_dag("hello")
        run_id = as_json(machine.leoflow("runs", "trigger", "hello", "--wait", "--json"))["dag_run_id"]
        assert "HELLO, WORLD!" in lite.log("hello", run_id, "shout")
