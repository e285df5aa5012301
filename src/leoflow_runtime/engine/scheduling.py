"""Making the runs of a DAG: of its schedule, slot by slot, and of the assets that have been updated."""

from __future__ import annotations

import secrets
from dataclasses import replace

from leoflow_runtime.domain.states import RunType
from leoflow_runtime.engine.assets import is_met
from leoflow_runtime.engine.live import LiveDag
from leoflow_runtime.engine.operations.runs import fill_run
from leoflow_runtime.engine.rows import RunRow, VersionRow
from leoflow_runtime.engine.store import NewRun, RunExists, Tx
from leoflow_runtime.engine.timetables import schedule_values, timetable_of
from leoflow_runtime.schedule import DataInterval, Slot


def create_due_run(tx: Tx, dag: LiveDag) -> RunRow | None:
    """The run of the next slot if that is due, with the slot after it written down; None otherwise.

    A slot whose logical date a run has already (somebody triggered it by hand) counts as done.
    """
    assert dag.version is not None
    timetable = timetable_of(dag.version.spec)
    while True:
        row = dag.row
        if row.next_run_after is None or row.next_run_after > tx.now:
            return None
        slot = Slot(
            logical_date=row.next_logical_date or row.next_run_after,
            interval_start=row.next_interval_start or row.next_run_after,
            interval_end=row.next_interval_end or row.next_run_after,
            run_after=row.next_run_after,
        )
        if timetable.is_continuous:
            # Its interval ends when it starts, which is later than when it was written down.
            slot = timetable.next_slot(DataInterval.exact(slot.interval_start), now=tx.now) or slot
        following = timetable.next_slot(slot.data_interval, now=tx.now)
        values = schedule_values(following)
        tx.update_dag(row.pk, values)
        dag.row = replace(row, **values)
        run = _insert(tx, dag, slot)
        if run is not None:
            return run


def _insert(tx: Tx, dag: LiveDag, slot: Slot) -> RunRow | None:
    assert dag.version is not None
    new = NewRun(
        dag=dag.row,
        version_pk=dag.version.pk,
        run_id=f"{RunType.SCHEDULED}__{slot.run_after.isoformat()}",
        run_type=RunType.SCHEDULED,
        run_after=slot.run_after,
        logical_date=slot.logical_date,
        data_interval_start=slot.interval_start,
        data_interval_end=slot.interval_end,
        triggered_by="timetable",
    )
    return insert_run_of(tx, dag.version, new)


def insert_run_of(tx: Tx, version: VersionRow, new: NewRun) -> RunRow | None:
    """The run with its tasks; None, and nothing written, where its run_id or logical date is taken."""
    try:
        with tx.savepoint():
            run = tx.insert_run(new)
    except RunExists:
        return None
    fill_run(tx, run, version)
    return run


def create_asset_run(tx: Tx, dag: LiveDag) -> RunRow | None:
    """The run for which all updates wait, with the events that it consumes; None where there is none."""
    assert dag.version is not None
    condition = timetable_of(dag.version.spec).assets
    if condition is None:
        return None
    queued = tx.queued_assets(dag.row.pk)
    if not queued or not is_met(tx, dag.row.tenant_id, condition, queued):
        return None
    due = max(queued.values())
    before = tx.latest_run(dag.row.pk, RunType.ASSET_TRIGGERED)
    events = tx.scheduling_events(dag.row.pk, after=before.run_after if before else None, until=due)
    run = tx.insert_run(
        NewRun(
            dag=dag.row,
            version_pk=dag.version.pk,
            run_id=f"{RunType.ASSET_TRIGGERED}__{due.isoformat()}_{secrets.token_hex(4)}",
            run_type=RunType.ASSET_TRIGGERED,
            run_after=due,
            triggered_by="asset",
        )
    )
    tx.consume_asset_events(run.pk, [event.pk for event in events])
    tx.drop_queued_assets(dag.row.pk)
    fill_run(tx, run, dag.version)
    return run
