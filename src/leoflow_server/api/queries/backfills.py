"""Backfills, and how far each has come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from leoflow_server.api.params import Params, Window
from leoflow_server.api.queries.listing import Listing, fetch
from leoflow_server.store.tables import backfill_runs, backfills, dag_runs, dags

SORTABLE: dict[str, ColumnElement[Any]] = {
    name: backfills.c[column]
    for name, column in (
        ("id", "pk"),
        ("from_date", "from_date"),
        ("to_date", "to_date"),
        ("created_at", "created_at"),
        ("completed_at", "completed_at"),
    )
}


def _statement(tenant_id: int) -> Select[Any]:
    return (
        select(backfills, dags.c.dag_id, dags.c.display_name)
        .join(dags, dags.c.pk == backfills.c.dag_pk)
        .where(backfills.c.tenant_id == tenant_id)
    )


def list_backfills(
    conn: Connection, *, tenant_id: int, dag_id: str | None, params: Params, window: Window
) -> Listing:
    statement = _statement(tenant_id)
    if dag_id is not None:
        statement = statement.where(dags.c.dag_id == dag_id)
    active = params.flag("active")
    if active is not None:
        completed = backfills.c.completed_at
        statement = statement.where(completed.is_(None) if active else completed.is_not(None))
    return fetch(conn, statement, window, key=backfills.c.pk, sortable=SORTABLE, default=("id",))


def find_backfill(conn: Connection, *, tenant_id: int, pk: int) -> Row[Any] | None:
    return conn.execute(_statement(tenant_id).where(backfills.c.pk == pk)).one_or_none()


def runs_of(conn: Connection, pk: int) -> Sequence[Row[Any]]:
    """Every run that is planned, in order: `ordinal, logical_date, reason, run_id, state`."""
    query: Select[Any] = (
        select(
            backfill_runs.c.ordinal,
            backfill_runs.c.logical_date,
            backfill_runs.c.reason,
            dag_runs.c.run_id,
            dag_runs.c.state,
        )
        .join(dag_runs, dag_runs.c.pk == backfill_runs.c.run_pk, isouter=True)
        .where(backfill_runs.c.backfill_pk == pk)
        .order_by(backfill_runs.c.ordinal)
    )
    return conn.execute(query).all()
