"""The façade in a process of its own: builds DAG files and says what came out, one JSON line each way.

Run as a program it is the server: every file is imported in a fork, as the zygote does it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any


class Facade:
    """Asks the server; `build` gives `{"tasks": …, "groups": …}` or `{"error": …}`."""

    def __enter__(self) -> Facade:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def build(self, folder: Path, dag_id: str, document: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        known = {name: document[name] for name in ("dag_source", "evaluated_with") if name in document}
        json.dump({"folder": str(folder), "dag_id": dag_id, "document": known}, self._process.stdin)
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def _built(request: dict[str, Any]) -> dict[str, Any]:
    from leoflow_runtime.child.build import build_dag
    from leoflow_runtime.child.structure import class_path

    try:
        dag, _ = build_dag(request["folder"], request["dag_id"], request["document"])
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"}
    tasks = {}
    for task in dag.task_dict.values():
        labels = {
            first: info["label"]
            for first in task.upstream_task_ids
            if (info := dag.get_edge_info(first, task.task_id)) and info.get("label")
        }
        group = task.task_group
        tasks[task.task_id] = {
            "class": class_path(type(task)),
            "upstream": sorted(task.upstream_task_ids),
            "labels": labels,
            "group": group.group_id if group is not None else None,
            "trigger_rule": str(task.trigger_rule.value),
            "retries": task.retries,
            "retry_delay": task.retry_delay.total_seconds(),
            "pool": task.pool,
            "pool_slots": task.pool_slots,
            "owner": task.owner,
            "queue": task.queue,
            "priority_weight": task.priority_weight,
            "depends_on_past": task.depends_on_past or task.wait_for_downstream,
            "multiple_outputs": bool(task.multiple_outputs),
            "command": getattr(task, "bash_command", None),
            "doc": task.doc_md or None,
        }
    groups = {
        group_id: {
            "parent": group.parent_group.group_id if group.parent_group is not None else None,
            "tooltip": group.tooltip,
        }
        for group_id, group in dag.task_group_dict.items()
    }
    on_groups = {
        info["label"]
        for first, edges in dag.edge_info.items()
        for second, info in edges.items()
        if not {first, second} <= tasks.keys()
    }
    return {"tasks": tasks, "groups": groups, "labels_on_groups": sorted(on_groups)}


# Imported before the forks; the first puts the façade on the path of the others.
_WARM = (
    "leoflow_runtime.child.dialect",
    "airflow.decorators",
    "airflow.models",
    "airflow.operators.bash",
    "airflow.providers.standard.operators.python",
)


def _serve() -> None:
    for name in _WARM:
        import_module(name)

    for line in sys.stdin:
        request = json.loads(line)
        if os.fork() == 0:
            answer = json.dumps(_built(request), default=str)
            os.write(1, answer.encode() + b"\n")
            os._exit(0)
        os.wait()


if __name__ == "__main__":
    _serve()
