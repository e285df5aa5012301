"""What a built DAG and a `dag.json` have in common, and where they differ."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Tuple

_DECORATORS = "airflow.providers.standard.decorators"
_OPERATORS = "airflow.providers.standard.operators"
# The class behind a task whose `dag.json` names none, by type and kind.
DEFAULT_CLASSES: Dict[Tuple[str, str], str] = {
    ("python", ""): f"{_DECORATORS}.python._PythonDecoratedOperator",
    ("python", "branch"): f"{_DECORATORS}.branch_python._BranchPythonDecoratedOperator",
    ("python", "short_circuit"): f"{_DECORATORS}.short_circuit._ShortCircuitDecoratedOperator",
    ("bash", ""): f"{_OPERATORS}.bash.BashOperator",
    ("empty", ""): f"{_OPERATORS}.empty.EmptyOperator",
    ("http_api", ""): "airflow.providers.http.operators.http.HttpOperator",
}


class TaskShape(NamedTuple):
    """What is compared of one task."""

    upstream: Tuple[str, ...]
    operator_class: str


def of_document(dag_json: Mapping[str, Any]) -> Dict[str, TaskShape]:
    """Task id to shape, as compiled."""
    shapes = {}
    for task in dag_json["tasks"]:
        kind = (task["type"], task.get("kind") or "")
        operator_class = task.get("operator_class") or DEFAULT_CLASSES.get(
            kind, f"{kind[0]} {kind[1]}".strip()
        )
        shapes[task["task_id"]] = TaskShape(tuple(sorted(task.get("depends_on") or ())), operator_class)
    return shapes


def of_dag(dag: Any) -> Dict[str, TaskShape]:
    """Task id to shape, as built."""
    return {
        task_id: TaskShape(tuple(sorted(task.upstream_task_ids)), class_path(task.operator_class))
        for task_id, task in dag.task_dict.items()
    }


def class_path(cls: type) -> str:
    """The dotted path of a class; the name of the DAG file's module without our prefix for taken names."""
    module = cls.__module__
    prefix = "_leoflow_dag_"
    return f"{module[len(prefix) :] if module.startswith(prefix) else module}.{cls.__qualname__}"


def differences(dag: Any, dag_json: Mapping[str, Any]) -> List[str]:
    """One line per difference, sorted by task id; none when the structures are equal."""
    compiled, built = of_document(dag_json), of_dag(dag)
    lines = []
    for task_id in sorted(compiled.keys() | built.keys()):
        if task_id not in built:
            lines.append(f"{task_id}: compiled, but not built")
        elif task_id not in compiled:
            lines.append(f"{task_id}: built, but not compiled")
        else:
            expected, actual = compiled[task_id], built[task_id]
            if expected.upstream != actual.upstream:
                lines.append(
                    f"{task_id}: upstream compiled {_ids(expected.upstream)}, built {_ids(actual.upstream)}"
                )
            if expected.operator_class != actual.operator_class:
                lines.append(
                    f"{task_id}: class compiled {expected.operator_class}, built {actual.operator_class}"
                )
    return lines


def _ids(task_ids: Iterable[str]) -> str:
    return f"[{', '.join(task_ids)}]"
