"""DAGs and their versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from leoflow_runtime.domain.states import RunType
from leoflow_runtime.engine.assets import references_of
from leoflow_runtime.engine.operations.finding import the_dag
from leoflow_runtime.engine.rows import DagRow, VersionRow
from leoflow_runtime.engine.store import Change, Tx
from leoflow_runtime.engine.timetables import interval_of, schedule_values, timetable_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    dag: DagRow
    version: VersionRow
    created: bool  # False: these very bytes were known; they are current (again)


def register_version(
    tx: Tx,
    document: Mapping[str, Any],
    *,
    tenant_id: int = 1,
    created_by: str,
    meta: Mapping[str, Any],
    paused: bool = False,
) -> Registered:
    """Stores a document that `check_document` accepted and makes it the DAG's current version.

    `paused`: for a new DAG that does not say itself. Raises ScheduleInvalid where its schedule or time
    zone cannot be understood.
    """
    known = tx.find_dag(document["dag_id"], tenant_id)
    dag, version, created = tx.register(document, tenant_id=tenant_id, created_by=created_by, meta=meta)
    timetable = timetable_of(version.spec)
    timetable.check()
    tx.set_asset_references(dag.pk, tenant_id, references_of(version.spec))
    latest = tx.latest_run(dag.pk, RunType.SCHEDULED)
    slot = timetable.next_slot(interval_of(latest), now=tx.now)
    values: dict[str, Any] = {**schedule_values(slot)}
    if known is None:
        wish = version.spec.is_paused_upon_creation
        values["is_paused"] = paused if wish is None else wish
    tx.update_dag(dag.pk, values)
    tx.announce(Change(kind="dag", pk=dag.pk))
    return Registered(dag=replace(dag, **values), version=version, created=created)


def set_paused(tx: Tx, *, tenant_id: int = 1, dag_id: str, is_paused: bool) -> DagRow:
    """Raises UnknownDag. A paused DAG starts no runs and no tasks; what runs comes to its end."""
    dag = the_dag(tx, dag_id, tenant_id)
    if dag.is_paused == is_paused:
        return dag
    values: dict[str, Any] = {"is_paused": is_paused}
    if not is_paused and dag.version_pk is not None:
        # Slots that passed during the pause: only catch-up makes them up.
        latest = tx.latest_run(dag.pk, RunType.SCHEDULED)
        slot = timetable_of(tx.version(dag.version_pk).spec).next_slot(interval_of(latest), now=tx.now)
        values |= schedule_values(slot)
    tx.update_dag(dag.pk, values)
    tx.announce(Change(kind="dag", pk=dag.pk))
    return replace(dag, **values)


def delete_dag(tx: Tx, *, tenant_id: int = 1, dag_id: str) -> None:
    """The DAG with its versions and its whole history. What runs is stopped. Raises UnknownDag."""
    dag = the_dag(tx, dag_id, tenant_id)
    tx.delete_dag(dag.pk)
    tx.announce(Change(kind="dag", pk=dag.pk))


def announce_config(tx: Tx) -> None:
    """Tells the planner that pools have changed."""
    tx.announce(Change(kind="config", pk=0))
