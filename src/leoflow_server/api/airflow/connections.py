"""Connections. Passwords are write-only; what an edit leaves out or leaves masked stays as it is."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row

from leoflow_server.access import vault
from leoflow_server.access.vault import StoredConnection
from leoflow_server.api import bulk
from leoflow_server.api.answers import answer, nothing
from leoflow_server.api.bodies import Bulk, ConnectionBody
from leoflow_server.api.call import Call, Operator
from leoflow_server.api.errors import ApiError
from leoflow_server.api.queries import admin
from leoflow_server.api.secrets import MASK, masked_text, unmasked_text

router = APIRouter(prefix="/api/v2/connections")


def _shape(row: Row[Any], call: Call) -> dict[str, Any]:
    stored = vault.open_connection(row, call.services.access.cipher)
    return {
        "connection_id": stored.conn_id,
        "conn_type": stored.conn_type,
        "description": stored.description,
        "host": stored.host,
        "login": stored.login,
        "schema": stored.schema,
        "port": stored.port,
        "password": MASK if stored.password else None,
        "extra": None if stored.extra is None else masked_text("extra", stored.extra),
        "team_name": None,
    }


def _kind(call: Call) -> bulk.Kind:
    tenant_id, cipher, now = call.tenant_id, call.services.access.cipher, datetime.now(UTC)

    def create(conn: Connection, body: ConnectionBody) -> None:
        vault.write_connection(conn, cipher, tenant_id, _stored(body), now=now)

    def update(conn: Connection, body: ConnectionBody, fields: set[str]) -> None:
        old = vault.read_connection(conn, cipher, tenant_id, body.connection_id)
        assert old is not None
        new = _stored(body)
        changed: dict[str, Any] = {}
        for field in dataclasses.fields(StoredConnection):
            if field.name == "conn_id" or field.name not in fields:
                continue
            value = getattr(new, field.name)
            if field.name in ("password", "extra") and value is not None:
                value = unmasked_text(value, getattr(old, field.name))
            changed[field.name] = value
        vault.write_connection(conn, cipher, tenant_id, dataclasses.replace(old, **changed), now=now)

    def delete(conn: Connection, conn_id: str) -> None:
        vault.delete_connection(conn, tenant_id, conn_id)

    return bulk.Kind(
        label="connection",
        body=ConnectionBody,
        name_field="connection_id",
        exists=lambda conn, conn_id: admin.find_connection(conn, tenant_id, conn_id) is not None,
        create=create,
        update=update,
        delete=delete,
    )


def _stored(body: ConnectionBody) -> StoredConnection:
    return StoredConnection(
        conn_id=body.connection_id,
        conn_type=body.conn_type,
        description=body.description,
        host=body.host,
        login=body.login,
        schema=body.schema_,
        port=body.port,
        password=body.password,
        extra=body.extra or None,
    )


@router.get("")
async def get_connections(call: Operator) -> Response:
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> dict[str, Any]:
        page = admin.list_connections(conn, tenant_id=call.tenant_id, params=params, window=window)
        return {"connections": [_shape(row, call) for row in page.rows], "total_entries": page.total}

    return answer(await call.read(query))


@router.post("/test")
async def test_connection(body: ConnectionBody, call: Operator) -> Response:
    raise ApiError(
        403,
        "Testing connections is disabled: the control plane runs no hooks. Use the connection in a task.",
    )


@router.post("/defaults", status_code=204)
async def create_default_connections(call: Operator) -> Response:
    return nothing()  # there are none


@router.get("/{connection_id}")
async def get_connection(connection_id: str, call: Operator) -> Response:
    return await _reply(call, connection_id, 200)


async def _reply(call: Call, conn_id: str, status: int) -> Response:
    row = await call.read(lambda conn: admin.find_connection(conn, call.tenant_id, conn_id))
    if row is None:
        raise _kind(call).missing(conn_id)
    return answer(_shape(row, call), status)


@router.post("", status_code=201)
async def post_connection(body: ConnectionBody, call: Operator) -> Response:
    kind = _kind(call)
    await call.write(lambda conn: kind.add(conn, body))
    await call.record("post_connection", extra={"connection_id": body.connection_id})
    return await _reply(call, body.connection_id, 201)


@router.patch("")
async def bulk_connections(body: Bulk, call: Operator) -> Response:
    kind = _kind(call)
    result = await call.write(lambda conn: bulk.run(conn, kind, body))
    await call.record("bulk_connections", extra={"actions": [one.action for one in body.actions]})
    return answer(result)


@router.patch("/{connection_id}")
async def patch_connection(connection_id: str, body: ConnectionBody, call: Operator) -> Response:
    if body.connection_id != connection_id:
        raise ApiError(400, "The connection_id in the request body does not match the URL parameter")
    kind = _kind(call)
    mask = call.params.texts("update_mask")
    await call.write(lambda conn: kind.change(conn, body, mask))
    await call.record("patch_connection", extra={"connection_id": connection_id})
    return await _reply(call, connection_id, 200)


@router.delete("/{connection_id}", status_code=204)
async def delete_connection(connection_id: str, call: Operator) -> Response:
    if not await call.write(lambda conn: vault.delete_connection(conn, call.tenant_id, connection_id)):
        raise _kind(call).missing(connection_id)
    await call.record("delete_connection", extra={"connection_id": connection_id})
    return nothing()
