"""What a DAG has had: its versions, and each time that one of them became current."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from leoflow_server.store.tables import dag_versions, dags, deployments


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version as far as going back to it needs."""

    pk: int
    number: int
    content_digest: str
    document_digest: str
    image: str | None
    meta: dict[str, Any]
    is_current: bool

    @property
    def digests(self) -> frozenset[str]:
        """By which it is known: of its content, its document, its image, its artifact."""
        artifact = str(self.meta.get("reference") or "").partition("@")[2]
        image = (self.image or "").partition("@")[2]
        return frozenset({self.content_digest, self.document_digest, image, artifact} - {""})


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    at: datetime
    by: str
    via: str
    reference: str | None
    version_number: int
    dag_version: str
    image: str | None


def versions(conn: Connection, *, tenant_id: int, dag_id: str) -> list[Version]:
    """The newest first."""
    statement = (
        select(
            dag_versions.c.pk,
            dag_versions.c.number,
            dag_versions.c.content_digest,
            dag_versions.c.document_digest,
            dag_versions.c.image,
            dag_versions.c.meta,
            (dag_versions.c.pk == dags.c.version_pk).label("is_current"),
        )
        .join(dags, dags.c.pk == dag_versions.c.dag_pk)
        .where(dags.c.tenant_id == tenant_id, dags.c.dag_id == dag_id)
        .order_by(dag_versions.c.number.desc())
    )
    return [
        Version(**{**row._mapping, "is_current": bool(row.is_current)}) for row in conn.execute(statement)
    ]


def document(conn: Connection, version_pk: int) -> bytes:
    found: bytes = conn.execute(
        select(dag_versions.c.document).where(dag_versions.c.pk == version_pk)
    ).scalar_one()
    return found


def list_deployments(
    conn: Connection, *, tenant_id: int, dag_id: str, limit: int, offset: int
) -> tuple[list[Deployment], int]:
    """The latest first, and how many there are in all."""
    mine = (dags.c.tenant_id == tenant_id) & (dags.c.dag_id == dag_id)
    joined = deployments.join(dags, dags.c.pk == deployments.c.dag_pk)
    total: int = conn.execute(select(func.count()).select_from(joined).where(mine)).scalar_one()
    statement = (
        select(
            deployments.c.at,
            deployments.c.by,
            deployments.c.via,
            deployments.c.reference,
            dag_versions.c.number.label("version_number"),
            dag_versions.c.label.label("dag_version"),
            dag_versions.c.image,
        )
        .select_from(joined.join(dag_versions, dag_versions.c.pk == deployments.c.version_pk))
        .where(mine)
        .order_by(deployments.c.pk.desc())
        .limit(limit)
        .offset(offset)
    )
    return [Deployment(**row._mapping) for row in conn.execute(statement)], total
