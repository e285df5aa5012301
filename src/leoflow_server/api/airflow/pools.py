"""Pools, with the slots that are in use now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row

from leoflow_runtime.engine import operations
from leoflow_server.api import bulk
from leoflow_server.api.answers import answer, nothing
from leoflow_server.api.bodies import Bulk, Pool, PoolPatch
from leoflow_server.api.call import Call, Operator, Viewer
from leoflow_server.api.errors import ApiError, conflict
from leoflow_server.api.queries import admin

router = APIRouter(prefix="/api/v2/pools")
_DEFAULT = "default_pool"
_FIELDS = {"slots", "description", "include_deferred"}


def _shape(row: Row[Any], usage: Mapping[str, int]) -> dict[str, Any]:
    running = usage.get("running", 0) + usage.get("restarting", 0)
    queued, deferred = usage.get("queued", 0), usage.get("deferred", 0)
    occupied = running + queued + (deferred if row.include_deferred else 0)
    return {
        "name": row.name,
        "slots": row.slots,
        "description": row.description,
        "include_deferred": row.include_deferred,
        "occupied_slots": occupied,
        "running_slots": running,
        "queued_slots": queued,
        "scheduled_slots": usage.get("scheduled", 0),
        "open_slots": -1 if row.slots < 0 else row.slots - occupied,
        "deferred_slots": deferred,
        "team_name": None,
    }


def _kind(call: Call) -> bulk.Kind:
    tenant_id = call.tenant_id

    def create(conn: Connection, body: Pool) -> None:
        admin.insert_pool(conn, tenant_id, body.model_dump(exclude={"team_name"}))

    def update(conn: Connection, body: Pool, fields: set[str]) -> None:
        row = admin.find_pool(conn, tenant_id, body.name)
        assert row is not None
        values = body.model_dump(include=fields & _FIELDS)
        if values:
            admin.update_pool(conn, row.pk, values)

    def delete(conn: Connection, name: str) -> None:
        if name == _DEFAULT:
            raise ApiError(400, "Default Pool can't be deleted")
        row = admin.find_pool(conn, tenant_id, name)
        assert row is not None
        admin.delete_pool(conn, row.pk)

    return bulk.Kind(
        label="pool",
        body=Pool,
        name_field="name",
        exists=lambda conn, name: admin.find_pool(conn, tenant_id, name) is not None,
        create=create,
        update=update,
        delete=delete,
    )


async def _done(call: Call, event: str, extra: Mapping[str, Any]) -> None:
    # Slots are what the planner reads: it hears of every change.
    await call.apply(operations.announce_config)
    await call.record(event, extra=extra)


@router.get("")
async def get_pools(call: Viewer) -> Response:
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> dict[str, Any]:
        page = admin.list_pools(conn, tenant_id=call.tenant_id, params=params, window=window)
        usage = admin.pool_usage(conn, call.tenant_id)
        items = [_shape(row, usage.get(row.name, {})) for row in page.rows]
        return {"pools": items, "total_entries": page.total}

    return answer(await call.read(query))


@router.get("/{pool_name:path}")
async def get_pool(pool_name: str, call: Viewer) -> Response:
    return await _reply(call, pool_name, 200)


async def _reply(call: Call, name: str, status: int) -> Response:
    def query(conn: Connection) -> dict[str, Any]:
        row = admin.find_pool(conn, call.tenant_id, name)
        if row is None:
            raise _kind(call).missing(name)
        return _shape(row, admin.pool_usage(conn, call.tenant_id).get(name, {}))

    return answer(await call.read(query), status)


@router.post("", status_code=201)
async def post_pool(body: Pool, call: Operator) -> Response:
    kind = _kind(call)
    await call.write(lambda conn: kind.add(conn, body))
    await _done(call, "post_pool", {"name": body.name, "slots": body.slots})
    return await _reply(call, body.name, 201)


@router.patch("")
async def bulk_pools(body: Bulk, call: Operator) -> Response:
    kind = _kind(call)
    result = await call.write(lambda conn: bulk.run(conn, kind, body))
    await _done(call, "bulk_pools", {"actions": [one.action for one in body.actions]})
    return answer(result)


@router.patch("/{pool_name:path}")
async def patch_pool(pool_name: str, body: PoolPatch, call: Operator) -> Response:
    mask = set(call.params.texts("update_mask") or body.model_fields_set)
    fields = body.model_fields_set & mask
    if pool_name == _DEFAULT and not fields <= {"slots", "include_deferred"}:
        if any(
            getattr(body, name) not in (None, _DEFAULT) for name in fields - {"slots", "include_deferred"}
        ):
            raise ApiError(400, "Only slots and included_deferred can be modified on Default Pool")
        fields &= {"slots", "include_deferred"}

    def change(conn: Connection) -> str:
        row = admin.find_pool(conn, call.tenant_id, pool_name)
        if row is None:
            raise _kind(call).missing(pool_name)
        values = {k: v for k, v in body.model_dump(include=fields & _FIELDS).items() if v is not None}
        if "description" in fields:
            values["description"] = body.description
        if "pool" in fields and body.pool is not None and body.pool != pool_name:
            if admin.find_pool(conn, call.tenant_id, body.pool) is not None:
                raise conflict(f"The Pool with name: `{body.pool}` already exists")
            values["name"] = body.pool
        if values:
            admin.update_pool(conn, row.pk, values)
        return str(values.get("name", pool_name))

    name = await call.write(change)
    await _done(call, "patch_pool", {"name": pool_name, **body.model_dump(include=fields)})
    return await _reply(call, name, 200)


@router.delete("/{pool_name:path}", status_code=204)
async def delete_pool(pool_name: str, call: Operator) -> Response:
    kind = _kind(call)

    def change(conn: Connection) -> None:
        if not kind.exists(conn, pool_name):
            raise _kind(call).missing(pool_name)
        kind.delete(conn, pool_name)

    await call.write(change)
    await _done(call, "delete_pool", {"name": pool_name})
    return nothing()
