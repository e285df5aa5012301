"""DAG runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, String, exists, func, or_, select, type_coerce

from leoflow_server.api.params import Params, Window
from leoflow_server.api.queries.listing import (
    Listing,
    any_of,
    fetch,
    matches,
    seconds_between,
    starts_with,
    within,
)
from leoflow_server.store.tables import (
    asset_events,
    assets,
    consumed_asset_events,
    dag_runs,
    dag_versions,
    dags,
    missed_deadlines,
)

_duration = seconds_between(dag_runs.c.start_date, dag_runs.c.end_date)
SORTABLE: dict[str, ColumnElement[Any]] = {
    "id": dag_runs.c.pk,
    "state": dag_runs.c.state,
    "dag_id": dags.c.dag_id,
    "run_id": dag_runs.c.run_id,
    "dag_run_id": dag_runs.c.run_id,
    "logical_date": dag_runs.c.logical_date,
    "run_after": dag_runs.c.run_after,
    "start_date": dag_runs.c.start_date,
    "end_date": dag_runs.c.end_date,
    "queued_at": dag_runs.c.queued_at,
    "run_type": dag_runs.c.run_type,
    "triggering_user_name": dag_runs.c.triggering_user,
    "duration": _duration,
    "conf": type_coerce(dag_runs.c.conf, String),
    "updated_at": dag_runs.c.pk,
}


def _statement(tenant_id: int) -> Select[Any]:
    return (
        select(
            dag_runs,
            dags.c.dag_id,
            dags.c.display_name,
            dags.c.bundle_name,
            dag_versions.c.uuid.label("version_uuid"),
            dag_versions.c.number.label("version_number"),
            dag_versions.c.label.label("version_label"),
            dag_versions.c.created_at.label("version_created_at"),
            exists(select(missed_deadlines.c.run_pk).where(missed_deadlines.c.run_pk == dag_runs.c.pk)).label(
                "has_missed_deadline"
            ),
        )
        .join(dags, dags.c.pk == dag_runs.c.dag_pk)
        .join(dag_versions, dag_versions.c.pk == dag_runs.c.version_pk)
        .where(dag_runs.c.tenant_id == tenant_id)
    )


def conditions(params: Params) -> list[ColumnElement[bool]]:
    """What lists of runs may be filtered by."""
    found: list[ColumnElement[bool]] = []
    for name, column in (
        ("run_after", dag_runs.c.run_after),
        ("logical_date", dag_runs.c.logical_date),
        ("start_date", dag_runs.c.start_date),
        ("end_date", dag_runs.c.end_date),
        ("updated_at", func.coalesce(dag_runs.c.end_date, dag_runs.c.start_date, dag_runs.c.queued_at)),
    ):
        found += within(column, params.range(name))
    found += within(_duration, params.number_range("duration"))
    found += any_of(dag_runs.c.state, params.texts("state"))
    found += any_of(dag_runs.c.run_type, params.texts("run_type"))
    found += any_of(dag_versions.c.number, params.integers("dag_version"))
    found += any_of(dag_versions.c.label, params.texts("bundle_version"))
    found += matches(dag_runs.c.run_id, params.text("run_id_pattern"))
    found += starts_with(dag_runs.c.run_id, params.text("run_id_prefix_pattern"))
    found += any_of(dags.c.dag_id, params.texts("dag_id_in"))
    found += matches(dags.c.dag_id, params.text("dag_id_pattern"))
    found += starts_with(dags.c.dag_id, params.text("dag_id_prefix_pattern"))
    user = dag_runs.c.triggering_user
    found += matches(user, params.text("triggering_user_name_pattern") or params.text("triggering_user"))
    found += starts_with(
        user, params.text("triggering_user_name_prefix_pattern") or params.text("triggering_user_prefix")
    )
    found += matches(dag_runs.c.partition_key, params.text("partition_key_pattern"))
    found += starts_with(dag_runs.c.partition_key, params.text("partition_key_prefix_pattern"))
    found += matches(type_coerce(dag_runs.c.conf, String), params.text("conf_contains"))
    pattern = params.text("consuming_asset_pattern")
    if pattern:
        consumed = (
            select(consumed_asset_events.c.run_pk)
            .join(asset_events, asset_events.c.pk == consumed_asset_events.c.event_pk)
            .join(assets, assets.c.pk == asset_events.c.asset_pk)
        )
        named = or_(*matches(assets.c.name, pattern), *matches(assets.c.uri, pattern))
        found.append(dag_runs.c.pk.in_(consumed.where(named)))
    return found


def list_runs(
    conn: Connection,
    *,
    tenant_id: int,
    dag_id: str | None,
    params: Params,
    window: Window,
    default: tuple[str, ...] = ("id",),
) -> Listing:
    statement = _statement(tenant_id).where(
        *([dags.c.dag_id == dag_id] if dag_id is not None else []), *conditions(params)
    )
    return fetch(conn, statement, window, key=dag_runs.c.pk, sortable=SORTABLE, default=default)


def find_run(conn: Connection, *, tenant_id: int, dag_id: str, run_id: str) -> Row[Any] | None:
    return conn.execute(
        _statement(tenant_id).where(dags.c.dag_id == dag_id, dag_runs.c.run_id == run_id)
    ).one_or_none()


def find_runs(conn: Connection, *, tenant_id: int, dag_id: str, run_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Those of `run_ids` that there are, in any order."""
    return conn.execute(
        _statement(tenant_id).where(dags.c.dag_id == dag_id, dag_runs.c.run_id.in_(run_ids))
    ).all()


def latest_run(conn: Connection, *, tenant_id: int, dag_id: str) -> Row[Any] | None:
    return conn.execute(
        _statement(tenant_id)
        .where(dags.c.dag_id == dag_id)
        .order_by(dag_runs.c.run_after.desc(), dag_runs.c.pk.desc())
        .limit(1)
    ).one_or_none()
