"""What a launch is told of assets, as JSON: the events that made its run, and those of its inlets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.states import RunType
from leoflow_runtime.engine.asset_rows import AssetEventRow, AssetRow
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.engine.store import Tx

# The latest of each inlet: what comes along with a launch has to stay small.
MOST_EVENTS = 100


def assets_json(tx: Tx, run: RunRow, task: TaskSpec) -> str:
    """Empty where there is nothing to tell."""
    inlets = task.raw.get("inlets", ())
    by_assets = run.run_type is RunType.ASSET_TRIGGERED
    if not inlets and not by_assets:
        return ""
    triggering = tx.consumed_asset_events(run.pk) if by_assets else []
    told = {
        "triggering": [_event(tx, event) for event in triggering],
        "inlets": [_inlet(tx, run.tenant_id, leaf) for leaf in inlets],
    }
    return json.dumps(told)


def _inlet(tx: Tx, tenant_id: int, leaf: Mapping[str, Any]) -> dict[str, Any]:
    alias = leaf.get("alias")
    if alias is not None:
        events = tx.asset_events(tenant_id, alias=alias, limit=MOST_EVENTS)
        return {"alias": alias, "asset": None, "events": [_event(tx, event) for event in events]}
    if "ref" in leaf:
        found = tx.find_assets(tenant_id, **{leaf.get("by", "name"): leaf["ref"]})
    else:
        found = tx.find_assets(tenant_id, name=leaf.get("name"), uri=leaf.get("uri"))
    if not found:
        return {"alias": None, "asset": None, "events": []}
    events = tx.asset_events(tenant_id, asset_pk=found[0].pk, limit=MOST_EVENTS)
    return {"alias": None, "asset": _asset(found[0]), "events": [_event(tx, event) for event in events]}


def _asset(row: AssetRow) -> dict[str, Any]:
    return {"name": row.name, "uri": row.uri, "group": row.group, "extra": dict(row.extra)}


def _event(tx: Tx, event: AssetEventRow) -> dict[str, Any]:
    asset = tx.asset(event.asset_pk)
    assert asset is not None, "an event has an asset"
    return {
        "id": event.pk,
        "timestamp": event.at.isoformat(),
        "extra": dict(event.extra),
        "asset": _asset(asset),
        "aliases": list(event.aliases),
        "source_dag_id": event.source_dag_id,
        "source_run_id": event.source_run_id,
        "source_task_id": event.source_task_id,
        "source_map_index": event.source_map_index,
    }
