"""Registering compiled DAGs: by push over HTTP, and in-process by Lite."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leoflow_runtime.artifact import (
    ArtifactInvalid,
    Problem,
    check_document,
    content_digest,
    missing_capabilities,
    version_label,
)
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.errors import UnknownDag
from leoflow_runtime.engine.store import Change, Tx
from leoflow_runtime.engine.timetables import schedule_values

if TYPE_CHECKING:
    from leoflow_server.services import Services


class DagIdDiffers(Exception):
    """The document is of another DAG than the one it was sent for."""

    def __init__(self, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"the document is of DAG {found!r}, not of {expected!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    dag_id: str
    version_number: int
    dag_version: str  # the label
    content_digest: str
    created: bool  # False: these bytes were known; they are current (again)


async def register(
    services: Services,
    document: Any,
    *,
    meta: Mapping[str, Any] | None = None,
    user: str = "admin",
    tenant_id: int = 1,
    expected_dag_id: str | None = None,
) -> Registration:
    """Checks a `dag.json` and makes it the current version of its DAG.

    A document that needs what this release does not run is refused, and the DAG keeps its last version.
    `meta` (code_path, relative_fileloc, bundle_name) says where its files are on this machine: never take
    it from a request. Raises ArtifactInvalid with every problem, ScheduleInvalid, DagIdDiffers.
    """
    # A large document takes a while; the server goes on meanwhile.
    await asyncio.to_thread(check_document, document)
    missing = missing_capabilities(document)
    if missing:
        needs = f"this release does not run yet: {', '.join(map(str, missing))}"
        raise ArtifactInvalid([Problem(code="not-run-yet", path="$", message=needs)])
    dag_id = document["dag_id"]
    if expected_dag_id is not None and dag_id != expected_dag_id:
        raise DagIdDiffers(expected_dag_id, dag_id)
    paused = services.settings.default_paused
    registered = await services.engine.apply(
        lambda tx: operations.register_version(
            tx, document, tenant_id=tenant_id, created_by=user, meta=dict(meta or {}), paused=paused
        )
    )
    digest = content_digest(document)
    return Registration(
        dag_id=dag_id,
        version_number=registered.version.number,
        dag_version=document.get("dag_version") or version_label(digest),
        content_digest=digest,
        created=registered.created,
    )


async def deregister(services: Services, dag_id: str, *, tenant_id: int = 1) -> bool:
    """The DAG is not there any more: nothing new starts, its history stays. False: it was unknown."""

    def stop(tx: Tx) -> None:
        dag = tx.find_dag(dag_id, tenant_id)
        if dag is None:
            raise UnknownDag(dag_id)
        tx.update_dag(dag.pk, {"is_stale": True, **schedule_values(None)})
        tx.announce(Change(kind="dag", pk=dag.pk))

    try:
        await services.engine.apply(stop)
    except UnknownDag:
        return False
    return True
