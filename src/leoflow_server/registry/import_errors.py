"""Import errors: what could not be compiled, as the home page shows it. One per file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select

from leoflow_server.store.tables import import_errors

if TYPE_CHECKING:
    from leoflow_server.services import Services

BUNDLE = "leoflow"


async def put(
    services: Services,
    *,
    filename: str,
    text: str,
    dag_id: str | None = None,
    bundle_name: str = BUNDLE,
    tenant_id: int = 1,
) -> None:
    """The error of this file, in place of an earlier one. `dag_id`: the DAG it is about, if known."""
    now = datetime.now(UTC)

    def write(conn: Connection) -> None:
        _delete(conn, tenant_id, bundle_name, filename)
        conn.execute(
            insert(import_errors).values(
                tenant_id=tenant_id,
                bundle_name=bundle_name,
                filename=filename,
                dag_id=dag_id,
                stack_trace=text,
                created_at=now,
            )
        )

    await services.store.write_rows(write)


async def clear(services: Services, *, filename: str, bundle_name: str = BUNDLE, tenant_id: int = 1) -> bool:
    """The file is well (again). True: it had an error."""
    return await services.store.write_rows(lambda conn: _delete(conn, tenant_id, bundle_name, filename))


async def clear_all(services: Services, *, bundle_name: str = BUNDLE, tenant_id: int = 1) -> None:
    """Forgets every error of a bundle: those of files that went away while nobody watched."""
    where = (import_errors.c.tenant_id == tenant_id) & (import_errors.c.bundle_name == bundle_name)

    def write(conn: Connection) -> None:
        conn.execute(delete(import_errors).where(where))

    await services.store.write_rows(write)


def files(conn: Connection, bundle_name: str) -> list[tuple[int, str]]:
    """The tenants and files of a bundle that have an error."""
    rows = conn.execute(
        select(import_errors.c.tenant_id, import_errors.c.filename).where(
            import_errors.c.bundle_name == bundle_name
        )
    )
    return [(row.tenant_id, row.filename) for row in rows]


def _delete(conn: Connection, tenant_id: int, bundle_name: str, filename: str) -> bool:
    where = (
        (import_errors.c.tenant_id == tenant_id)
        & (import_errors.c.bundle_name == bundle_name)
        & (import_errors.c.filename == filename)
    )
    return conn.execute(delete(import_errors).where(where)).rowcount > 0
