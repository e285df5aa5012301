"""Assets, aliases, their events, and what waits for a DAG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, func, select

from leoflow_server.api.params import Params, Window
from leoflow_server.api.queries.listing import Listing, any_of, fetch, matches, starts_with, within
from leoflow_server.store.tables import (
    alias_assets,
    asset_aliases,
    asset_events,
    asset_references,
    assets,
    consumed_asset_events,
    dag_runs,
    dags,
    queued_asset_events,
)

_ASSETS: dict[str, ColumnElement[Any]] = {
    "id": assets.c.pk,
    **{name: assets.c[name] for name in ("name", "uri", "created_at", "updated_at")},
}
_ALIASES: dict[str, ColumnElement[Any]] = {"id": asset_aliases.c.pk, "name": asset_aliases.c.name}
_EVENTS: dict[str, ColumnElement[Any]] = {
    "id": asset_events.c.pk,
    "timestamp": asset_events.c.at,
    **{
        name: asset_events.c[name]
        for name in ("source_task_id", "source_dag_id", "source_run_id", "source_map_index")
    },
}


def _assets(tenant_id: int) -> Select[Any]:
    last = (
        select(asset_events.c.asset_pk, func.max(asset_events.c.pk).label("pk"))
        .group_by(asset_events.c.asset_pk)
        .subquery()
    )
    return (
        select(assets, asset_events.c.pk.label("event_pk"), asset_events.c.at.label("event_at"))
        .join(last, last.c.asset_pk == assets.c.pk, isouter=True)
        .join(asset_events, asset_events.c.pk == last.c.pk, isouter=True)
        .where(assets.c.tenant_id == tenant_id)
    )


def list_assets(conn: Connection, *, tenant_id: int, params: Params, window: Window) -> Listing:
    statement = _assets(tenant_id)
    for name in ("name", "uri"):
        statement = statement.where(
            *matches(assets.c[name], params.text(f"{name}_pattern")),
            *starts_with(assets.c[name], params.text(f"{name}_prefix_pattern")),
        )
    referred = select(asset_references.c.asset_pk).where(asset_references.c.asset_pk.is_not(None))
    dag_ids = params.texts("dag_ids")
    if dag_ids:
        of = referred.join(dags, dags.c.pk == asset_references.c.dag_pk).where(dags.c.dag_id.in_(dag_ids))
        statement = statement.where(assets.c.pk.in_(of))
    if params.flag("only_active", True):
        # Declared by what is current, or told under an alias.
        told = select(alias_assets.c.asset_pk)
        statement = statement.where(assets.c.pk.in_(referred) | assets.c.pk.in_(told))
    return fetch(conn, statement, window, key=assets.c.pk, sortable=_ASSETS, default=("id",))


def find_asset(conn: Connection, *, tenant_id: int, pk: int) -> Row[Any] | None:
    return conn.execute(_assets(tenant_id).where(assets.c.pk == pk)).one_or_none()


def references(conn: Connection, pks: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """Asset -> who names it: `kind, task_id, dag_id, created_at`."""
    query = (
        select(asset_references, dags.c.dag_id)
        .join(dags, dags.c.pk == asset_references.c.dag_pk)
        .where(asset_references.c.asset_pk.in_(pks))
        .order_by(dags.c.dag_id, asset_references.c.task_id)
    )
    return _grouped(conn.execute(query), "asset_pk")


def aliases_of(conn: Connection, pks: Sequence[int]) -> dict[int, list[Row[Any]]]:
    query = (
        select(asset_aliases, alias_assets.c.asset_pk)
        .join(alias_assets, alias_assets.c.alias_pk == asset_aliases.c.pk)
        .where(alias_assets.c.asset_pk.in_(pks))
        .order_by(asset_aliases.c.pk)
    )
    return _grouped(conn.execute(query), "asset_pk")


def _grouped(rows: Iterable[Row[Any]], key: str) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row._mapping[key]].append(row)
    return found


def list_aliases(conn: Connection, *, tenant_id: int, params: Params, window: Window) -> Listing:
    statement: Select[Any] = select(asset_aliases).where(
        asset_aliases.c.tenant_id == tenant_id,
        *matches(asset_aliases.c.name, params.text("name_pattern")),
        *starts_with(asset_aliases.c.name, params.text("name_prefix_pattern")),
    )
    return fetch(conn, statement, window, key=asset_aliases.c.pk, sortable=_ALIASES, default=("id",))


def find_alias(conn: Connection, *, tenant_id: int, pk: int) -> Row[Any] | None:
    query = select(asset_aliases).where(asset_aliases.c.tenant_id == tenant_id, asset_aliases.c.pk == pk)
    return conn.execute(query).one_or_none()


def _events(tenant_id: int) -> Select[Any]:
    return (
        select(asset_events, assets.c.name, assets.c.uri, assets.c.group)
        .join(assets, assets.c.pk == asset_events.c.asset_pk)
        .where(asset_events.c.tenant_id == tenant_id)
    )


def list_events(conn: Connection, *, tenant_id: int, params: Params, window: Window) -> Listing:
    event = asset_events.c
    statement = _events(tenant_id).where(
        *within(event.at, params.range("timestamp")),
        *matches(assets.c.name, params.text("name_pattern")),
        *starts_with(assets.c.name, params.text("name_prefix_pattern")),
        *any_of(event.asset_pk, params.integers("asset_id")),
        *any_of(event.source_map_index, params.integers("source_map_index")),
    )
    for name in ("source_dag_id", "source_task_id", "source_run_id"):
        statement = statement.where(*any_of(event[name], params.texts(name)))
    return fetch(conn, statement, window, key=event.pk, sortable=_EVENTS, default=("timestamp",))


def find_event(conn: Connection, *, tenant_id: int, pk: int) -> Row[Any]:
    return conn.execute(_events(tenant_id).where(asset_events.c.pk == pk)).one()


def events_of_run(conn: Connection, *, tenant_id: int, run_pk: int) -> Sequence[Row[Any]]:
    """Those that made the run."""
    consumed = select(consumed_asset_events.c.event_pk).where(consumed_asset_events.c.run_pk == run_pk)
    statement = _events(tenant_id).where(asset_events.c.pk.in_(consumed))
    return conn.execute(statement.order_by(asset_events.c.at, asset_events.c.pk)).all()


def runs_of_events(conn: Connection, pks: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """Event -> the runs that it made."""
    query = (
        select(dag_runs, dags.c.dag_id, consumed_asset_events.c.event_pk)
        .join(consumed_asset_events, consumed_asset_events.c.run_pk == dag_runs.c.pk)
        .join(dags, dags.c.pk == dag_runs.c.dag_pk)
        .where(consumed_asset_events.c.event_pk.in_(pks))
        .order_by(dag_runs.c.pk)
    )
    return _grouped(conn.execute(query), "event_pk")


def producers(conn: Connection, pk: int) -> list[str]:
    """DAGs with a task that has the asset as an outlet."""
    query = (
        select(dags.c.dag_id)
        .join(asset_references, asset_references.c.dag_pk == dags.c.pk)
        .where(asset_references.c.asset_pk == pk, asset_references.c.kind == "outlet")
        .distinct()
        .order_by(dags.c.dag_id)
    )
    return list(conn.execute(query).scalars())


def queued(
    conn: Connection,
    *,
    tenant_id: int,
    dag_id: str | None = None,
    asset_pk: int | None = None,
    before: datetime | None = None,
) -> Sequence[Row[Any]]:
    """What waits: `dag_id, display_name, asset_pk, created_at`."""
    waits = queued_asset_events.c
    query: Select[Any] = (
        select(queued_asset_events, dags.c.dag_id, dags.c.display_name)
        .join(dags, dags.c.pk == waits.dag_pk)
        .where(dags.c.tenant_id == tenant_id)
        .order_by(dags.c.dag_id, waits.asset_pk)
    )
    if dag_id is not None:
        query = query.where(dags.c.dag_id == dag_id)
    if asset_pk is not None:
        query = query.where(waits.asset_pk == asset_pk)
    if before is not None:
        query = query.where(waits.created_at < before)
    return conn.execute(query).all()


def drop_queued(conn: Connection, rows: Sequence[Row[Any]]) -> None:
    waits = queued_asset_events.c
    for row in rows:
        which = and_(waits.dag_pk == row.dag_pk, waits.asset_pk == row.asset_pk)
        conn.execute(delete(queued_asset_events).where(which))


def next_run(conn: Connection, dag_pk: int) -> Sequence[Row[Any]]:
    """The assets of a DAG's schedule: `pk, name, uri, last_update`, the last only where an update waits."""
    waits, reference = queued_asset_events.c, asset_references.c
    query: Select[Any] = (
        select(assets.c.pk, assets.c.name, assets.c.uri, waits.created_at.label("last_update"))
        .join(asset_references, reference.asset_pk == assets.c.pk)
        .join(queued_asset_events, and_(waits.asset_pk == assets.c.pk, waits.dag_pk == dag_pk), isouter=True)
        .where(reference.dag_pk == dag_pk, reference.kind == "schedule")
        .order_by(assets.c.uri)
    )
    return conn.execute(query).all()
