"""Assets and their events as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

Json = dict[str, Any]


def alias(row: Row[Any]) -> Json:
    """`AssetAliasResponse`."""
    return {"id": row.pk, "name": row.name, "group": row.group}


def asset(row: Row[Any], references: Sequence[Row[Any]], aliases: Sequence[Row[Any]]) -> Json:
    """`AssetResponse`."""

    def of(kind: str) -> list[Json]:
        return [
            {
                "dag_id": one.dag_id,
                **({} if kind == "schedule" else {"task_id": one.task_id}),
                "created_at": one.created_at,
                "updated_at": one.created_at,
            }
            for one in references
            if one.kind == kind
        ]

    return {
        "id": row.pk,
        "name": row.name,
        "uri": row.uri,
        "group": row.group,
        "extra": row.extra,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "scheduled_dags": of("schedule"),
        "producing_tasks": of("outlet"),
        "consuming_tasks": of("inlet"),
        "aliases": [alias(one) for one in aliases],
        "watchers": [],
        "last_asset_event": {"id": row.event_pk, "timestamp": row.event_at},
    }


def event(row: Row[Any], runs: Sequence[Row[Any]]) -> Json:
    """`AssetEventResponse`."""
    return {
        "id": row.pk,
        "asset_id": row.asset_pk,
        "uri": row.uri,
        "name": row.name,
        "group": row.group,
        "extra": row.extra,
        "source_task_id": row.source_task_id,
        "source_dag_id": row.source_dag_id,
        "source_run_id": row.source_run_id,
        "source_map_index": row.source_map_index,
        "created_dagruns": [_created_run(run) for run in runs],
        "timestamp": row.at,
        "partition_key": row.partition_key,
    }


def _created_run(run: Row[Any]) -> Json:
    return {
        "run_id": run.run_id,
        "dag_id": run.dag_id,
        "logical_date": run.logical_date,
        "start_date": run.start_date or run.queued_at,
        "end_date": run.end_date,
        "state": run.state,
        "data_interval_start": run.data_interval_start,
        "data_interval_end": run.data_interval_end,
        "partition_key": run.partition_key,
    }


def queued(row: Row[Any]) -> Json:
    """`QueuedEventResponse`."""
    return {
        "dag_id": row.dag_id,
        "asset_id": row.asset_pk,
        "created_at": row.created_at,
        "dag_display_name": row.display_name,
    }


def expression(condition: Mapping[str, Any] | None) -> Json | None:
    """A condition of `dag.json` as Airflow's `asset_expression`."""
    if condition is None:
        return None
    for kind in ("all", "any"):
        if kind in condition:
            return {kind: [expression(part) for part in condition[kind]]}
    if "alias" in condition:
        return {"alias": {"name": condition["alias"], "group": condition.get("group", "asset")}}
    if "ref" in condition:
        return {"asset_ref": {condition.get("by", "name"): condition["ref"]}}
    names = {name: condition[name] for name in ("name", "uri")}
    return {"asset": {**names, "group": condition.get("group", "asset")}}
