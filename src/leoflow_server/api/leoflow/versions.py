"""DAG versions: registering a `dag.json`, the list of them, and what one holds."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row

from leoflow_runtime.artifact import ArtifactInvalid
from leoflow_runtime.schedule import ScheduleInvalid
from leoflow_server.api.answers import answer
from leoflow_server.api.call import Operator, Viewer
from leoflow_server.api.errors import ApiError, Unprocessable
from leoflow_server.api.queries import dags, versions
from leoflow_server.registry import register

router = APIRouter(prefix="/api/v2/dags")


@router.post("/{dag_id}/versions", status_code=201)
async def register_version(dag_id: str, call: Operator) -> Response:
    """201: a new version; 200: these bytes were known and are current (again)."""
    try:
        document = msgspec.json.decode(await call.request.body())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, f"The body is no JSON document: {error}") from None
    try:
        registration = await register.register(
            call.services, document, user=call.user.username, tenant_id=call.tenant_id, expected_dag_id=dag_id
        )
    except ArtifactInvalid as error:
        raise Unprocessable(
            [
                {"type": problem.code, "loc": ["body", problem.path], "msg": problem.message, "input": None}
                for problem in error.problems
            ]
        ) from None
    except ScheduleInvalid as error:
        raise Unprocessable.one(["body", "$.schedule"], str(error)) from None
    except register.DagIdDiffers as error:
        raise ApiError(400, str(error)) from None
    extra = {"version_number": registration.version_number, "created": registration.created}
    await call.record("register_dag_version", dag_id=dag_id, extra=extra)
    return answer(
        {
            "dag_id": registration.dag_id,
            "version_number": registration.version_number,
            "dag_version": registration.dag_version,
            "content_digest": registration.content_digest,
            "created": registration.created,
        },
        201 if registration.created else 200,
    )


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
        "is_current": bool(row.is_current),
    }
