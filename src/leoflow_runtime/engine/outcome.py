"""The end of a run: who is told of it, and whether the DAG is to start another."""

from __future__ import annotations

from datetime import UTC, datetime

from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_runtime.engine.live import LiveRun
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.engine.work import Work

# Why a run failed in which nothing could begin any more.
DEADLOCK = "all_tasks_deadlocked"
_NEVER = datetime.min.replace(tzinfo=UTC)
_KINDS = {RunState.SUCCESS: "on_success_callback", RunState.FAILED: "on_failure_callback"}


def tell_of_end(work: Work, live: LiveRun, reason: str) -> None:
    """Orders the DAG's callback for the state that the run is in now, where it has one."""
    kind = _KINDS[live.run.state]
    if kind in live.graph.spec.document.get("callbacks", ()):
        told = _blocked(live) if reason == DEADLOCK else None
        work.callback(live, _telling(live) if told is None else told, kind, reason)


def _telling(live: LiveRun) -> int:
    """The task that the callback is told of: of those that brought the run's state, the last to end."""
    state = TaskState.SUCCESS if live.run.state is RunState.SUCCESS else TaskState.FAILED

    def rank(index: int) -> tuple[bool, datetime]:
        row = live.rows[index]
        return row.state is state, row.end_date or _NEVER

    return max(range(len(live.rows)), key=rank)


def _blocked(live: LiveRun) -> int | None:
    """The first task that waits although something before it has ended."""
    for index in live.unfinished_indices():
        if any(live.has_ended(up) for up in live.graph.parents_of[live.task_of[index]]):
            return index
    return None


def failed_too_often(tx: Tx, live: LiveRun) -> bool:
    """Whether as many runs in a row have failed as the DAG may have (`max_consecutive_failed_dag_runs`)."""
    limit = live.graph.spec.document.get("max_consecutive_failed_dag_runs", 0)
    if not limit:
        return False
    recent = tx.recent_runs(live.run.dag_pk, limit)
    return len(recent) >= limit and all(run.state is RunState.FAILED for run in recent)
