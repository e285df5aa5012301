"""XComs: values are JSON bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, delete, insert, select, update

from leoflow_server.api.params import Params, Window
from leoflow_server.api.queries.listing import Listing, fetch, matches, starts_with, within
from leoflow_server.store.tables import dag_runs, dags, task_instances, xcoms


def _statement(tenant_id: int) -> Select[Any]:
    return (
        select(
            xcoms.c.pk,
            xcoms.c.key,
            xcoms.c.created_at,
            task_instances.c.task_id,
            task_instances.c.map_index,
            dag_runs.c.run_id,
            dag_runs.c.logical_date,
            dag_runs.c.run_after,
            dag_runs.c.version_pk,
            dags.c.dag_id,
            dags.c.display_name,
        )
        .join(task_instances, task_instances.c.pk == xcoms.c.task_pk)
        .join(dag_runs, dag_runs.c.pk == task_instances.c.run_pk)
        .join(dags, dags.c.pk == dag_runs.c.dag_pk)
        .where(dag_runs.c.tenant_id == tenant_id)
    )


def list_xcoms(
    conn: Connection,
    *,
    tenant_id: int,
    dag_id: str | None,
    run_id: str | None,
    task_id: str | None,
    params: Params,
    window: Window,
) -> Listing:
    conditions: list[ColumnElement[bool]] = []
    for column, wanted in (
        (dags.c.dag_id, dag_id),
        (dag_runs.c.run_id, run_id),
        (task_instances.c.task_id, task_id),
        (xcoms.c.key, params.text("xcom_key")),
        (task_instances.c.map_index, params.integer("map_index")),
        (task_instances.c.map_index, params.integer("map_index_filter")),
    ):
        if wanted is not None:
            conditions.append(column == wanted)
    for name, column in (
        ("xcom_key", xcoms.c.key),
        ("dag_display_name", dags.c.display_name),
        ("run_id", dag_runs.c.run_id),
        ("task_id", task_instances.c.task_id),
    ):
        conditions += matches(column, params.text(f"{name}_pattern"))
        conditions += starts_with(column, params.text(f"{name}_prefix_pattern"))
    conditions += within(dag_runs.c.logical_date, params.range("logical_date"))
    conditions += within(dag_runs.c.run_after, params.range("run_after"))
    sortable = {
        "key": xcoms.c.key,
        "dag_id": dags.c.dag_id,
        "run_id": dag_runs.c.run_id,
        "task_id": task_instances.c.task_id,
        "map_index": task_instances.c.map_index,
        "timestamp": xcoms.c.created_at,
        "run_after": dag_runs.c.run_after,
        "logical_date": dag_runs.c.logical_date,
    }
    statement = _statement(tenant_id).where(*conditions)
    default = ("dag_id", "task_id", "run_id", "map_index", "key")
    return fetch(conn, statement, window, key=xcoms.c.pk, sortable=sortable, default=default)


def find_xcom(
    conn: Connection, *, tenant_id: int, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
) -> Row[Any] | None:
    return conn.execute(
        _statement(tenant_id)
        .add_columns(xcoms.c.value)
        .where(
            dags.c.dag_id == dag_id,
            dag_runs.c.run_id == run_id,
            task_instances.c.task_id == task_id,
            task_instances.c.map_index == map_index,
            xcoms.c.key == key,
        )
    ).one_or_none()


def insert_xcom(conn: Connection, task_pk: int, key: str, value: bytes, now: datetime) -> None:
    conn.execute(insert(xcoms).values(task_pk=task_pk, key=key, value=value, created_at=now))


def update_xcom(conn: Connection, pk: int, value: bytes, now: datetime) -> None:
    conn.execute(update(xcoms).where(xcoms.c.pk == pk).values(value=value, created_at=now))


def delete_xcom(conn: Connection, pk: int) -> None:
    conn.execute(delete(xcoms).where(xcoms.c.pk == pk))


def results(conn: Connection, run_pk: int, task_ids: Sequence[str]) -> dict[str, Any]:
    """The return values of these tasks; a mapped task's as a list."""
    rows = conn.execute(
        select(task_instances.c.task_id, task_instances.c.map_index, xcoms.c.value)
        .join(xcoms, xcoms.c.task_pk == task_instances.c.pk)
        .where(
            task_instances.c.run_pk == run_pk,
            task_instances.c.task_id.in_(task_ids),
            xcoms.c.key == "return_value",
        )
        .order_by(task_instances.c.task_id, task_instances.c.map_index)
    )
    found: dict[str, Any] = {}
    for row in rows:
        value = msgspec.Raw(row.value)
        if row.map_index < 0:
            found[row.task_id] = value
        else:
            found.setdefault(row.task_id, []).append(value)
    return found
