"""Deadline alerts: by when a run is to be done, and telling whoever wants to know that it was not.

A deadline lies a fixed time after a point in time, after the run's logical date, after it was queued, or
after when it should be done as runs before it were; the last is worked out when the run is made, and kept.
That it was missed is on record, once, in the transaction that orders the launch which tells of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.domain.states import RunState
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.engine.timers import TimerKind

if TYPE_CHECKING:
    from leoflow_runtime.engine.planner import Planner
    from leoflow_runtime.engine.settle import Settler

_ACTIVE = (RunState.QUEUED, RunState.RUNNING)
_AVERAGE = "AVERAGE_RUNTIME"


def deadlines_of(spec: DagSpec, run: Any, worked_out: Mapping[int, datetime]) -> list[datetime | None]:
    """By position in the code; None where this run (a row with its dates) has no such deadline.

    `worked_out`: those of the run that were set when it was made.
    """
    found: list[datetime | None] = []
    for position, alert in enumerate(spec.document.get("deadlines", ())):
        if alert["reference"] == _AVERAGE:
            found.append(worked_out.get(position))
            continue
        begin = _begin(alert, run)
        found.append(begin and begin + timedelta(seconds=alert.get("interval_seconds", 0)))
    return found


def _begin(alert: Mapping[str, Any], run: Any) -> datetime | None:
    if alert["reference"] == "FIXED_DATETIME":
        return datetime.fromisoformat(alert["at"]).astimezone(UTC)
    dates = {"DAGRUN_LOGICAL_DATE": run.logical_date, "DAGRUN_QUEUED_AT": run.queued_at}
    return dates.get(alert["reference"])


def set_deadlines(tx: Tx, spec: DagSpec, run: RunRow) -> None:
    """Works out what a new run's deadlines are by the average of its DAG's latest runs that have ended.

    There is none where fewer than `min_runs` have.
    """
    for position, alert in enumerate(spec.document.get("deadlines", ())):
        if alert["reference"] != _AVERAGE:
            continue
        active = len(tx.active_runs(run.dag_pk))
        recent = tx.recent_runs(run.dag_pk, alert["max_runs"] + active)
        times = [
            (one.end_date - one.start_date).total_seconds()
            for one in recent
            if one.start_date is not None and one.end_date is not None
        ][: alert["max_runs"]]
        if len(times) >= alert["min_runs"]:
            usual = sum(times) / len(times) + alert.get("interval_seconds", 0)
            tx.set_deadline(run.pk, position, tx.now + timedelta(seconds=usual))


def run_deadlines(tx: Tx, spec: DagSpec, run: RunRow) -> list[datetime | None]:
    """As `deadlines_of`, with what is on record."""
    alerts = spec.document.get("deadlines", ())
    is_worked_out = any(alert["reference"] == _AVERAGE for alert in alerts)
    return deadlines_of(spec, run, tx.deadlines(run.pk) if is_worked_out else {})


def watch_deadlines(planner: Planner, tx: Tx, spec: DagSpec, run: RunRow) -> None:
    """Sets a timer for each deadline of an active run."""
    if not spec.document.get("deadlines"):
        return
    for position, when in enumerate(run_deadlines(tx, spec, run)):
        if when is not None:
            planner.timers.add(when, TimerKind.DEADLINE, run.pk, position)


def deadline_passed(settler: Settler, run_pk: int, position: int) -> None:
    """Notes a missed deadline and has its callback told; nothing where the run has ended or it was noted."""
    tx = settler.work.tx
    run = tx.run(run_pk)
    if run is None or run.state not in _ACTIVE:
        return
    found = run_deadlines(tx, tx.version(run.version_pk).spec, run)
    when = found[position] if position < len(found) else None
    if when is None or when > tx.now or not tx.note_missed_deadline(run_pk, position, when):
        return
    task = next(iter(tx.tasks(run_pk)), None)
    if task is not None:
        launch = tx.open_callback(task, f"deadline:{position}", f"the deadline {when.isoformat()} was missed")
        settler.work.order_callback(launch.launch_id)
