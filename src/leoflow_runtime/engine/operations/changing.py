"""One guarded change of one task, announced with the row as it then stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leoflow_runtime.engine.errors import NotAllowed
from leoflow_runtime.engine.rows import TaskRow, changed_task
from leoflow_runtime.engine.store import Change, TaskChange, Tx


def change_task(
    tx: Tx,
    task: TaskRow,
    values: Mapping[str, Any],
    unseen: Mapping[str, Any] | None = None,
    *,
    announce: bool = True,
) -> TaskRow:
    """Writes `values` (fields of TaskRow) and `unseen` (columns that the engine never reads).

    Raises NotAllowed where the row has changed since it was read, which one transaction excludes.
    """
    change = TaskChange(
        pk=task.pk,
        expect_states=(task.state,),
        expect_launch=task.launch_id,
        values={**values, **unseen} if unseen else values,
    )
    if not all(tx.update_tasks([change])):
        raise NotAllowed(f"task {task.task_id!r} changed in the meantime")
    changed = changed_task(task, values)
    if announce:
        tx.announce(Change(kind="task", pk=task.pk, task=changed))
    return changed
