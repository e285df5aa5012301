"""XCom entries: list, read, add, edit, delete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row

from leoflow_server.api.airflow.instances import the_task
from leoflow_server.api.answers import answer, encode, nothing
from leoflow_server.api.bodies import XComCreate, XComUpdate
from leoflow_server.api.call import Call, Editor, Viewer
from leoflow_server.api.errors import ApiError, NotFound
from leoflow_server.api.queries import xcoms
from leoflow_server.api.shapes import tasks as task_shapes
from leoflow_server.store.xcom_values import XComGone

router = APIRouter(prefix="/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries")
GREATEST_VALUE = 256 * 1024


def _shape(row: Row[Any], call: Call, conn: Connection) -> dict[str, Any]:
    one = call.specs.tasks(conn, [row.version_pk])[row.version_pk].get(row.task_id)
    return {
        "key": row.key,
        "timestamp": row.created_at,
        "logical_date": row.logical_date,
        "map_index": row.map_index,
        "task_id": row.task_id,
        "dag_id": row.dag_id,
        "run_id": row.run_id,
        "dag_display_name": row.display_name,
        "task_display_name": task_shapes.name_of(one, row.task_id),
        "run_after": row.run_after,
    }


def _the_xcom(
    conn: Connection, call: Call, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
) -> Row[Any]:
    row = xcoms.find_xcom(
        conn,
        tenant_id=call.tenant_id,
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=map_index,
        key=key,
    )
    if row is None:
        raise NotFound(f"XCom entry with key: `{key}` not found")
    return row


@router.get("")
async def get_xcom_entries(dag_id: str, dag_run_id: str, task_id: str, call: Viewer) -> Response:
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> dict[str, Any]:
        page = xcoms.list_xcoms(
            conn,
            tenant_id=call.tenant_id,
            dag_id=None if dag_id == "~" else dag_id,
            run_id=None if dag_run_id == "~" else dag_run_id,
            task_id=None if task_id == "~" else task_id,
            params=params,
            window=window,
        )
        items = [_shape(row, call, conn) for row in page.rows]
        return {"xcom_entries": items, "total_entries": page.total}

    return answer(await call.read(query))


@router.get("/{xcom_key:path}")
async def get_xcom_entry(dag_id: str, dag_run_id: str, task_id: str, xcom_key: str, call: Viewer) -> Response:
    map_index = call.params.integer("map_index", -1)
    as_text = bool(call.params.flag("stringify", False))
    assert map_index is not None

    def query(conn: Connection) -> dict[str, Any]:
        row = _the_xcom(conn, call, dag_id, dag_run_id, task_id, map_index, xcom_key)
        try:
            [content] = call.services.xcoms.fetch([row.value])
        except XComGone as error:
            raise NotFound(str(error)) from error
        assert content is not None
        value = content.decode() if as_text else msgspec.Raw(content)
        return {**_shape(row, call, conn), "value": value}

    return answer(await call.read(query))


def _encoded(value: Any) -> bytes:
    data = encode(value)
    if len(data) > GREATEST_VALUE:
        raise ApiError(400, f"The value has {len(data)} bytes; an XCom holds at most {GREATEST_VALUE}")
    return data


@router.post("", status_code=201)
async def create_xcom_entry(
    dag_id: str, dag_run_id: str, task_id: str, body: XComCreate, call: Editor
) -> Response:
    data, now = _encoded(body.value), datetime.now(UTC)

    def change(conn: Connection) -> None:
        task = the_task(conn, call, dag_id, dag_run_id, task_id, body.map_index)
        where: dict[str, Any] = {"dag_id": dag_id, "run_id": dag_run_id, "task_id": task_id}
        where |= {"map_index": body.map_index, "key": body.key}
        if xcoms.find_xcom(conn, tenant_id=call.tenant_id, **where) is not None:
            raise ApiError(
                409, f"The XCom with key: `{body.key}` with mentioned task instance already exists."
            )
        xcoms.insert_xcom(conn, task.pk, body.key, data, now)

    await call.write(change)
    await _record(call, "create_xcom_entry", dag_id, dag_run_id, task_id, body.map_index, body.key)
    return await _reply(call, dag_id, dag_run_id, task_id, body.map_index, body.key, 201)


@router.patch("/{xcom_key:path}")
async def update_xcom_entry(
    dag_id: str, dag_run_id: str, task_id: str, xcom_key: str, body: XComUpdate, call: Editor
) -> Response:
    data, now = _encoded(body.value), datetime.now(UTC)

    def change(conn: Connection) -> None:
        row = _the_xcom(conn, call, dag_id, dag_run_id, task_id, body.map_index, xcom_key)
        xcoms.update_xcom(conn, row.pk, data, now)

    await call.write(change)
    await _record(call, "update_xcom_entry", dag_id, dag_run_id, task_id, body.map_index, xcom_key)
    return await _reply(call, dag_id, dag_run_id, task_id, body.map_index, xcom_key, 200)


@router.delete("/{xcom_key:path}", status_code=204)
async def delete_xcom_entry(
    dag_id: str, dag_run_id: str, task_id: str, xcom_key: str, call: Editor
) -> Response:
    map_index = call.params.integer("map_index", -1)
    assert map_index is not None

    def change(conn: Connection) -> None:
        row = _the_xcom(conn, call, dag_id, dag_run_id, task_id, map_index, xcom_key)
        xcoms.delete_xcom(conn, row.pk)

    await call.write(change)
    await _record(call, "delete_xcom_entry", dag_id, dag_run_id, task_id, map_index, xcom_key)
    return nothing()


async def _record(
    call: Call, event: str, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
) -> None:
    await call.record(
        event, dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index, extra={"key": key}
    )


async def _reply(
    call: Call, dag_id: str, run_id: str, task_id: str, map_index: int, key: str, status: int
) -> Response:
    def query(conn: Connection) -> dict[str, Any]:
        row = _the_xcom(conn, call, dag_id, run_id, task_id, map_index, key)
        return {**_shape(row, call, conn), "value": msgspec.Raw(row.value)}

    return answer(await call.read(query), status)
