"""Real DAG files against what Airflow 3.2.2 itself built from them.

`airflow_3_2_2.jsonl` holds, a file a line, the task ids and upstream sets that Airflow's DagBag built by
executing the example DAGs of its own wheels. The files are fetched by pinned hash and never committed.
An answer that differs is a defect; declining is allowed, and counted.

`make test` takes a seeded share (LEOFLOW_SEED), `make corpus` (LEOFLOW_CORPUS=all) everything.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from leoflow_compiler.lower.pipeline import compile_project
from leoflow_compiler.project import Project, ProjectConfig

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
CACHE = HERE.parents[1] / ".cache" / "corpus"
SHARE = 20

ANSWERS: dict[str, dict[str, dict[str, list[str]]]] = {
    row["file"]: row["dags"]
    for row in map(json.loads, (HERE / "airflow_3_2_2.jsonl").read_text("utf-8").splitlines())
}

# What this release compiles exactly; a file that leaves this list is a step back.
EXACT = frozenset((HERE / "exact.txt").read_text("utf-8").split())


def chosen() -> list[str]:
    files = sorted(ANSWERS)
    if os.environ.get("LEOFLOW_CORPUS") == "all":
        return files
    return sorted(random.Random(os.environ.get("LEOFLOW_SEED", "0")).sample(files, SHARE))


@cache
def corpus() -> Path:
    """The wheels unpacked, once per set of pins."""
    stamp = CACHE / "requirements.txt"
    if stamp.is_file() and stamp.read_bytes() == REQUIREMENTS.read_bytes():
        return CACHE
    shutil.rmtree(CACHE, ignore_errors=True)
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    done = subprocess.run(
        [*command, "--python", sys.executable, "--target", str(CACHE), "-r", str(REQUIREMENTS)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"these tests need Airflow's wheels once: {done.stderr.strip()}")
    shutil.copy(REQUIREMENTS, stamp)
    return CACHE


def compiled(file: Path, dag_id: str) -> tuple[dict[str, list[str]] | None, str]:
    """Task ids to upstreams as the compiler sees them, or None and why it declined."""
    folder = next(parent for parent in file.parents if parent.name == "example_dags")
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    config = ProjectConfig(dag_id=dag_id, dag_source=file.relative_to(folder).as_posix())
    result = compile_project(Project(root=folder, config=config, files=files))
    if result.document is None:
        first = result.diagnostics[0]
        return None, f"{first.code.code}: {first.message}"
    tasks: list[dict[str, Any]] = result.document["tasks"]
    return {task["task_id"]: task.get("depends_on", []) for task in tasks}, ""


@pytest.mark.parametrize("name", chosen())
def test_the_graph_is_airflows_or_there_is_none(name: str) -> None:
    file = corpus() / name
    for dag_id, expected in ANSWERS[name].items():
        answer, reason = compiled(file, dag_id)
        if answer is None:
            assert "LF5" not in reason, f"a defect of the compiler: {reason}"
            assert name not in EXACT, f"this file used to compile: {reason}"
            return
        assert answer == expected
