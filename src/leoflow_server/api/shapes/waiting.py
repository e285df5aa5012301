"""Why a task does not run yet, as far as the record tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.states import TERMINAL_TASK_STATES

_WAITING = (None, "scheduled", "up_for_retry", "up_for_reschedule")


def waiting_for(
    task: Row[Any], run: Row[Any], dag: Row[Any], one: TaskSpec | None, siblings: Iterable[Row[Any]]
) -> list[dict[str, str]]:
    """`TaskDependencyResponse` for each reason; none for a task that is under way or done."""
    if task.state not in _WAITING:
        return []
    reasons: list[tuple[str, str]] = []
    if dag.is_paused:
        reasons.append(("Dag Paused", f"Dag {dag.dag_id} is paused"))
    if run.state != "running":
        reasons.append(("Dagrun Running", f"Dag run {run.run_id} is in state {run.state}"))
    if task.due_at is not None:
        reasons.append(("Not In Retry Period", f"The task waits until {task.due_at.isoformat()}"))
    if task.state == "scheduled":
        text = f"The task waits for {task.pool_slots} free slots of pool {task.pool} or for a free worker"
        reasons.append(("Pool Slots Available", text))
    if one is not None and task.state is None:
        open_ones = sorted(
            row.task_id
            for row in siblings
            if row.task_id in one.depends_on and row.state not in TERMINAL_TASK_STATES
        )
        if open_ones:
            text = (
                f"Task's trigger rule '{one.trigger_rule}' waits for upstream tasks: {', '.join(open_ones)}"
            )
            reasons.append(("Trigger Rule", text))
    return [{"name": name, "reason": reason} for name, reason in reasons]
