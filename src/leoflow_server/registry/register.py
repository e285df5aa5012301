"""Registering compiled DAGs: as documents (a push, Lite), as artifacts in a registry, and by going back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

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
from leoflow_server.registry.policy import Denied, Policy
from leoflow_server.store import history

if TYPE_CHECKING:
    from leoflow_runtime.oci.reference import Reference
    from leoflow_server.registry.pulling import Pulled
    from leoflow_server.services import Services


Via = Literal["push", "reference", "channel", "rollback", "workspace"]
DEEPEST = 200  # values within values; compiled documents have less than 30


class DagIdDiffers(Exception):
    """The document is of another DAG than the one it was sent for."""

    def __init__(self, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"the document is of DAG {found!r}, not of {expected!r}")


class NoSuchVersion(Exception):
    """The DAG has no version that could be gone back to; one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a version comes from: what its history says of it."""

    via: Via = "push"
    reference: str | None = None  # the artifact by digest
    is_signed: bool = False  # by a key that this server trusted

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = {"via": self.via}
        if self.reference is not None:
            found["reference"] = self.reference
        return {**found, "signed": True} if self.is_signed else found


PUSHED = Origin()


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    dag_id: str
    version_number: int
    dag_version: str  # the label
    content_digest: str
    created: bool  # False: these bytes were known; they are current (again)
    reference: str | None = None  # the artifact by digest


async def register(
    services: Services,
    document: Any,
    *,
    meta: Mapping[str, Any] | None = None,
    user: str = "admin",
    tenant_id: int = 1,
    expected_dag_id: str | None = None,
    origin: Origin = PUSHED,
) -> Registration:
    """Checks a `dag.json` and makes it the current version of its DAG.

    A document that needs what this release does not run is refused, and the DAG keeps its last version.
    `meta` (code_path, relative_fileloc, bundle_name) says where its files are on this machine: never take
    it from a request. Raises ArtifactInvalid with every problem, ScheduleInvalid, DagIdDiffers, and Denied
    where the policy does not allow its image or wants a signature.
    """
    # A large document takes a while; the server goes on meanwhile.
    await asyncio.to_thread(_check, document)
    missing = missing_capabilities(document)
    if missing:
        needs = f"this release does not run yet: {', '.join(map(str, missing))}"
        raise ArtifactInvalid([Problem(code="not-run-yet", path="$", message=needs)])
    dag_id = document["dag_id"]
    if expected_dag_id is not None and dag_id != expected_dag_id:
        raise DagIdDiffers(expected_dag_id, dag_id)
    Policy.of(services.settings).admit_document(document, is_signed=origin.is_signed)
    paused = services.settings.default_paused
    registered = await services.engine.apply(
        lambda tx: operations.register_version(
            tx,
            document,
            tenant_id=tenant_id,
            created_by=user,
            meta={**origin.facts, **(meta or {})},
            paused=paused,
        )
    )
    return _registration(document, registered, origin)


async def pull(services: Services, reference: Reference) -> tuple[Pulled, Origin]:
    """An artifact, and what its history will say. Raises Denied, RegistryError."""
    from leoflow_server.registry import pulling  # late: a server that never pulls loads no HTTP client

    settings = services.settings
    pulled = await pulling.in_thread(lambda: pulling.pull(settings, reference))
    signed = settings.require_signature
    return pulled, Origin(via="reference", reference=str(pulled.reference), is_signed=signed)


async def register_artifact(
    services: Services, reference: Reference, *, user: str, tenant_id: int = 1, expected_dag_id: str
) -> Registration:
    """Pulls an artifact and makes it the current version. Raises what `pull` and `register` raise."""
    if services.settings.require_digest and reference.digest is None:
        raise Denied(f"{reference} is not named by digest, which this server demands")
    pulled, origin = await pull(services, reference)
    return await register(
        services,
        pulled.document,
        user=user,
        tenant_id=tenant_id,
        expected_dag_id=expected_dag_id,
        origin=origin,
    )


async def roll_back(
    services: Services, dag_id: str, *, wanted: str | None, user: str, tenant_id: int = 1
) -> Registration:
    """Makes an earlier version current again, with all that it carries; runs keep theirs.

    `wanted`: a version's number, or `@` and the digest of its document, image or artifact; None: the one
    before the current one. Raises NoSuchVersion, Denied.
    """
    rows = await services.store.read_rows(
        lambda conn: history.versions(conn, tenant_id=tenant_id, dag_id=dag_id)
    )
    chosen = _chosen(rows, dag_id, wanted)
    stored = await services.store.read_rows(lambda conn: history.document(conn, chosen.pk))
    document: dict[str, Any] = json.loads(stored)
    origin = Origin(
        via="rollback",
        reference=chosen.meta.get("reference"),
        is_signed=bool(chosen.meta.get("signed")),
    )
    return await register(services, document, user=user, tenant_id=tenant_id, origin=origin)


def _chosen(rows: list[history.Version], dag_id: str, wanted: str | None) -> history.Version:
    """`rows`: the newest first."""
    current = next((row.number for row in rows if row.is_current), None)
    for row in rows:
        if wanted is None:
            if current is not None and row.number < current:
                return row
        elif wanted == str(row.number) or (wanted.startswith("@") and wanted[1:] in row.digests):
            return row
    what = "version before the current one" if wanted is None else f"version {wanted}"
    raise NoSuchVersion(f"The DAG with ID: `{dag_id}` has no {what}")


def _check(document: Any) -> None:
    """Raises ArtifactInvalid."""
    pending = [(document, 1)]
    while pending:
        value, depth = pending.pop()
        if depth > DEEPEST:
            message = f"values are nested deeper than {DEEPEST} levels"
            raise ArtifactInvalid([Problem(code="too-deep", path="$", message=message)])
        if isinstance(value, dict):
            pending += [(one, depth + 1) for one in value.values()]
        elif isinstance(value, list):
            pending += [(one, depth + 1) for one in value]
    check_document(document)


def _registration(
    document: Mapping[str, Any], registered: operations.Registered, origin: Origin
) -> Registration:
    digest = content_digest(document)
    return Registration(
        dag_id=document["dag_id"],
        version_number=registered.version.number,
        dag_version=document.get("dag_version") or version_label(digest),
        content_digest=digest,
        created=registered.created,
        reference=origin.reference,
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
