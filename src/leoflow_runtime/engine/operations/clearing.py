"""Clearing: tasks are done again, in their run, on its version or the latest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from leoflow_runtime.domain.states import LAUNCHED_TASK_STATES, RunState, TaskState
from leoflow_runtime.engine.errors import NoLogicalDate
from leoflow_runtime.engine.graph import Graph, graph_of
from leoflow_runtime.engine.operations.changing import change_task
from leoflow_runtime.engine.operations.finding import the_dag, the_run
from leoflow_runtime.engine.operations.launches import blank_task
from leoflow_runtime.engine.operations.runs import new_task
from leoflow_runtime.engine.operations.selection import (
    Relatives,
    TaskKey,
    check_task_ids,
    select_runs,
    select_tasks,
)
from leoflow_runtime.engine.rows import DagRow, RunRow, TaskRow
from leoflow_runtime.engine.store import Change, TaskChange, Tx

_FAILED = (TaskState.FAILED, TaskState.UPSTREAM_FAILED)
_NOT_BEGUN = (None, TaskState.SCHEDULED)


def clear_tasks(
    tx: Tx,
    *,
    tenant_id: int = 1,
    dag_id: str,
    run_id: str | None = None,
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    task_ids: Sequence[TaskKey] | None = None,
    map_indexes: Collection[int] | None = None,
    only_failed: bool = False,
    only_running: bool = False,
    include_upstream: bool = False,
    include_downstream: bool = False,
    include_future: bool = False,
    include_past: bool = False,
    reset_dag_runs: bool = True,
    run_on_latest_version: bool = False,
    dry_run: bool = False,
) -> list[TaskRow]:
    """The tasks that are (or, with `dry_run`, would be) cleared, as they were before.

    What runs is stopped first and starts again once it has ended. Setups that a task needs come along, and
    their teardowns. Raises UnknownDag, UnknownRun, UnknownTask, NoLogicalDate.
    """
    dag = the_dag(tx, dag_id, tenant_id)
    if run_id is not None and (include_past or include_future):
        if the_run(tx, dag, run_id).logical_date is None:
            raise NoLogicalDate(run_id)
    runs = select_runs(
        tx,
        dag,
        run_id=run_id,
        start_date=start_date,
        end_date=end_date,
        include_past=include_past,
        include_future=include_future,
    )
    latest = graph_of(tx.version(dag.version_pk)) if dag.version_pk is not None else None
    graphs = {run.version_pk: graph_of(tx.version(run.version_pk)) for run in runs}
    check_task_ids(dag, [*graphs.values(), *([latest] if latest else [])], task_ids)
    states = {*(_FAILED if only_failed else ()), *((TaskState.RUNNING,) if only_running else ())}
    cleared: list[TaskRow] = []
    for run in runs:
        graph = latest if run_on_latest_version and latest else graphs[run.version_pk]
        rows = select_tasks(
            tx,
            run,
            task_ids=task_ids,
            map_indexes=map_indexes,
            relatives=Relatives(
                upstream=include_upstream, downstream=include_downstream, setups=True, chained=True
            ),
            graph=graph,
        )
        rows = [row for row in rows if not states or row.state in states]
        cleared += rows
        if not dry_run and (rows or run_on_latest_version):
            clear_rows(tx, dag, run, rows, graph, reset_run=reset_dag_runs, rebind=run_on_latest_version)
    return cleared


def clear_run(
    tx: Tx,
    *,
    tenant_id: int = 1,
    dag_id: str,
    run_id: str,
    only_failed: bool = False,
    run_on_latest_version: bool = False,
    dry_run: bool = False,
) -> list[TaskRow]:
    """All (or all failed) tasks of one run. Raises UnknownDag, UnknownRun."""
    the_run(tx, the_dag(tx, dag_id, tenant_id), run_id)
    return clear_tasks(
        tx,
        tenant_id=tenant_id,
        dag_id=dag_id,
        run_id=run_id,
        only_failed=only_failed,
        run_on_latest_version=run_on_latest_version,
        dry_run=dry_run,
    )


def clear_rows(
    tx: Tx,
    dag: DagRow,
    run: RunRow,
    rows: Sequence[TaskRow],
    graph: Graph,
    *,
    reset_run: bool,
    rebind: bool = False,
) -> None:
    """Clears these rows of one run and sets the run going again."""
    added = False
    ids = {row.task_id for row in rows}
    for row in rows:
        if graph.has(row.task_id) and row.state is not TaskState.REMOVED:
            _clear_row(tx, row, graph, with_ids=ids)
    tx.purge_xcoms([row.pk for row in rows])
    if rebind and dag.version_pk is not None and dag.version_pk != run.version_pk:
        # Last: the tries that were archived belong to the version that they ran on.
        added = _rebind(tx, run, dag.version_pk, graph)
    if rows or added:
        # The number is also the guard by which a planner elsewhere notices.
        values: dict[str, Any] = {"clear_number": run.clear_number + 1, "queued_at": tx.now}
        if reset_run and run.state.is_terminal:
            values |= {"state": RunState.QUEUED, "start_date": None, "end_date": None}
        tx.update_run(run.pk, (run.state,), values)
    tx.announce(Change(kind="run", pk=run.pk))


def _clear_row(tx: Tx, row: TaskRow, graph: Graph, *, with_ids: set[str]) -> None:
    spec = graph.spec_of(row.task_id)
    retries = spec.retries if spec else 0
    if row.state is TaskState.RESTARTING:
        return
    runs_still = _has_open_launch(tx, row)
    if row.state not in _NOT_BEGUN and row.try_number > 0 and row.state is not TaskState.UP_FOR_RETRY:
        row = _archive(tx, row)
    # A branch that is not asked again skips again.
    forced = row.forced_skip and not (graph.parents(row.task_id) & with_ids)
    values = blank_task() | {"max_tries": row.try_number + retries, "forced_skip": forced}
    if runs_still:
        values |= {"state": TaskState.RESTARTING}
    change_task(tx, row, values, {"message": None}, announce=False)


def _archive(tx: Tx, row: TaskRow) -> TaskRow:
    if row.state is None or not row.state.is_terminal:
        # In the history, a try that was cut short is one that failed.
        ended = {"state": TaskState.FAILED, "end_date": row.end_date or tx.now}
        row = change_task(tx, row, ended, announce=False)
    tx.archive_try(row.pk)
    return row


def _has_open_launch(tx: Tx, row: TaskRow) -> bool:
    if row.launch_id is None:
        return False
    if row.state in LAUNCHED_TASK_STATES:
        return True
    launch = tx.launch(row.launch_id)
    return launch is not None and launch.finished_at is None


def _rebind(tx: Tx, run: RunRow, version_pk: int, graph: Graph) -> bool:
    """The run goes on with another version: added tasks get rows, removed ones become `removed`.

    Returns whether there is something new to do.
    """
    rows = tx.tasks(run.pk)
    known = {row.task_id for row in rows}
    added = [
        new_task(spec, weight)
        for spec, weight in zip(graph.specs, graph.weights, strict=True)
        if spec.task_id not in known
    ]
    if added:
        tx.insert_tasks(run.pk, added)
    # Removed instances of a mapped task come back, or not, when it is known how many there are.
    there = {row.task_id for row in rows if row.state is not TaskState.REMOVED}
    back = [row for row in rows if graph.has(row.task_id) and row.task_id not in there]
    for row in back:
        if row.try_number > 0:
            tx.archive_try(row.pk)
        spec = graph.spec_of(row.task_id)
        retries = spec.retries if spec else 0
        values = blank_task() | {"max_tries": row.try_number + retries}
        if _has_open_launch(tx, row):
            values |= {"state": TaskState.RESTARTING}
        change_task(tx, row, values, announce=False)
    removed = {"state": TaskState.REMOVED, "end_date": tx.now}
    gone = [
        TaskChange(pk=row.pk, expect_states=(row.state,), values=removed)
        for row in rows
        if not graph.has(row.task_id) and row.state is not TaskState.REMOVED
    ]
    if gone:
        tx.update_tasks(gone)
    _unmap(tx, run, graph)
    tx.update_run(run.pk, (run.state,), {"version_pk": version_pk})
    return bool(added) or bool(back)


def _unmap(tx: Tx, run: RunRow, graph: Graph) -> None:
    """Of a task that is not mapped any more, one instance goes on as the task; the others are removed."""
    ones: dict[str, TaskRow] = {}
    changes = []
    for row in sorted(tx.tasks(run.pk), key=lambda row: (row.state is TaskState.REMOVED, row.map_index)):
        if not graph.has(row.task_id) or graph.index[row.task_id] in graph.expansions:
            continue
        if ones.setdefault(row.task_id, row) is not row:
            changes.append(TaskChange(pk=row.pk, values={"state": TaskState.REMOVED, "due_at": None}))
        elif row.map_index >= 0:
            changes.append(TaskChange(pk=row.pk, values={"map_index": -1, "map_length": None}))
    if changes:
        tx.update_tasks(changes)
