"""What must hold in the end, when nothing has gone wrong for long and nothing is held back."""

from __future__ import annotations

from datetime import datetime

from leoflow_runtime.engine.explain import Reason, explain

from .plan import SLOT, SLOTS, START
from .records import Record


def is_quiet(record: Record) -> bool:
    """No launch is open, and no slot is still to come."""
    tables = record.tables
    slots = any(dag.next_run_after is not None for dag in tables["dags"].values())
    due = any(row.due_at is not None for row in tables["tasks"].values())
    return not slots and not due and not tables["unfinished"]


def check_runs(record: Record) -> bool:
    """All have ended, but for those that wait for a past that ended badly, and for runs behind them.

    Returns whether there are any such.
    """
    tables = record.tables
    left = [run for run in tables["runs"].values() if not run.state.is_terminal]
    reasons: list[Reason] = []
    for run in left:
        for pk in tables["run_tasks"][run.pk]:
            row = tables["tasks"][pk]
            if row.state is None or not row.state.is_terminal:
                found = record.read_now(
                    lambda tx, row=row: explain(tx, row.run_pk, row.task_id, row.map_index)
                )
                assert found, f"{row} waits for nothing: {_described(record, run.pk)}"
                reasons += found
                assert row.due_at is None, f"{row} is due: {_described(record, run.pk)}"
    waits = any(reason.name == "Previous Dagrun State" for reason in reasons)
    assert waits or not left, f"runs that did not end: {[_described(record, run.pk) for run in left]}"
    return waits


def check_backfills(record: Record, *, waits: bool) -> None:
    """Each has come to its end and has said of each of its slots what became of it, unless its runs wait."""
    tables = record.tables
    for backfill in tables["backfills"].values():
        slots = [slot for slot in tables["backfill_runs"].values() if slot.backfill_pk == backfill.pk]
        undecided = [slot for slot in slots if slot.run_pk is None and slot.reason is None]
        if backfill.completed_at is None:
            assert waits, f"{backfill} has not ended, and {undecided} are to come"
        else:
            assert not undecided, f"{backfill} has ended without {undecided}"


def check_slots(record: Record, dag_id: str, deleted: set[datetime]) -> None:
    """Each slot of the catching-up schedule has its one run, from the schedule or from a backfill."""
    tables = record.tables
    runs = [run for run in tables["runs"].values() if tables["dags"][run.dag_pk].dag_id == dag_id]
    dates = [run.logical_date for run in runs if run.logical_date is not None]
    assert len(dates) == len(set(dates)), "a slot has two runs"
    wanted = {START + number * SLOT for number in range(SLOTS)}
    gone = wanted & deleted
    if any(not run.state.is_terminal for run in runs):
        gone = wanted  # those behind them wait for max_active_runs
    assert wanted - gone <= set(dates) <= wanted, f"slots without a run: {wanted - gone - set(dates)}"


def _described(record: Record, run_pk: int) -> str:
    tables = record.tables
    rows = [tables["tasks"][pk] for pk in tables["run_tasks"][run_pk]]
    tasks = {(row.task_id, row.map_index): (str(row.state), row.launch_id, row.due_at) for row in rows}
    return f"{tables['runs'][run_pk].run_id} {tables['runs'][run_pk].state} {tasks}"
