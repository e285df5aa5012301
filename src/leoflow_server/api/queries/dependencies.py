"""What joins DAGs: what they say of assets, and tasks that start or await another DAG."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from leoflow_server.store.tables import (
    alias_assets,
    asset_aliases,
    asset_references,
    assets,
    dag_versions,
    dags,
)

# The class of an operator -> the kind of dependency, and the argument that names the other DAG.
_JOINING = {
    "TriggerDagRunOperator": ("trigger", "trigger_dag_id"),
    "ExternalTaskSensor": ("sensor", "external_dag_id"),
}
_NAMES = tuple(name.encode() for name in _JOINING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Join:
    """A task of one DAG that starts (`trigger`) or awaits (`sensor`) another."""

    kind: str
    dag_id: str
    task_id: str
    label: str
    other: str


def joins(conn: Connection, *, tenant_id: int) -> list[Join]:
    """Of the current versions, in order. Other DAGs that only the running task knows are left out.

    A document is parsed only where it names such an operator at all.
    """
    query = (
        select(dags.c.dag_id, dag_versions.c.document)
        .join(dag_versions, dag_versions.c.pk == dags.c.version_pk)
        .where(dags.c.tenant_id == tenant_id)
        .order_by(dags.c.dag_id)
        .execution_options(yield_per=200)
    )
    found: list[Join] = []
    for dag_id, document in conn.execute(query):
        if any(name in document for name in _NAMES):
            found += _joins_of(dag_id, json.loads(document)["tasks"])
    return found


def _joins_of(dag_id: str, tasks: list[dict[str, Any]]) -> Iterator[Join]:
    for task in tasks:
        joining = _JOINING.get(task.get("operator_class", "").rpartition(".")[2])
        if joining is None:
            continue
        kind, argument = joining
        given = {**task.get("mapped", {}).get("partial", {}), **task.get("call_args", {})}
        other = given.get(argument)
        if isinstance(other, str) and "{{" not in other:
            label = task.get("task_display_name") or task["task_id"]
            yield Join(kind=kind, dag_id=dag_id, task_id=task["task_id"], label=label, other=other)


def references(conn: Connection, *, tenant_id: int) -> list[Row[Any]]:
    """`dag_id, kind, task_id, asset_pk, asset, alias_pk, alias, name, uri`; a name or URI that fits an asset
    is that asset."""
    same = or_(
        assets.c.pk == asset_references.c.asset_pk,
        (assets.c.tenant_id == tenant_id) & (assets.c.name == asset_references.c.name),
        (assets.c.tenant_id == tenant_id) & (assets.c.uri == asset_references.c.uri),
    )
    query = (
        select(
            dags.c.dag_id,
            asset_references.c.kind,
            asset_references.c.task_id,
            assets.c.pk.label("asset_pk"),
            assets.c.name.label("asset"),
            asset_references.c.alias_pk,
            asset_aliases.c.name.label("alias"),
            asset_references.c.name,
            asset_references.c.uri,
        )
        .join(dags, dags.c.pk == asset_references.c.dag_pk)
        .join(assets, same, isouter=True)
        .join(asset_aliases, asset_aliases.c.pk == asset_references.c.alias_pk, isouter=True)
        .where(dags.c.tenant_id == tenant_id)
        .order_by(dags.c.dag_id, asset_references.c.pk, func.coalesce(assets.c.pk, 0))
    )
    return list(conn.execute(query))


def updated_under(conn: Connection, *, tenant_id: int) -> list[Row[Any]]:
    """`alias_pk, asset_pk, asset`: which assets have been updated under which alias."""
    query = (
        select(alias_assets.c.alias_pk, assets.c.pk.label("asset_pk"), assets.c.name.label("asset"))
        .join(assets, assets.c.pk == alias_assets.c.asset_pk)
        .where(assets.c.tenant_id == tenant_id)
        .order_by(alias_assets.c.alias_pk, assets.c.pk)
    )
    return list(conn.execute(query))
