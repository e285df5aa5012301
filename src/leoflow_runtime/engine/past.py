"""`depends_on_past` and `wait_for_downstream`: what the run before says."""

from __future__ import annotations

from collections.abc import Mapping

from leoflow_runtime.domain.states import RunType, TaskState
from leoflow_runtime.engine.live import LiveRun
from leoflow_runtime.engine.rows import TaskRow
from leoflow_runtime.engine.store import Tx

_GOOD = (TaskState.SUCCESS, TaskState.SKIPPED)


def past_allows(tx: Tx, live_runs: Mapping[int, LiveRun], live: LiveRun, index: int) -> bool:
    """Whether the same task of the run before ended well (and all directly below it, where asked for).

    The first run is free; so is a task that the run before did not have.
    """
    spec = live.spec(index)
    run_type = RunType.SCHEDULED if live.graph.spec.catchup else None
    before = tx.previous_run(live.run, run_type=run_type)
    if before is None:
        return True
    rows: dict[str, TaskRow]
    if before.pk in live_runs:
        rows = {row.task_id: row for row in live_runs[before.pk].rows}
    else:
        rows = {row.task_id: row for row in tx.tasks(before.pk)}
    if spec.task_id not in rows:
        return True
    if rows[spec.task_id].state not in _GOOD:
        return False
    if not spec.wait_for_downstream:
        return True
    below = (live.graph.specs[child].task_id for child in live.graph.children_of[live.task_of[index]])
    return all(rows[task_id].state in _GOOD for task_id in below if task_id in rows)
