"""DAG versions: registering them, the list of them, what one holds, and going back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row

from leoflow_server.api.answers import answer
from leoflow_server.api.bodies import RollBack
from leoflow_server.api.call import Operator, Viewer
from leoflow_server.api.errors import ApiError, Unprocessable
from leoflow_server.api.leoflow.registrations import recorded, shown_registration, told
from leoflow_server.api.queries import dags, versions
from leoflow_server.registry import register
from leoflow_server.store import history

router = APIRouter(prefix="/api/v2/dags")
DOCUMENT_LIMIT = 32 << 20


@router.post("/{dag_id}/versions", status_code=201)
async def register_version(dag_id: str, call: Operator) -> Response:
    """Takes a `dag.json`, or `{"reference": "oci://…@sha256:…"}` for one that a registry holds.

    201: a new version; 200: these bytes were known and are current (again).
    """
    body = await _body(call)
    if isinstance(body, dict) and set(body) == {"reference"}:
        registration = await _artifact(dag_id, body["reference"], call)
    else:
        with told():
            registration = await register.register(
                call.services, body, user=call.user.username, tenant_id=call.tenant_id, expected_dag_id=dag_id
            )
    await call.record("register_dag_version", dag_id=dag_id, extra=recorded(registration))
    return answer(shown_registration(registration), 201 if registration.created else 200)


@router.post("/{dag_id}/rollback")
async def roll_back(dag_id: str, call: Operator) -> Response:
    """Makes an earlier version current again; `{}`: the one before the current one."""
    body = RollBack.model_validate_json(await call.request.body() or b"{}")
    with told():
        try:
            registration = await register.roll_back(
                call.services, dag_id, wanted=body.to, user=call.user.username, tenant_id=call.tenant_id
            )
        except register.NoSuchVersion as error:
            raise ApiError(404, str(error)) from None
    await call.record("roll_back_dag", dag_id=dag_id, extra=recorded(registration))
    return answer(shown_registration(registration))


@router.get("/{dag_id}/deployments")
async def list_deployments(dag_id: str, call: Viewer) -> Response:
    """Each time that a version became current, the latest first: when, by whom, from where."""
    window = call.params.window()

    def query(conn: Connection) -> dict[str, Any]:
        if dags.find_dag(conn, dag_id, tenant_id=call.tenant_id) is None:
            raise ApiError(404, f"The DAG with ID: `{dag_id}` was not found")
        found, total = history.list_deployments(
            conn, tenant_id=call.tenant_id, dag_id=dag_id, limit=window.limit, offset=window.offset
        )
        return {"deployments": [asdict(one) for one in found], "total_entries": total}

    return answer(await call.read(query))


@router.get("/{dag_id}/versions")
async def list_versions(dag_id: str, call: Viewer) -> Response:
    """All versions of a DAG; `order_by=-id` gives the newest first."""
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> dict[str, Any]:
        if dags.find_dag(conn, dag_id, tenant_id=call.tenant_id) is None:
            raise ApiError(404, f"The DAG with ID: `{dag_id}` was not found")
        page = versions.list_versions(
            conn, tenant_id=call.tenant_id, dag_id=dag_id, params=params, window=window
        )
        return {"versions": [_shown(row) for row in page.rows], "total_entries": page.total}

    return answer(await call.read(query))


@router.get("/{dag_id}/versions/{version}")
async def get_version(dag_id: str, version: str, call: Viewer) -> Response:
    """One version with its document; `current` stands for the one that new runs get."""
    if version != "current" and not version.isdigit():
        raise ApiError(404, f"`{version}` is no version: a number, or `current`")
    number = None if version == "current" else int(version)

    def read(conn: Connection) -> dict[str, Any] | None:
        row = versions.find_version(conn, tenant_id=call.tenant_id, dag_id=dag_id, number=number)
        if row is None:
            return None
        document = msgspec.json.decode(versions.documents(conn, [row.pk])[row.pk])
        return {**_shown(row), "document": document}

    found = await call.read(read)
    if found is None:
        raise ApiError(404, f"The DAG with ID: `{dag_id}` has no version `{version}`")
    return answer(found)


async def _body(call: Operator) -> Any:
    """Raises ApiError for more than a registry may hold of it, and for what is no JSON."""
    data = bytearray()
    async for piece in call.request.stream():
        data += piece
        if len(data) > DOCUMENT_LIMIT:
            raise ApiError(413, f"A dag.json has at most {DOCUMENT_LIMIT:,} bytes")
    try:
        return msgspec.json.decode(bytes(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, f"The body is no JSON document: {error}") from None


async def _artifact(dag_id: str, text: Any, call: Operator) -> register.Registration:
    from leoflow_server.registry.pulling import parse  # late: it loads the HTTP client

    if not isinstance(text, str):
        raise Unprocessable.one(["body", "reference"], "a reference is text: oci://HOST/NAME@sha256:…")
    with told():
        return await register.register_artifact(
            call.services,
            parse(text),
            user=call.user.username,
            tenant_id=call.tenant_id,
            expected_dag_id=dag_id,
        )


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {
        "dag_id": row.dag_id,
        "version_number": row.number,
        "dag_version": row.label,
        "content_digest": row.content_digest,
        "document_digest": row.document_digest,
        "image": row.image,
        "created_at": row.created_at,
        "created_by": row.created_by,
        "via": row.meta.get("via", "push"),
        "reference": row.meta.get("reference"),
        "is_current": bool(row.is_current),
    }
