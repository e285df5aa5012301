"""Notes that people leave."""

from __future__ import annotations

from leoflow_runtime.domain.states import RunState
from leoflow_runtime.engine.errors import UnknownTask
from leoflow_runtime.engine.operations.finding import the_dag, the_run
from leoflow_runtime.engine.rows import RunRow, TaskRow
from leoflow_runtime.engine.store import TaskChange, Tx


def set_run_note(tx: Tx, *, tenant_id: int = 1, dag_id: str, run_id: str, note: str | None) -> RunRow:
    """Raises UnknownDag, UnknownRun."""
    run = the_run(tx, the_dag(tx, dag_id, tenant_id), run_id)
    tx.update_run(run.pk, tuple(RunState), {"note": note})
    return tx.run(run.pk) or run


def set_task_note(
    tx: Tx,
    *,
    tenant_id: int = 1,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int = -1,
    note: str | None,
) -> TaskRow:
    """Raises UnknownDag, UnknownRun, UnknownTask."""
    run = the_run(tx, the_dag(tx, dag_id, tenant_id), run_id)
    for task in tx.tasks(run.pk):
        if (task.task_id, task.map_index) == (task_id, map_index):
            tx.update_tasks([TaskChange(pk=task.pk, values={"note": note})])
            return task
    raise UnknownTask(dag_id, task_id, run_id)
