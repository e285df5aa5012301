"""DAG versions and their documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from leoflow_server.api.params import Params, Window
from leoflow_server.api.queries.listing import Listing, any_of, fetch
from leoflow_server.store.tables import dag_versions, dags


def _statement(tenant_id: int) -> Select[Any]:
    return (
        select(
            dag_versions.c.pk,
            dag_versions.c.uuid,
            dag_versions.c.number,
            dag_versions.c.label,
            dag_versions.c.content_digest,
            dag_versions.c.document_digest,
            dag_versions.c.image,
            dag_versions.c.created_at,
            dag_versions.c.created_by,
            dag_versions.c.meta,
            (dag_versions.c.pk == dags.c.version_pk).label("is_current"),
            dags.c.dag_id,
            dags.c.display_name,
            dags.c.bundle_name,
            dags.c.pk.label("dag_pk"),
        )
        .join(dags, dags.c.pk == dag_versions.c.dag_pk)
        .where(dags.c.tenant_id == tenant_id)
    )


def list_versions(
    conn: Connection, *, tenant_id: int, dag_id: str | None, params: Params, window: Window
) -> Listing:
    statement = _statement(tenant_id).where(
        *([dags.c.dag_id == dag_id] if dag_id is not None else []),
        *any_of(dag_versions.c.number, params.integers("version_number")),
        *any_of(dags.c.bundle_name, params.texts("bundle_name")),
        *any_of(dag_versions.c.label, params.texts("bundle_version")),
    )
    sortable = {
        "id": dag_versions.c.pk,
        "version_number": dag_versions.c.number,
        "bundle_name": dags.c.bundle_name,
        "bundle_version": dag_versions.c.label,
        "created_at": dag_versions.c.created_at,
        "dag_id": dags.c.dag_id,
    }
    return fetch(conn, statement, window, key=dag_versions.c.pk, sortable=sortable, default=("id",))


def find_version(
    conn: Connection, *, tenant_id: int, dag_id: str, number: int | None = None
) -> Row[Any] | None:
    """That version, or the current one."""
    statement = _statement(tenant_id).where(dags.c.dag_id == dag_id)
    if number is None:
        statement = statement.where(dag_versions.c.pk == dags.c.version_pk)
    else:
        statement = statement.where(dag_versions.c.number == number)
    return conn.execute(statement).one_or_none()


def documents(conn: Connection, version_pks: Sequence[int]) -> dict[int, bytes]:
    if not version_pks:
        return {}
    rows = conn.execute(
        select(dag_versions.c.pk, dag_versions.c.document).where(dag_versions.c.pk.in_(version_pks))
    )
    return {row.pk: row.document for row in rows}
