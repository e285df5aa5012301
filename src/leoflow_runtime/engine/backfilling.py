"""Making the runs of a backfill, as many at once as it allows, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leoflow_runtime.domain.states import RunState, RunType
from leoflow_runtime.engine.backfill_rows import BackfillRow, BackfillSlot, NoRun
from leoflow_runtime.engine.live import LiveDag
from leoflow_runtime.engine.operations.backfills import why_no_run
from leoflow_runtime.engine.operations.clearing import clear_run
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.engine.scheduling import insert_run_of
from leoflow_runtime.engine.store import NewRun, Tx

if TYPE_CHECKING:
    from leoflow_runtime.engine.planner import Planner
    from leoflow_runtime.engine.settle import Settler


def advance_backfill(planner: Planner, settler: Settler, dag: LiveDag) -> None:
    """Starts runs of the DAG's open backfill, and completes it when the last has ended."""
    backfill = dag.backfill
    if backfill is None:
        return
    tx = settler.work.tx
    while not backfill.is_paused and len(dag.backfilling) < backfill.max_active_runs:
        if not settler.has_room():
            planner.postponed[dag.row.pk] = None
            return
        run = _waiting(dag, backfill) or _next_run(tx, dag, backfill)
        if run is None:
            break
        settler.work.inserted += len(tx.version(run.version_pk).spec.tasks)
        dag.queued[run.pk] = run
        planner.start_run(settler, dag, run)
    waits = _waiting(dag, backfill) is not None or tx.next_backfill_slot(backfill.pk) is not None
    if not waits and not dag.backfilling:
        tx.update_backfill(backfill.pk, {"completed_at": tx.now})
        dag.backfill = None


def _waiting(dag: LiveDag, backfill: BackfillRow) -> RunRow | None:
    """A run that it made before and that somebody has cleared since."""
    return next((run for run in dag.queued.values() if run.backfill_pk == backfill.pk), None)


def _next_run(tx: Tx, dag: LiveDag, backfill: BackfillRow) -> RunRow | None:
    while (entry := tx.next_backfill_slot(backfill.pk)) is not None:
        date = entry.slot.logical_date
        existing = next(iter(tx.runs_between(dag.row.pk, earliest=date, latest=date)), None)
        reason = why_no_run(existing, backfill.reprocess_behavior)
        run = None
        if reason is None:
            run = _make(tx, dag, backfill, entry) if existing is None else _again(tx, dag, backfill, existing)
            reason = NoRun.IN_FLIGHT if run is None else None
        tx.settle_backfill_slot(entry.pk, run_pk=run.pk if run else None, reason=reason)
        if run is not None:
            return run
    return None


def _make(tx: Tx, dag: LiveDag, backfill: BackfillRow, entry: BackfillSlot) -> RunRow | None:
    assert dag.version is not None
    slot = entry.slot
    new = NewRun(
        dag=dag.row,
        version_pk=dag.version.pk,
        run_id=f"{RunType.BACKFILL}__{slot.run_after.isoformat()}",
        run_type=RunType.BACKFILL,
        run_after=slot.run_after,
        logical_date=slot.logical_date,
        data_interval_start=slot.interval_start,
        data_interval_end=slot.interval_end,
        conf=backfill.conf or {},
        triggered_by="backfill",
        triggering_user=backfill.triggering_user,
        backfill_pk=backfill.pk,
    )
    return insert_run_of(tx, dag.version, new)


def _again(tx: Tx, dag: LiveDag, backfill: BackfillRow, run: RunRow) -> RunRow | None:
    """A run that has ended, from its beginning, as one of the backfill's."""
    clear_run(
        tx,
        tenant_id=dag.row.tenant_id,
        dag_id=dag.row.dag_id,
        run_id=run.run_id,
        run_on_latest_version=backfill.run_on_latest_version,
    )
    values = {"run_type": RunType.BACKFILL, "triggered_by": "backfill", "backfill_pk": backfill.pk}
    if backfill.conf is not None:
        values["conf"] = backfill.conf
    tx.update_run(run.pk, (RunState.QUEUED,), values)
    cleared = tx.run(run.pk)
    return cleared if cleared is not None and cleared.state is RunState.QUEUED else None
