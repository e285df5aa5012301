"""What updates of assets lead to: events, DAGs for which they wait, and the runs that they make.

As in Airflow 3.2 (`airflow.assets.manager`, `_create_dag_runs_asset_triggered`): an update waits, once for
each asset, for every DAG scheduled by it that is not paused; when all that a DAG's condition asks for
waits, a run is made that consumes every event since the run before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from leoflow_runtime.artifact import DagSpec, TaskSpec
from leoflow_runtime.engine.asset_rows import Asset, AssetEventRow, AssetReference, AssetRow, NewAssetEvent
from leoflow_runtime.engine.rows import LaunchReport, TaskRow
from leoflow_runtime.engine.store import Change, Tx
from leoflow_runtime.engine.timetables import timetable_of

Json = Mapping[str, Any]


def references_of(spec: DagSpec) -> list[AssetReference]:
    """Every mention of an asset in a DAG's schedule, inlets and outlets."""
    found = []
    condition = timetable_of(spec).assets
    if condition is not None:
        found += [_reference(leaf, "schedule", None) for leaf in _leaves(condition)]
    for task in spec.tasks:
        for leaf in task.raw.get("inlets", ()):
            found += [_reference(one, "inlet", task.task_id) for one in _leaves(leaf)]
        for leaf in task.raw.get("outlets", ()):
            found += [_reference(one, "outlet", task.task_id) for one in _leaves(leaf)]
    return list({_which(reference): reference for reference in found}.values())


def _which(reference: AssetReference) -> tuple[str | None, ...]:
    asset = reference.asset
    place = (reference.kind, reference.task_id, reference.alias, reference.name, reference.uri)
    return place if asset is None else (*place, asset.name, asset.uri)


def _leaves(condition: Json) -> Iterator[Json]:
    parts = condition.get("all", condition.get("any"))
    if parts is None:
        yield condition
    else:
        for part in parts:
            yield from _leaves(part)


def asset_of(leaf: Json) -> Asset:
    """An asset as `dag.json` declares it."""
    return Asset(
        name=leaf["name"], uri=leaf["uri"], group=leaf.get("group", "asset"), extra=leaf.get("extra", {})
    )


def _reference(
    leaf: Json, kind: Literal["schedule", "inlet", "outlet"], task_id: str | None
) -> AssetReference:
    if "alias" in leaf:
        group = leaf.get("group", "asset")
        return AssetReference(kind=kind, task_id=task_id, alias=leaf["alias"], alias_group=group)
    if "ref" in leaf:
        by = leaf.get("by", "name")
        return AssetReference(kind=kind, task_id=task_id, **{by: leaf["ref"]})
    return AssetReference(kind=kind, task_id=task_id, asset=asset_of(leaf))


def is_met(tx: Tx, tenant_id: int, condition: Json, queued: Collection[int]) -> bool:
    """Whether the assets of which an update waits fulfil a condition."""
    if "all" in condition:
        return all(is_met(tx, tenant_id, part, queued) for part in condition["all"])
    if "any" in condition:
        return any(is_met(tx, tenant_id, part, queued) for part in condition["any"])
    return any(row.pk in queued for row in _meant(tx, tenant_id, condition))


def _meant(tx: Tx, tenant_id: int, leaf: Json) -> list[AssetRow]:
    if "alias" in leaf:
        return tx.assets_of_alias(tenant_id, leaf["alias"])
    if "ref" in leaf:
        return tx.find_assets(tenant_id, **{leaf.get("by", "name"): leaf["ref"]})
    return tx.find_assets(tenant_id, name=leaf["name"], uri=leaf["uri"])


def register_event(tx: Tx, asset: AssetRow, event: NewAssetEvent) -> AssetEventRow:
    """An update of an asset: its event, and a notice to each DAG that is scheduled by it."""
    row = tx.insert_asset_event(event)
    for dag_pk in tx.dags_scheduled_by(asset, event.aliases):
        tx.queue_asset_event(dag_pk, asset.pk)
        tx.announce(Change(kind="dag", pk=dag_pk))
    return row


def declared_updates(task: TaskSpec) -> tuple[Json, ...]:
    """The updates that a success leaves which nothing more is said of: of every outlet but aliases."""
    leaves = [leaf for outlet in task.raw.get("outlets", ()) for leaf in _leaves(outlet)]
    named = ({leaf.get("by", "name"): leaf["ref"]} if "ref" in leaf else leaf for leaf in leaves)
    return tuple(
        {key: leaf[key] for key in ("name", "uri") if key in leaf} for leaf in named if "alias" not in leaf
    )


def record_updates(tx: Tx, task: TaskRow, report: LaunchReport) -> None:
    """What a task that has succeeded says of its outlets, in the transaction of its success."""
    if not report.asset_events:
        return
    run = tx.run(task.run_pk)
    assert run is not None, "a task has a run"
    dag = tx.dag(run.dag_pk)
    assert dag is not None, "a run has a DAG"
    for update in report.asset_events:
        asset = _updated(tx, run.tenant_id, update)
        if asset is None:
            continue
        alias = update.get("alias")
        event = NewAssetEvent(
            tenant_id=run.tenant_id,
            asset_pk=asset.pk,
            extra=update.get("extra") or {},
            source_dag_id=dag.dag_id,
            source_run_id=run.run_id,
            source_task_id=task.task_id,
            source_map_index=task.map_index,
            aliases=(alias,) if alias else (),
        )
        register_event(tx, asset, event)


def _updated(tx: Tx, tenant_id: int, update: Json) -> AssetRow | None:
    """The asset that is meant; one that is told under an alias may be new."""
    name, uri = update.get("name"), update.get("uri")
    found = tx.find_assets(tenant_id, name=name, uri=uri)
    if found:
        return found[0]
    if update.get("alias") and name and uri:
        return tx.put_asset(tenant_id, Asset(name=name, uri=uri, extra=update.get("asset_extra") or {}))
    return None
