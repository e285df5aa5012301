"""What a DAG file builds with the façade, in this process."""

from __future__ import annotations

import contextlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leoflow_runtime.child import build, structure


@contextlib.contextmanager
def forgetting(folder: Path) -> Iterator[None]:
    """What is imported from the folder inside the block is not imported after it."""
    path = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = path
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(str(folder)):
                del sys.modules[name]


def build_dag(source: str, folder: Path, dag_id: str = "d", **dag_json: Any) -> Any:
    """The façade's DAG object."""
    (folder / "dag.py").write_text(textwrap.dedent(source))
    with forgetting(folder):
        dag, _ = build.build_dag(str(folder), dag_id, dag_json)
    return dag


def shapes(source: str, folder: Path, dag_id: str = "d", **dag_json: Any) -> dict[str, structure.TaskShape]:
    return structure.of_dag(build_dag(source, folder, dag_id, **dag_json))


def edges(source: str, folder: Path) -> dict[str, list[str]]:
    """Task id to its upstream ids, sorted."""
    return {task_id: list(shape.upstream) for task_id, shape in sorted(shapes(source, folder).items())}
