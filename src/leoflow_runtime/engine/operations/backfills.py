"""Backfills: making them, holding them, ending them. The planner makes their runs, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.domain.states import RunState
from leoflow_runtime.engine.backfill_rows import BackfillRow, NewBackfill, NoRun, ReprocessBehavior
from leoflow_runtime.engine.errors import BackfillCompleted, BackfillInvalid, BackfillRunning, UnknownBackfill
from leoflow_runtime.engine.operations.finding import the_dag, the_version
from leoflow_runtime.engine.operations.params import check_params
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.engine.store import Change, Tx
from leoflow_runtime.engine.timetables import timetable_of
from leoflow_runtime.schedule import Slot

MOST_RUNS = 100_000


def backfill_slots(
    tx: Tx, *, tenant_id: int = 1, dag_id: str, from_date: datetime, to_date: datetime
) -> list[Slot]:
    """The slots of the range whose data interval is over. Long ranges take seconds: ask a reader for them.

    Raises UnknownDag, NothingRegistered, BackfillInvalid.
    """
    timetable = timetable_of(the_version(tx, the_dag(tx, dag_id, tenant_id)).spec)
    if not timetable.is_scheduled or timetable.is_continuous:
        raise BackfillInvalid(f"{dag_id} has no schedule")
    coming = islice(timetable.slots_between(from_date, to_date), MOST_RUNS + 1)
    slots = [slot for slot in coming if slot.interval_end < tx.now]
    if len(slots) > MOST_RUNS:
        raise BackfillInvalid(f"A backfill makes at most {MOST_RUNS:,} runs; choose a shorter range")
    return slots


def planned_backfill(
    tx: Tx,
    *,
    tenant_id: int = 1,
    dag_id: str,
    from_date: datetime,
    to_date: datetime,
    run_backwards: bool = False,
    reprocess_behavior: ReprocessBehavior = ReprocessBehavior.NONE,
    conf: Mapping[str, Any] | None = None,
    slots: Sequence[Slot] | None = None,
) -> list[tuple[Slot, NoRun | None]]:
    """The slots of the range whose data interval is over, in order, and why some get no run.

    `slots`: those of `backfill_slots`, where they are known. Raises UnknownDag, NothingRegistered,
    ParamsInvalid, BackfillInvalid.
    """
    dag = the_dag(tx, dag_id, tenant_id)
    spec = the_version(tx, dag).spec
    _check(tx, spec, from_date, to_date, run_backwards, reprocess_behavior)
    check_params(spec, conf or {})
    if slots is None:
        slots = backfill_slots(tx, tenant_id=tenant_id, dag_id=dag_id, from_date=from_date, to_date=to_date)
    if not slots:
        raise BackfillInvalid(f"No runs to create for Dag {dag_id}")
    if run_backwards:
        slots = slots[::-1]
    dates = [slot.logical_date for slot in slots]
    runs = {run.logical_date: run for run in tx.runs_between(dag.pk, earliest=min(dates), latest=max(dates))}
    return [(slot, why_no_run(runs.get(slot.logical_date), reprocess_behavior)) for slot in slots]


def why_no_run(run: RunRow | None, behavior: ReprocessBehavior) -> NoRun | None:
    """Why a backfill leaves a run alone that is there already."""
    if run is None:
        return None
    if run.state in (RunState.QUEUED, RunState.RUNNING):
        return NoRun.IN_FLIGHT
    again = behavior is ReprocessBehavior.COMPLETED or (
        behavior is ReprocessBehavior.FAILED and run.state is RunState.FAILED
    )
    return None if again else NoRun.ALREADY_EXISTS


def create_backfill(
    tx: Tx,
    *,
    tenant_id: int = 1,
    dag_id: str,
    from_date: datetime,
    to_date: datetime,
    max_active_runs: int = 10,
    run_backwards: bool = False,
    reprocess_behavior: ReprocessBehavior = ReprocessBehavior.NONE,
    run_on_latest_version: bool = True,
    conf: Mapping[str, Any] | None = None,
    user: str | None = None,
    slots: Sequence[Slot] | None = None,
) -> BackfillRow:
    """`slots`: as for `planned_backfill`.

    Raises UnknownDag, NothingRegistered, ParamsInvalid, BackfillInvalid, BackfillRunning.
    """
    dag = the_dag(tx, dag_id, tenant_id)
    if tx.open_backfills(dag.pk):
        raise BackfillRunning(dag_id)
    if max_active_runs < 1:
        raise BackfillInvalid("max_active_runs has to be at least 1")
    planned = planned_backfill(
        tx,
        tenant_id=tenant_id,
        dag_id=dag_id,
        from_date=from_date,
        to_date=to_date,
        run_backwards=run_backwards,
        reprocess_behavior=reprocess_behavior,
        conf=conf,
        slots=slots,
    )
    new = NewBackfill(
        tenant_id=tenant_id,
        dag_pk=dag.pk,
        from_date=from_date,
        to_date=to_date,
        conf=conf,
        run_backwards=run_backwards,
        reprocess_behavior=reprocess_behavior,
        run_on_latest_version=run_on_latest_version,
        max_active_runs=max_active_runs,
        triggering_user=user,
    )
    row = tx.insert_backfill(new, planned)
    tx.announce(Change(kind="dag", pk=dag.pk))
    return row


def set_backfill_paused(tx: Tx, pk: int, *, tenant_id: int = 1, is_paused: bool) -> BackfillRow:
    """Paused, it makes no more runs; those that it made go on. Raises UnknownBackfill, BackfillCompleted."""
    row = _open(tx, pk, tenant_id)
    if row.is_paused != is_paused:
        tx.update_backfill(pk, {"is_paused": is_paused})
        tx.announce(Change(kind="dag", pk=row.dag_pk))
    return tx.backfill(pk) or row


def cancel_backfill(tx: Tx, pk: int, *, tenant_id: int = 1) -> BackfillRow:
    """No more runs: what waits fails, what runs comes to its end.

    Raises UnknownBackfill, BackfillCompleted.
    """
    row = _open(tx, pk, tenant_id)
    tx.drop_backfill_slots(pk, NoRun.CANCELLED)
    for run in tx.active_runs(row.dag_pk):
        if run.backfill_pk == pk and run.state is RunState.QUEUED:
            tx.update_run(run.pk, (RunState.QUEUED,), {"state": RunState.FAILED, "end_date": tx.now})
            tx.announce(Change(kind="run", pk=run.pk))
    tx.update_backfill(pk, {"is_paused": True, "completed_at": tx.now})
    tx.announce(Change(kind="dag", pk=row.dag_pk))
    return tx.backfill(pk) or row


def _open(tx: Tx, pk: int, tenant_id: int) -> BackfillRow:
    row = tx.backfill(pk)
    if row is None or row.tenant_id != tenant_id:
        raise UnknownBackfill(pk)
    if row.completed_at is not None:
        raise BackfillCompleted(pk)
    return row


def _check(
    tx: Tx,
    spec: DagSpec,
    from_date: datetime,
    to_date: datetime,
    run_backwards: bool,
    behavior: ReprocessBehavior,
) -> None:
    if any(task.depends_on_past for task in spec.tasks):
        if run_backwards:
            raise BackfillInvalid(
                "Backfill cannot be run in reverse when the Dag has tasks where depends_on_past=True."
            )
        if behavior is ReprocessBehavior.NONE:
            raise BackfillInvalid(
                "Dag has tasks for which depends_on_past=True. You must set reprocess behavior to reprocess "
                "completed or reprocess failed."
            )
    if from_date > to_date:
        raise BackfillInvalid("from_date has to come before to_date")
    if from_date >= tx.now and to_date >= tx.now:
        raise BackfillInvalid("Backfill cannot be executed for future dates.")
