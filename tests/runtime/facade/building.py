"""What a DAG file builds with the façade, in this process."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

from leoflow_runtime.child import build, structure


def build_dag(source: str, folder: Path, dag_id: str = "d", **dag_json: Any) -> Any:
    """The façade's DAG object. Modules of the project are forgotten afterwards."""
    folder.mkdir(exist_ok=True)
    (folder / "dag.py").write_text(textwrap.dedent(source))
    modules, path = set(sys.modules), list(sys.path)
    try:
        dag, _ = build.build_dag(str(folder), dag_id, dag_json)
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if str(folder) in (getattr(sys.modules[name], "__file__", None) or ""):
                del sys.modules[name]
    return dag


def shapes(source: str, folder: Path, dag_id: str = "d", **dag_json: Any) -> dict[str, structure.TaskShape]:
    return structure.of_dag(build_dag(source, folder, dag_id, **dag_json))


def edges(source: str, folder: Path) -> dict[str, list[str]]:
    """Task id to its upstream ids, sorted."""
    return {task_id: list(shape.upstream) for task_id, shape in sorted(shapes(source, folder).items())}
