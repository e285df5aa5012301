"""The rows of a database as the in-memory store's tables hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, select

from leoflow_runtime.domain.states import Outcome, RunState, RunType, TaskState
from leoflow_runtime.engine.backfill_rows import BackfillRow, BackfillSlot
from leoflow_runtime.engine.rows import DagRow, LaunchRow, RunRow, TaskRow
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.schedule import Slot
from leoflow_server.store import tables

Tables = Mapping[str, Mapping[Any, Any]]

_ENUMS: Mapping[tuple[type[Any], str], Callable[[Any], Any]] = {
    (RunRow, "run_type"): RunType,
    (RunRow, "state"): RunState,
    (TaskRow, "state"): TaskState,
    (LaunchRow, "outcome"): Outcome,
}


def committed(tx: Tx) -> Tables:
    """What an invariant may look at."""
    connection: Connection = tx.connection  # type: ignore[attr-defined]
    runs = _rows(connection, tables.dag_runs, RunRow)
    tasks = _rows(connection, tables.task_instances, TaskRow)
    launches = _rows(connection, tables.launches, LaunchRow)
    of_run: dict[int, list[int]] = {pk: [] for pk in runs}
    for pk, row in tasks.items():
        of_run[row.run_pk].append(pk)
    pools = tables.pools.c
    return {
        "dags": _rows(connection, tables.dags, DagRow),
        "versions": {pk: tx.version(pk) for pk in connection.scalars(select(tables.dag_versions.c.pk))},
        "runs": runs,
        "run_tasks": of_run,
        "tasks": tasks,
        "launches": launches,
        "unfinished": {pk: None for pk, launch in launches.items() if launch.finished_at is None},
        "backfills": _rows(connection, tables.backfills, BackfillRow),
        "backfill_runs": {slot.pk: slot for slot in _slots(connection)},
        "pools": {
            (tenant_id, name): slots
            for tenant_id, name, slots in connection.execute(select(pools.tenant_id, pools.name, pools.slots))
        },
    }


def _rows(connection: Connection, table: Table, kind: type[Any]) -> dict[int, Any]:
    """By key, in its order."""
    names = list(kind._fields if kind is TaskRow else kind.__dataclass_fields__)
    columns = [table.c.pk if name == "launch_id" and kind is LaunchRow else table.c[name] for name in names]
    enums = {name: _ENUMS[kind, name] for name in names if (kind, name) in _ENUMS}
    found = {}
    for pk, *values in connection.execute(select(table.c.pk, *columns).order_by(table.c.pk)):
        row = dict(zip(names, values, strict=True))
        row |= {name: read(row[name]) for name, read in enums.items() if row[name] is not None}
        found[pk] = kind(**row)
    return found


def _slots(connection: Connection) -> Iterable[BackfillSlot]:
    for row in connection.execute(select(tables.backfill_runs).order_by(tables.backfill_runs.c.pk)):
        slot = Slot(
            logical_date=row.logical_date,
            interval_start=row.interval_start,
            interval_end=row.interval_end,
            run_after=row.run_after,
        )
        yield BackfillSlot(
            pk=row.pk,
            backfill_pk=row.backfill_pk,
            ordinal=row.ordinal,
            slot=slot,
            run_pk=row.run_pk,
            reason=row.reason,
        )
