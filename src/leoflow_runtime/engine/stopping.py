"""Ending what is left of a run at once: a task failed and the DAG fails fast, or the run has had its time.

A transaction ends about as many tasks as it has room for; the next one goes on, and none of the others begins
meanwhile. A planner that takes over finds out: by the run's own time, or by a row in the inbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.engine.live import LiveRun
from leoflow_runtime.engine.store import Change

if TYPE_CHECKING:
    from leoflow_runtime.engine.planner import Planner
    from leoflow_runtime.engine.settle import Settler

FAIL_FAST = "fail_fast"
TIMEOUT = "timeout"


def stop(settler: Settler, live: LiveRun, kind: str) -> bool:
    """Returns whether all that `kind` concerns has ended."""
    planner, pk = settler.planner, live.run.pk
    for index in list(live.unfinished_indices()):
        if not _concerns(live, index, kind):
            continue
        if not settler.has_room():
            if kind == FAIL_FAST and pk not in planner.stopping:
                # A clear changes the number, and what it set going is not to be stopped.
                settler.work.tx.leave(Change(kind=f"{FAIL_FAST}:{live.run.clear_number}", pk=pk))
            planner.stopping[pk] = kind
            return False
        running = kind == FAIL_FAST and live.rows[index].state is TaskState.RUNNING
        why = "the run timed out" if kind == TIMEOUT else "another task failed and the DAG fails fast"
        settler.end(live, index, TaskState.FAILED if running else TaskState.SKIPPED, why=why)
    planner.stopping.pop(pk, None)
    return True


def is_left(change: Change) -> bool:
    """Whether an inbox row asks to go on with a stop."""
    return change.kind.startswith(FAIL_FAST)


def go_on(settler: Settler, change: Change) -> None:
    """With what an earlier transaction, perhaps another planner's, has begun."""
    live = settler.planner.runs.get(change.pk)
    if live is not None and change.kind == f"{FAIL_FAST}:{live.run.clear_number}":
        settler.planner.stopping.pop(change.pk, None)  # the row is taken: what is left asks again
        stop(settler, live, FAIL_FAST)


def is_stopped(planner: Planner, live: LiveRun, index: int) -> bool:
    """Whether a row is about to be ended, and must not begin any more."""
    kind = planner.stopping.get(live.run.pk)
    return kind is not None and _concerns(live, index, kind)


def _concerns(live: LiveRun, index: int, kind: str) -> bool:
    return kind == TIMEOUT or not live.spec(index).is_teardown
