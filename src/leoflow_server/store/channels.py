"""The tags that DAGs follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from leoflow_server.store.tables import channels, dag_versions, dags


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    pk: int
    tenant_id: int
    dag_id: str
    reference: str  # registry/repository:tag
    digest: str  # of the artifact that was last deployed from it
    moved_at: datetime
    error: str | None
    created_at: datetime
    created_by: str
    version_number: int | None  # the DAG's current version; None: deregistered


def _statement() -> Any:
    return (
        select(
            channels.c.pk,
            dags.c.tenant_id,
            dags.c.dag_id,
            channels.c.reference,
            channels.c.digest,
            channels.c.moved_at,
            channels.c.error,
            channels.c.created_at,
            channels.c.created_by,
            dag_versions.c.number.label("version_number"),
        )
        .join(dags, dags.c.pk == channels.c.dag_pk)
        .outerjoin(dag_versions, dag_versions.c.pk == dags.c.version_pk)
        .order_by(dags.c.dag_id)
    )


def every(conn: Connection, *, tenant_id: int | None = None) -> list[Channel]:
    """By DAG; None: of all tenants."""
    statement = _statement()
    if tenant_id is not None:
        statement = statement.where(dags.c.tenant_id == tenant_id)
    return [Channel(**row._mapping) for row in conn.execute(statement)]


def find(conn: Connection, *, tenant_id: int, dag_id: str) -> Channel | None:
    statement = _statement().where(dags.c.tenant_id == tenant_id, dags.c.dag_id == dag_id)
    row = conn.execute(statement).one_or_none()
    return None if row is None else Channel(**row._mapping)


def put(
    conn: Connection,
    *,
    tenant_id: int,
    dag_id: str,
    reference: str,
    digest: str,
    user: str,
    now: datetime,
) -> None:
    """In place of what the DAG followed before. The DAG has to be there."""
    dag_pk = conn.execute(
        select(dags.c.pk).where(dags.c.tenant_id == tenant_id, dags.c.dag_id == dag_id)
    ).scalar_one()
    conn.execute(delete(channels).where(channels.c.dag_pk == dag_pk))
    conn.execute(
        insert(channels).values(
            dag_pk=dag_pk,
            reference=reference,
            digest=digest,
            moved_at=now,
            created_at=now,
            created_by=user,
        )
    )


def moved(conn: Connection, pk: int, *, digest: str, now: datetime) -> None:
    """What it names now is deployed."""
    conn.execute(update(channels).where(channels.c.pk == pk).values(digest=digest, moved_at=now, error=None))


def failed(conn: Connection, pk: int, *, error: str | None) -> bool:
    """Why what it names now is not deployed; None: it is well again. False: the channel is gone."""
    return conn.execute(update(channels).where(channels.c.pk == pk).values(error=error)).rowcount > 0


def remove(conn: Connection, *, tenant_id: int, dag_id: str) -> Channel | None:
    """What the DAG followed; None: nothing."""
    found = find(conn, tenant_id=tenant_id, dag_id=dag_id)
    if found is not None:
        conn.execute(delete(channels).where(channels.c.pk == found.pk))
    return found
