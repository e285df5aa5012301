"""Channels: which tag a DAG follows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response

from leoflow_server.api.answers import answer, nothing
from leoflow_server.api.bodies import Follow
from leoflow_server.api.call import Call, Operator, Viewer
from leoflow_server.api.errors import ApiError
from leoflow_server.api.leoflow.registrations import recorded, shown_registration, told
from leoflow_server.registry.register import Registration
from leoflow_server.store import channels
from leoflow_server.store.channels import Channel

router = APIRouter(prefix="/api/v2")


@router.get("/channels")
async def list_channels(call: Viewer) -> Response:
    """All of them, by DAG."""
    found = await call.read(lambda conn: channels.every(conn, tenant_id=call.tenant_id))
    return answer({"channels": [_shown(one) for one in found], "total_entries": len(found)})


@router.get("/dags/{dag_id}/channel")
async def get_channel(dag_id: str, call: Viewer) -> Response:
    return answer(_shown(await _channel(dag_id, call)))


@router.put("/dags/{dag_id}/channel")
async def follow(dag_id: str, call: Operator) -> Response:
    """Deploys what the tag names now, and follows it. Nothing changes where that fails."""
    from leoflow_server.registry.channels import follow as begin  # late: it loads the HTTP client

    body = Follow.model_validate_json(await call.request.body())
    with told():
        registration = await begin(
            call.services, dag_id, body.reference, user=call.user.username, tenant_id=call.tenant_id
        )
    return await _answered(dag_id, call, "follow_channel", registration)


@router.post("/dags/{dag_id}/channel/check")
async def check(dag_id: str, call: Operator) -> Response:
    """Looks at the tag now instead of at the next turn; `error` says why it is not deployed."""
    from leoflow_server.registry.channels import look

    await look(call.services, await _channel(dag_id, call))
    return answer(_shown(await _channel(dag_id, call)))


@router.delete("/dags/{dag_id}/channel")
async def unfollow(dag_id: str, call: Operator) -> Response:
    """The DAG keeps the version that it has."""
    from leoflow_server.registry.channels import unfollow as end

    removed = await end(call.services, dag_id, tenant_id=call.tenant_id)
    if removed is None:
        raise _follows_nothing(dag_id)
    await call.record("unfollow_channel", dag_id=dag_id, extra={"reference": removed.reference})
    return nothing()


async def _answered(dag_id: str, call: Call, event: str, registration: Registration) -> Response:
    await call.record(event, dag_id=dag_id, extra=recorded(registration))
    shown = shown_registration(registration)
    return answer({"channel": _shown(await _channel(dag_id, call)), "registration": shown})


async def _channel(dag_id: str, call: Call) -> Channel:
    found = await call.read(lambda conn: channels.find(conn, tenant_id=call.tenant_id, dag_id=dag_id))
    if found is None:
        raise _follows_nothing(dag_id)
    return found


def _follows_nothing(dag_id: str) -> ApiError:
    return ApiError(404, f"The DAG with ID: `{dag_id}` follows no channel")


def _shown(channel: Channel) -> dict[str, Any]:
    hidden = ("pk", "tenant_id")
    return {name: value for name, value in asdict(channel).items() if name not in hidden}
