"""Tasks, task instances and tries as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from leoflow_runtime.artifact import DagSpec, TaskSpec
from leoflow_runtime.engine.operations.runs import operator_name
from leoflow_server.api.queries.listing import duration
from leoflow_server.api.shapes.dags import current_version
from leoflow_server.api.shapes.dags import params as dag_params

Json = dict[str, Any]

# The class behind a task whose document names none, by type.
_CLASSES = {
    "bash": "airflow.providers.standard.operators.bash.BashOperator",
    "http_api": "airflow.providers.http.operators.http.HttpOperator",
    "empty": "airflow.providers.standard.operators.empty.EmptyOperator",
    "python": "airflow.providers.standard.decorators.python._PythonDecoratedOperator",
}
# The colours of Airflow's operators, where they have one.
_COLOURS = {"bash": "#f0ede4", "python": "#ffefeb", "http_api": "#f4a460", "empty": "#e8f7e4"}


def display_name(task: TaskSpec) -> str:
    return task.task_display_name or task.task_id


def task(spec: DagSpec, one: TaskSpec, downstream: Sequence[str]) -> Json:
    """`TaskResponse`."""
    module, _, class_name = (one.operator_class or _CLASSES[one.type]).rpartition(".")
    return {
        "task_id": one.task_id,
        "task_display_name": display_name(one),
        "owner": one.owner or spec.owner or "airflow",
        "start_date": spec.start_date,
        "end_date": spec.end_date,
        "trigger_rule": one.trigger_rule,
        "depends_on_past": one.depends_on_past,
        "wait_for_downstream": one.wait_for_downstream,
        "retries": one.retries,
        "queue": one.queue,
        "pool": one.pool,
        "pool_slots": one.pool_slots,
        "execution_timeout": _time_delta(one.execution_timeout_seconds),
        "retry_delay": _time_delta(one.retry_delay_seconds),
        "retry_exponential_backoff": one.retry_exponential_backoff,
        "priority_weight": one.priority_weight,
        "weight_rule": one.weight_rule,
        "ui_color": _COLOURS[one.type],
        "ui_fgcolor": "#000",
        "template_fields": sorted(one.templates),
        "downstream_task_ids": sorted(downstream),
        "doc_md": one.doc_md,
        "operator_name": operator_name(one),
        "params": dag_params(spec),
        "class_ref": {"module_path": module, "class_name": class_name},
        "is_mapped": "mapped" in one.raw,
        "extra_links": [],
    }


def instance(row: Row[Any], one: TaskSpec | None) -> Json:
    """`TaskInstanceResponse`. `one` is the task in the version of its run; None: it is not in it."""
    return {
        "id": row.uuid,
        **_tried(row, one),
        "logical_date": row.logical_date,
        "run_after": row.run_after,
        "note": row.note,
        "rendered_map_index": _map_name(row),
        "rendered_fields": row.rendered_fields or {},
        "trigger": None,
        "triggerer_job": None,
    }


def _map_name(row: Row[Any]) -> str | None:
    """What an instance of a mapped task is called: by its number where it has no name."""
    if row.rendered_map_index is not None:
        return str(row.rendered_map_index)
    return str(row.map_index) if row.map_index >= 0 else None


def history(row: Row[Any], one: TaskSpec | None) -> Json:
    """`TaskInstanceHistoryResponse` of an earlier try or of the current one."""
    return _tried(row, one)


def _tried(row: Row[Any], one: TaskSpec | None) -> Json:
    return {
        "task_id": row.task_id,
        "dag_id": row.dag_id,
        "dag_run_id": row.run_id,
        "map_index": row.map_index,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "duration": duration(row.start_date, row.end_date),
        "state": row.state,
        "try_number": row.try_number,
        "max_tries": row.max_tries,
        "task_display_name": name_of(one, row.task_id),
        "dag_display_name": row.display_name,
        "hostname": row.hostname,
        "unixname": None,
        "pool": row.pool,
        "pool_slots": row.pool_slots,
        "queue": row.queue,
        "priority_weight": row.priority_weight,
        "operator": row.operator or (operator_name(one) if one else None),
        "operator_name": row.operator or (operator_name(one) if one else None),
        "queued_when": row.queued_at,
        "scheduled_when": row.scheduled_at,
        "pid": row.pid,
        "executor": None,
        "executor_config": "{}",
        "dag_version": current_version(row),
    }


def _time_delta(seconds: float | None) -> Json | None:
    if seconds is None:
        return None
    whole = int(seconds)
    return {
        "__type": "TimeDelta",
        "days": whole // 86_400,
        "seconds": whole % 86_400,
        "microseconds": round((seconds - whole) * 1_000_000),
    }


def name_of(one: TaskSpec | None, task_id: str) -> str:
    """The display name of a task; its id where the version does not have it."""
    return display_name(one) if one else task_id
