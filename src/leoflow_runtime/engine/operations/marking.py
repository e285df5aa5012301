"""Marking: a person says how something ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_runtime.engine.errors import UnknownState, UnknownTask
from leoflow_runtime.engine.graph import graph_of
from leoflow_runtime.engine.operations.changing import change_task
from leoflow_runtime.engine.operations.clearing import clear_rows
from leoflow_runtime.engine.operations.finding import the_dag, the_run
from leoflow_runtime.engine.operations.selection import (
    Relatives,
    TaskKey,
    select_runs,
    select_slots,
    select_tasks,
)
from leoflow_runtime.engine.rows import DagRow, RunRow, TaskRow
from leoflow_runtime.engine.store import Change, Tx

_TASK_STATES = (TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED)
_RUN_STATES = (RunState.QUEUED, RunState.SUCCESS, RunState.FAILED)
_FAILED = (TaskState.FAILED, TaskState.UPSTREAM_FAILED)
_BEGUN = (TaskState.RUNNING, TaskState.DEFERRED, TaskState.UP_FOR_RESCHEDULE)


def mark_task(
    tx: Tx,
    *,
    tenant_id: int = 1,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_indexes: Collection[int] | None = None,
    state: TaskState | str,
    include_upstream: bool = False,
    include_downstream: bool = False,
    include_future: bool = False,
    include_past: bool = False,
    dry_run: bool = False,
) -> list[TaskRow]:
    """The tasks that change (or would), as they were before; what runs is stopped.

    Past and future are the runs that the DAG's schedule has made. As in Airflow, failed tasks downstream of
    the one that is named are cleared in all runs before or after, so that they go on; not here what has just
    been marked as failed. Marking a success updates no assets. Raises UnknownDag, UnknownRun, UnknownTask,
    UnknownState.
    """
    if state not in _TASK_STATES:
        raise UnknownState(str(state), tuple(_TASK_STATES))
    dag = the_dag(tx, dag_id, tenant_id)
    origin = the_run(tx, dag, run_id)
    if not graph_of(tx.version(origin.version_pk)).has(task_id):
        raise UnknownTask(dag_id, task_id, run_id)
    relatives = Relatives(upstream=include_upstream, downstream=include_downstream)
    marked: list[TaskRow] = []
    for run in select_slots(tx, dag, origin, include_past=include_past, include_future=include_future):
        rows = _differing(tx, run, [task_id], map_indexes, relatives, TaskState(state))
        marked += rows
        for row in rows if not dry_run else ():
            _mark(tx, row, TaskState(state))
    if not dry_run:
        done = {row.pk for row in marked}
        for run in select_runs(
            tx, dag, run_id=run_id, include_past=include_past, include_future=include_future
        ):
            _resume(tx, dag, run, task_id, done)
    return marked


def _resume(tx: Tx, dag: DagRow, run: RunRow, task_id: str, marked: Collection[int]) -> None:
    """What has failed below a task that was marked is cleared."""
    graph = graph_of(tx.version(run.version_pk))
    below: set[str] = set()
    if graph.has(task_id):
        below = Relatives(downstream=True, setups=True).of(graph, {task_id}) - {task_id}
    rows = tx.tasks(run.pk)
    again = [row for row in rows if row.task_id in below and row.state in _FAILED and row.pk not in marked]
    if again:
        clear_rows(tx, dag, run, again, graph, reset_run=True)
    elif any(row.pk in marked for row in rows):
        tx.announce(Change(kind="run", pk=run.pk))


def mark_run(tx: Tx, *, tenant_id: int = 1, dag_id: str, run_id: str, state: RunState | str) -> RunRow:
    """Ends a run as said, its tasks with it; teardowns that have not run yet still do.

    `queued` sets a run going again. Raises UnknownDag, UnknownRun, UnknownState.
    """
    if state not in _RUN_STATES:
        raise UnknownState(str(state), tuple(_RUN_STATES))
    run = the_run(tx, the_dag(tx, dag_id, tenant_id), run_id)
    state = RunState(state)
    if state is RunState.QUEUED:
        if run.state is not RunState.QUEUED:
            again = {"state": state, "queued_at": tx.now, "start_date": None, "end_date": None}
            tx.update_run(run.pk, (run.state,), again)
    else:
        waiting = _end_tasks(tx, run, state)
        # A run that has ended so already keeps the time at which it did.
        if not waiting and run.state is not state:
            ended: dict[str, Any] = {"state": state, "end_date": tx.now}
            if run.start_date is None:
                ended["start_date"] = tx.now
            tx.update_run(run.pk, (run.state,), ended)
    tx.announce(Change(kind="run", pk=run.pk))
    return tx.run(run.pk) or run


def _end_tasks(tx: Tx, run: RunRow, state: RunState) -> bool:
    """Ends the tasks of a run that is marked. Returns whether teardowns are left to do."""
    graph = graph_of(tx.version(run.version_pk))
    waiting = False
    for row in tx.tasks(run.pk):
        if row.state is TaskState.REMOVED:
            continue
        unfinished = row.state is None or not row.state.is_terminal
        if unfinished and graph.is_teardown(row.task_id):
            waiting = True
        elif state is RunState.SUCCESS:
            if row.state is not TaskState.SUCCESS:
                _mark(tx, row, TaskState.SUCCESS)
        elif unfinished:
            _mark(tx, row, TaskState.FAILED if row.state in _BEGUN else TaskState.SKIPPED)
    return waiting


def _differing(
    tx: Tx,
    run: RunRow,
    task_ids: Sequence[TaskKey],
    map_indexes: Collection[int] | None,
    relatives: Relatives,
    state: TaskState,
) -> list[TaskRow]:
    rows = select_tasks(tx, run, task_ids=task_ids, map_indexes=map_indexes, relatives=relatives)
    return [row for row in rows if row.state not in (state, TaskState.REMOVED)]


def _mark(tx: Tx, row: TaskRow, state: TaskState) -> None:
    values = {
        "state": state,
        "start_date": row.start_date or tx.now,
        "end_date": tx.now,
        "due_at": None,
    }
    change_task(tx, row, values, announce=False)
