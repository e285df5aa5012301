"""`depends_on_past` and `wait_for_downstream`: what the run before says."""

from __future__ import annotations

from collections.abc import Mapping

from leoflow_runtime.domain.states import RunType, TaskState
from leoflow_runtime.engine.live import LiveRun
from leoflow_runtime.engine.store import Tx

_GOOD = (TaskState.SUCCESS, TaskState.SKIPPED)


def past_allows(tx: Tx, live_runs: Mapping[int, LiveRun], live: LiveRun, task: int) -> bool:
    """Whether the same task of the run before ended well (and all directly below it, where asked for).

    `task`: its index in the graph. The first run is free; so is a task that the run before did not have.
    """
    spec = live.graph.specs[task]
    run_type = RunType.SCHEDULED if live.graph.spec.catchup else None
    before = tx.previous_run(live.run, run_type=run_type)
    if before is None:
        return True
    wanted = {spec.task_id}
    if spec.wait_for_downstream:
        wanted |= {live.graph.specs[child].task_id for child in live.graph.children_of[task]}
    known = live_runs.get(before.pk)
    if known is not None:
        tasks = [known.graph.index[task_id] for task_id in wanted if known.graph.has(task_id)]
        if known.graph.has(spec.task_id) and not all(known.has_ended(one) for one in tasks):
            return False
        rows = [known.rows[index] for one in tasks for index in known.rows_of(one)]
    else:
        rows = [row for row in tx.tasks(before.pk) if row.task_id in wanted]
    if not any(row.task_id == spec.task_id for row in rows):
        return True
    # All instances, where it is mapped.
    return all(row.state in _GOOD for row in rows if row.state is not TaskState.REMOVED)
