"""Starting and deleting runs and what is in them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.states import RunType
from leoflow_runtime.engine.deadlines import set_deadlines
from leoflow_runtime.engine.errors import RunIdInvalid, UnknownTask
from leoflow_runtime.engine.graph import graph_of
from leoflow_runtime.engine.operations.finding import the_dag, the_run, the_version
from leoflow_runtime.engine.operations.params import check_params
from leoflow_runtime.engine.rows import RunRow, TaskRow, VersionRow
from leoflow_runtime.engine.store import Change, NewRun, NewTask, TaskChange, Tx

_RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]{1,250}")
_OPERATORS = {"bash": "BashOperator", "http_api": "HttpOperator", "empty": "EmptyOperator"}
_DECORATED = {"branch": "@task.branch", "short_circuit": "@task.short_circuit", "sensor": "@task.sensor"}
# The classes behind Airflow's decorators; nobody writes them.
_DECORATED_CLASS = re.compile(r"_\w*DecoratedOperator|DecoratedSensorOperator")


def trigger_run(
    tx: Tx,
    *,
    tenant_id: int = 1,
    dag_id: str,
    run_id: str | None = None,
    logical_date: datetime | None = None,
    data_interval: tuple[datetime, datetime] | None = None,
    run_after: datetime | None = None,
    conf: Mapping[str, Any] | None = None,
    note: str | None = None,
    triggered_by: str = "rest_api",
    user: str | None = None,
    run_type: RunType = RunType.MANUAL,
) -> RunRow:
    """A run of the current version, started by hand.

    Raises UnknownDag, NothingRegistered, ParamsInvalid, RunIdInvalid, RunExists.
    """
    dag = the_dag(tx, dag_id, tenant_id)
    version = the_version(tx, dag)
    conf = dict(conf or {})
    check_params(version.spec, conf)
    run_after = run_after or tx.now
    if run_id is None:
        suffix = "" if logical_date else "_" + secrets.token_hex(4)
        run_id = f"{run_type}__{run_after.isoformat()}{suffix}"
    elif not _RUN_ID.fullmatch(run_id):
        raise RunIdInvalid(run_id)
    if logical_date is not None and data_interval is None:
        data_interval = (logical_date, logical_date)
    run = tx.insert_run(
        NewRun(
            dag=dag,
            version_pk=version.pk,
            run_id=run_id,
            run_type=run_type,
            run_after=run_after,
            logical_date=logical_date,
            data_interval_start=data_interval[0] if data_interval else None,
            data_interval_end=data_interval[1] if data_interval else None,
            conf=conf,
            note=note,
            triggered_by=triggered_by,
            triggering_user=user,
        )
    )
    fill_run(tx, run, version)
    tx.announce(Change(kind="run", pk=run.pk))
    return run


def fill_run(tx: Tx, run: RunRow, version: VersionRow) -> None:
    """What a new run has from its beginning: its tasks, and the deadlines that are worked out."""
    tx.insert_tasks(run.pk, new_tasks(version))
    set_deadlines(tx, version.spec, run)


def new_tasks(version: VersionRow) -> list[NewTask]:
    """The rows that a run of this version has."""
    graph = graph_of(version)
    return [new_task(task, weight) for task, weight in zip(graph.specs, graph.weights, strict=True)]


def new_task(task: TaskSpec, weight: int) -> NewTask:
    return NewTask(
        task_id=task.task_id,
        max_tries=task.retries,
        operator=operator_name(task),
        pool=task.pool,
        pool_slots=task.pool_slots,
        queue=task.queue,
        priority_weight=weight,
    )


def operator_name(task: TaskSpec) -> str:
    """What the UI shows as the operator of a task."""
    class_name = (task.operator_class or "").rpartition(".")[2]
    if class_name and not _DECORATED_CLASS.fullmatch(class_name):
        return class_name
    if task.kind in _DECORATED:
        return _DECORATED[task.kind]
    return _OPERATORS.get(task.type, "@task")


def delete_run(tx: Tx, *, tenant_id: int = 1, dag_id: str, run_id: str) -> None:
    """The run and all that it left; what runs is stopped. Raises UnknownDag, UnknownRun."""
    run = the_run(tx, the_dag(tx, dag_id, tenant_id), run_id)
    tx.delete_run(run.pk)
    tx.announce(Change(kind="run", pk=run.pk))


def delete_task(
    tx: Tx, *, tenant_id: int = 1, dag_id: str, run_id: str, task_id: str, map_index: int = -1
) -> TaskRow:
    """A task instance with all that it left; what runs is stopped. Returns the row as it was.

    A run has a row for every task of its version, so one that is still part of it begins as if it had never
    been: at once where the run goes on, otherwise when the run is cleared. Raises UnknownDag, UnknownRun,
    UnknownTask.
    """
    run = the_run(tx, the_dag(tx, dag_id, tenant_id), run_id)
    row = next(
        (one for one in tx.tasks(run.pk) if (one.task_id, one.map_index) == (task_id, map_index)), None
    )
    if row is None:
        raise UnknownTask(dag_id, task_id, run_id)
    tx.delete_task(row.pk)
    graph = graph_of(tx.version(run.version_pk))
    if graph.has(task_id):
        index = graph.index[task_id]
        new = replace(new_task(graph.specs[index], graph.weights[index]), map_index=map_index)
        (fresh,) = tx.insert_instances(run.pk, new, range(map_index, map_index + 1))
        if row.map_length is not None:
            tx.update_tasks([TaskChange(pk=fresh.pk, values={"map_length": row.map_length})])
    # The number is the guard by which a planner elsewhere notices.
    tx.update_run(run.pk, (run.state,), {"clear_number": run.clear_number + 1})
    tx.announce(Change(kind="run", pk=run.pk))
    return row
