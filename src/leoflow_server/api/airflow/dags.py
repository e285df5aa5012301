"""DAGs: lists, one, pause, favourite, delete, their tasks, versions and source."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.engine import operations
from leoflow_server.api.answers import answer, nothing
from leoflow_server.api.bodies import DagPatch
from leoflow_server.api.call import Call, Editor, Viewer
from leoflow_server.api.errors import ApiError, NotFound
from leoflow_server.api.queries import dags, versions
from leoflow_server.api.queries.dags import DagFilter
from leoflow_server.api.shapes import dags as shapes
from leoflow_server.api.shapes import tasks as task_shapes

router = APIRouter(prefix="/api/v2")


def unknown(dag_id: str) -> NotFound:
    return NotFound(f"The Dag with ID: `{dag_id}` was not found")


def current(call: Call, conn: Connection, dag_id: str) -> tuple[Row[Any], DagSpec | None]:
    """A DAG and its current version. Raises NotFound."""
    row = dags.find_dag(conn, dag_id, tenant_id=call.tenant_id, user_pk=call.user.pk)
    if row is None:
        raise unknown(dag_id)
    return row, call.specs.get(conn, row.version_pk) if row.version_pk is not None else None


@router.get("/dags")
async def get_dags(call: Viewer) -> Response:
    chosen = DagFilter.read(call.params, tenant_id=call.tenant_id, user_pk=call.user.pk)
    window = call.params.window()

    def query(conn: Connection) -> dict[str, Any]:
        page = dags.list_dags(conn, chosen, window)
        specs = call.specs.many(conn, [row.version_pk for row in page.rows if row.version_pk is not None])
        items = [shapes.dag(row, specs.get(row.version_pk)) for row in page.rows]
        return {"dags": items, "total_entries": page.total}

    return answer(await call.read(query))


@router.patch("/dags")
async def patch_dags(body: DagPatch, call: Editor) -> Response:
    chosen = DagFilter.read(call.params, tenant_id=call.tenant_id, user_pk=call.user.pk)
    window = call.params.window()
    page = await call.read(lambda conn: dags.list_dags(conn, chosen, window))
    for row in page.rows:
        await _pause(call, row.dag_id, body.is_paused, "patch_dags")
    return await get_dags(call)


@router.get("/dags/{dag_id}")
async def get_dag(dag_id: str, call: Viewer) -> Response:
    row, spec = await call.read(lambda conn: current(call, conn, dag_id))
    return answer({**shapes.dag(row, spec), "is_favorite": bool(row.is_favorite)})


@router.get("/dags/{dag_id}/details")
async def get_dag_details(dag_id: str, call: Viewer) -> Response:
    def query(conn: Connection) -> dict[str, Any]:
        row, spec = current(call, conn, dag_id)
        return shapes.dag_details(row, spec, dags.active_run_count(conn, row.pk))

    return answer(await call.read(query))


@router.patch("/dags/{dag_id}")
async def patch_dag(dag_id: str, body: DagPatch, call: Editor) -> Response:
    mask = call.params.texts("update_mask")
    if mask and mask != ["is_paused"]:
        raise ApiError(400, "Only `is_paused` field can be updated through the REST API")
    await _pause(call, dag_id, body.is_paused, "patch_dag")
    row, spec = await call.read(lambda conn: current(call, conn, dag_id))
    return answer(shapes.dag(row, spec))


async def _pause(call: Call, dag_id: str, is_paused: bool, event: str) -> None:
    tenant_id = call.tenant_id
    await call.apply(
        lambda tx: operations.set_paused(tx, tenant_id=tenant_id, dag_id=dag_id, is_paused=is_paused)
    )
    await call.record(event, dag_id=dag_id, extra={"is_paused": is_paused})


@router.delete("/dags/{dag_id}")
async def delete_dag(dag_id: str, call: Editor) -> Response:
    tenant_id = call.tenant_id
    await call.apply(lambda tx: operations.delete_dag(tx, tenant_id=tenant_id, dag_id=dag_id))
    await call.services.logs.delete_dag(tenant_id, dag_id)
    await call.record("delete_dag", dag_id=dag_id)
    return nothing()


@router.post("/dags/{dag_id}/favorite", status_code=204)
async def favorite_dag(dag_id: str, call: Viewer) -> Response:
    return await _favorite(call, dag_id, True)


@router.post("/dags/{dag_id}/unfavorite", status_code=204)
async def unfavorite_dag(dag_id: str, call: Viewer) -> Response:
    return await _favorite(call, dag_id, False)


async def _favorite(call: Call, dag_id: str, favorite: bool) -> Response:
    def change(conn: Connection) -> None:
        row = dags.find_dag(conn, dag_id, tenant_id=call.tenant_id)
        if row is None:
            raise unknown(dag_id)
        dags.set_favorite(conn, call.user.pk, row.pk, favorite)

    await call.write(change)
    return nothing()


@router.get("/dags/{dag_id}/tasks")
async def get_tasks(dag_id: str, call: Viewer) -> Response:
    order = call.params.text("order_by") or "task_id"
    _, spec = await call.read(lambda conn: current(call, conn, dag_id))
    items = _tasks(spec) if spec else []
    name = order.lstrip("-")
    if items and name not in items[0]:
        raise ApiError(400, f"'{name}' is not an attribute of a task")
    items.sort(key=lambda item: (item[name] is None, str(item[name]).lower()), reverse=order.startswith("-"))
    return answer({"tasks": items, "total_entries": len(items)})


@router.get("/dags/{dag_id}/tasks/{task_id}")
async def get_task(dag_id: str, task_id: str, call: Viewer) -> Response:
    _, spec = await call.read(lambda conn: current(call, conn, dag_id))
    for item in _tasks(spec, only=task_id) if spec else ():
        return answer(item)
    raise NotFound(f"Task with id {task_id} was not found")


def _tasks(spec: DagSpec, only: str | None = None) -> list[dict[str, Any]]:
    downstream: dict[str, list[str]] = {}
    for one in spec.tasks:
        for upstream in one.depends_on:
            downstream.setdefault(upstream, []).append(one.task_id)
    return [
        task_shapes.task(spec, one, downstream.get(one.task_id, []))
        for one in spec.tasks
        if only is None or one.task_id == only
    ]


@router.get("/dags/{dag_id}/dagVersions")
async def get_dag_versions(dag_id: str, call: Viewer) -> Response:
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> dict[str, Any]:
        if dag_id != "~" and dags.find_dag(conn, dag_id, tenant_id=call.tenant_id) is None:
            raise unknown(dag_id)
        page = versions.list_versions(
            conn,
            tenant_id=call.tenant_id,
            dag_id=None if dag_id == "~" else dag_id,
            params=params,
            window=window,
        )
        return {"dag_versions": [shapes.version(row) for row in page.rows], "total_entries": page.total}

    return answer(await call.read(query))


@router.get("/dags/{dag_id}/dagVersions/{version_number}")
async def get_dag_version(dag_id: str, version_number: int, call: Viewer) -> Response:
    row = await call.read(
        lambda conn: versions.find_version(
            conn, tenant_id=call.tenant_id, dag_id=dag_id, number=version_number
        )
    )
    if row is None:
        raise NotFound(
            f"The DagVersion with dag_id: `{dag_id}` and version_number: `{version_number}` was not found"
        )
    return answer(shapes.version(row))


@router.get("/dagSources/{dag_id}")
async def get_dag_source(dag_id: str, call: Viewer) -> Response:
    number = call.params.integer("version_number")

    def query(conn: Connection) -> dict[str, Any]:
        row = versions.find_version(conn, tenant_id=call.tenant_id, dag_id=dag_id, number=number)
        if row is None:
            raise NotFound(f"The source code of the DAG {dag_id}, version_number {number} was not found")
        return {
            "content": call.specs.get(conn, row.pk).source,
            "dag_id": dag_id,
            "version_number": row.number,
            "dag_display_name": row.display_name,
        }

    source = await call.read(query)
    if call.request.headers.get("accept", "").startswith("text/plain"):
        return Response(source["content"] or "", media_type="text/plain")
    return answer(source)


@router.get("/dagTags")
async def get_dag_tags(call: Viewer) -> Response:
    params, window = call.params, call.params.window()
    tags, total = await call.read(
        lambda conn: dags.list_tags(conn, tenant_id=call.tenant_id, params=params, window=window)
    )
    return answer({"tags": tags, "total_entries": total})


@router.get("/dagStats")
async def get_dag_stats(call: Viewer) -> Response:
    rows = await call.read(
        lambda conn: dags.run_state_counts(
            conn, tenant_id=call.tenant_id, dag_ids=call.params.texts("dag_ids")
        )
    )
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        stats = found.setdefault(
            row.dag_id,
            {"dag_id": row.dag_id, "dag_display_name": row.display_name, "counts": {}},
        )
        if row.state is not None:
            stats["counts"][row.state] = row.count
    items = [
        {
            "dag_id": one["dag_id"],
            "dag_display_name": one["dag_display_name"],
            "stats": [
                {"state": state, "count": one["counts"].get(state, 0)}
                for state in ("queued", "running", "success", "failed")
            ],
        }
        for one in found.values()
    ]
    return answer({"dags": items, "total_entries": len(items)})
