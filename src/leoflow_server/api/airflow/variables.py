"""Variables. Values are encrypted at rest; those whose key looks secret are never shown again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row

from leoflow_server.access import vault
from leoflow_server.api import bulk
from leoflow_server.api.answers import answer, nothing
from leoflow_server.api.bodies import Bulk, Variable
from leoflow_server.api.call import Call, Operator
from leoflow_server.api.errors import ApiError
from leoflow_server.api.queries import admin
from leoflow_server.api.secrets import masked_text, unmasked_text

router = APIRouter(prefix="/api/v2/variables")


def _shape(row: Row[Any], call: Call) -> dict[str, Any]:
    cipher = call.services.access.cipher
    value = cipher.decrypt(row.value, tenant_id=row.tenant_id, table="variables", identity=row.key)
    return {
        "key": row.key,
        "value": masked_text(row.key, value),
        "description": row.description,
        "is_encrypted": True,
        "team_name": None,
    }


def _kind(call: Call) -> bulk.Kind:
    tenant_id, cipher, now = call.tenant_id, call.services.access.cipher, datetime.now(UTC)

    def write(conn: Connection, body: Variable, fields: set[str]) -> None:
        if "value" in fields:
            old = vault.read_variable(conn, cipher, tenant_id, body.key)
            text = unmasked_text(_text(body.value), old)
            vault.write_variable(conn, cipher, tenant_id, body.key, text, now=now)
        if "description" in fields:
            admin.describe_variable(conn, tenant_id, body.key, body.description)

    def delete(conn: Connection, key: str) -> None:
        vault.delete_variable(conn, tenant_id, key)

    return bulk.Kind(
        label="variable",
        body=Variable,
        name_field="key",
        exists=lambda conn, key: admin.find_variable(conn, tenant_id, key) is not None,
        create=lambda conn, body: write(conn, body, {"value", "description"}),
        update=write,
        delete=delete,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


@router.get("")
async def get_variables(call: Operator) -> Response:
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> dict[str, Any]:
        page = admin.list_variables(conn, tenant_id=call.tenant_id, params=params, window=window)
        return {"variables": [_shape(row, call) for row in page.rows], "total_entries": page.total}

    return answer(await call.read(query))


@router.get("/{variable_key:path}")
async def get_variable(variable_key: str, call: Operator) -> Response:
    return await _reply(call, variable_key, 200)


async def _reply(call: Call, key: str, status: int) -> Response:
    row = await call.read(lambda conn: admin.find_variable(conn, call.tenant_id, key))
    if row is None:
        raise _kind(call).missing(key)
    return answer(_shape(row, call), status)


@router.post("", status_code=201)
async def post_variable(body: Variable, call: Operator) -> Response:
    kind = _kind(call)
    await call.write(lambda conn: kind.add(conn, body))
    await call.record("post_variable", extra={"key": body.key})
    return await _reply(call, body.key, 201)


@router.patch("")
async def bulk_variables(body: Bulk, call: Operator) -> Response:
    kind = _kind(call)
    result = await call.write(lambda conn: bulk.run(conn, kind, body))
    await call.record("bulk_variables", extra={"actions": [one.action for one in body.actions]})
    return answer(result)


@router.patch("/{variable_key:path}")
async def patch_variable(variable_key: str, body: Variable, call: Operator) -> Response:
    if body.key != variable_key:
        raise ApiError(400, "Invalid body, key from request body doesn't match uri parameter")
    kind = _kind(call)
    mask = call.params.texts("update_mask")
    await call.write(lambda conn: kind.change(conn, body, mask))
    await call.record("patch_variable", extra={"key": variable_key})
    return await _reply(call, variable_key, 200)


@router.delete("/{variable_key:path}", status_code=204)
async def delete_variable(variable_key: str, call: Operator) -> Response:
    if not await call.write(lambda conn: vault.delete_variable(conn, call.tenant_id, variable_key)):
        raise _kind(call).missing(variable_key)
    await call.record("delete_variable", extra={"key": variable_key})
    return nothing()
