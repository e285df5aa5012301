"""Every example compiles to the `dag.json` kept beside it, wherever it lies, without being executed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leoflow_compiler.cli.compilation import compile_target
from leoflow_compiler.cli.targets import Target
from leoflow_compiler.diagnostics import lines_in, render_text
from leoflow_runtime.artifact import canonical_bytes, check_document

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = [
    "api_chain",
    "bash_pipeline",
    "csv_report",
    "declared",
    "duckdb_http_csv",
    "etl_duckdb",
    "fan_out_aggregate",
    "hello",
    "http_jsonplaceholder",
    "http_load",
    "http_operator",
    "lifecycle",
    "mapped_search",
    "ml_hparam_search",
    "montecarlo_pi",
    "mssql_load",
    "mysql_load",
    "postgres_load",
    "redis_load",
    "sqlite_load",
    "taskflow_sales",
    "weather_open_meteo",
    "xcom_typed",
]


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker for each of so many small compilations would mostly import the compiler."""
    monkeypatch.setenv("LEOFLOW_COMPILER_INLINE", "1")


def compiled(folder: Path) -> bytes:
    result = compile_target(Target(folder=folder, label=folder.name), cache=None)
    assert result.document is not None, render_text(result.diagnostics, lines_in(folder))
    assert result.diagnostics == ()
    return canonical_bytes(result.document)


def test_the_set_is_complete() -> None:
    assert sorted(path.parent.name for path in EXAMPLES.glob("*/leoflow.yaml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_compiles_to_the_kept_bytes(name: str) -> None:
    kept = (EXAMPLES / name / "dag.json").read_bytes()
    check_document(json.loads(kept))
    assert compiled(EXAMPLES / name) == kept


@pytest.mark.parametrize("name", NAMES)
def test_the_place_does_not_matter(name: str, tmp_path: Path) -> None:
    here = shutil.copytree(EXAMPLES / name, tmp_path / "a")
    there = shutil.copytree(EXAMPLES / name, tmp_path / "some" / "deeper place" / "b")
    assert compiled(here) == compiled(there)


@pytest.mark.parametrize("name", NAMES)
def test_connections_are_explained_where_they_are_needed(name: str) -> None:
    document = json.loads((EXAMPLES / name / "dag.json").read_bytes())
    readme = EXAMPLES / name / "README.md"
    for connection in document.get("requires", {}).get("connections", ()):
        assert f"`{connection}`" in readme.read_text("utf-8")


WRITES_A_FILE = """\
import pathlib

pathlib.Path("executed").write_text("yes")

from airflow.sdk import DAG, task

with DAG("proof", schedule=None):

    @task
    def only():
        return 1

    only()
"""


def test_nothing_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leoflow.yaml").write_text("dag_id: proof\n")
    (tmp_path / "dag.py").write_text(WRITES_A_FILE)
    monkeypatch.chdir(tmp_path)

    compile_target(Target(folder=tmp_path, label="proof"), cache=None)
    assert not (tmp_path / "executed").exists()

    # The same file, executed, does write: whatever comes after the third line.
    subprocess.run([sys.executable, "dag.py"], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert (tmp_path / "executed").exists()
