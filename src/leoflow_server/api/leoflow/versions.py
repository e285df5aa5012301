"""Registering DAG versions: `POST /api/v2/dags/{dag_id}/versions` with a `dag.json`."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Response

from leoflow_runtime.artifact import ArtifactInvalid
from leoflow_runtime.schedule import ScheduleInvalid
from leoflow_server.api.answers import answer
from leoflow_server.api.call import Operator
from leoflow_server.api.errors import ApiError, Unprocessable
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
