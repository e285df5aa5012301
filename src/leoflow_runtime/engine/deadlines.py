"""Deadline alerts: by when a run is to be done, and telling whoever wants to know that it was not.

A deadline lies a fixed time after the run's logical date or after it was queued. That it was missed is on
record, once, in the transaction that orders the launch which tells of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.domain.states import RunState
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.engine.timers import TimerKind

if TYPE_CHECKING:
    from leoflow_runtime.engine.planner import Planner
    from leoflow_runtime.engine.settle import Settler

_ACTIVE = (RunState.QUEUED, RunState.RUNNING)


def deadlines_of(spec: DagSpec, run: Any) -> list[datetime | None]:
    """By position in the code; None where this run (a row with its dates) has no such deadline."""
    references = {"DAGRUN_LOGICAL_DATE": run.logical_date, "DAGRUN_QUEUED_AT": run.queued_at}
    found: list[datetime | None] = []
    for alert in spec.document.get("deadlines", ()):
        begin = references.get(alert["reference"])
        found.append(begin and begin + timedelta(seconds=alert.get("interval_seconds", 0)))
    return found


def watch_deadlines(planner: Planner, spec: DagSpec, run: RunRow) -> None:
    """Sets a timer for each deadline of an active run."""
    if not spec.document.get("deadlines"):
        return
    for position, when in enumerate(deadlines_of(spec, run)):
        if when is not None:
            planner.timers.add(when, TimerKind.DEADLINE, run.pk, position)


def deadline_passed(settler: Settler, run_pk: int, position: int) -> None:
    """Notes a missed deadline and has its callback told; nothing where the run has ended or it was noted."""
    tx = settler.work.tx
    run = tx.run(run_pk)
    if run is None or run.state not in _ACTIVE:
        return
    found = deadlines_of(tx.version(run.version_pk).spec, run)
    when = found[position] if position < len(found) else None
    if when is None or when > tx.now or not tx.note_missed_deadline(run_pk, position, when):
        return
    task = next(iter(tx.tasks(run_pk)), None)
    if task is not None:
        launch = tx.open_callback(task, f"deadline:{position}", f"the deadline {when.isoformat()} was missed")
        settler.work.order_callback(launch.launch_id)
