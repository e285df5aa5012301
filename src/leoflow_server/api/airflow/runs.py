"""DAG runs: lists, one, trigger, change, clear, delete, wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection, Row

from leoflow_runtime.engine import operations
from leoflow_server.api.airflow.dags import unknown
from leoflow_server.api.airflow.instances import instances
from leoflow_server.api.answers import NDJSON, answer, lines, nothing
from leoflow_server.api.bodies import RunClear, RunPatch, RunsBatch, Trigger
from leoflow_server.api.call import Call, Editor, Viewer
from leoflow_server.api.errors import ApiError, NotFound
from leoflow_server.api.params import Params, batch_params
from leoflow_server.api.queries import dags, runs, tasks, xcoms
from leoflow_server.api.shapes import runs as shapes
from leoflow_server.api.shapes import tasks as task_shapes

router = APIRouter(prefix="/api/v2/dags/{dag_id}/dagRuns")


def unknown_run(dag_id: str, run_id: str) -> NotFound:
    return NotFound(f"The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found")


def the_run(conn: Connection, call: Call, dag_id: str, run_id: str) -> Row[Any]:
    """Raises NotFound."""
    row = runs.find_run(conn, tenant_id=call.tenant_id, dag_id=dag_id, run_id=run_id)
    if row is None:
        raise unknown_run(dag_id, run_id)
    return row


def _page(conn: Connection, call: Call, dag_id: str, params: Params) -> dict[str, Any]:
    if dag_id != "~" and dags.find_dag(conn, dag_id, tenant_id=call.tenant_id) is None:
        raise unknown(dag_id)
    page = runs.list_runs(
        conn,
        tenant_id=call.tenant_id,
        dag_id=None if dag_id == "~" else dag_id,
        params=params,
        window=params.window(),
    )
    return page.envelope("dag_runs", [shapes.run(row) for row in page.rows])


@router.get("")
async def get_dag_runs(dag_id: str, call: Viewer) -> Response:
    params = call.params
    return answer(await call.read(lambda conn: _page(conn, call, dag_id, params)))


@router.post("/list")
async def get_list_dag_runs_batch(dag_id: str, body: RunsBatch, call: Viewer) -> Response:
    if dag_id != "~":
        raise ApiError(422, "Only `~` is supported as the dag_id of a batch")
    params = batch_params(body, {"dag_ids": "dag_id_in", "states": "state"})
    return answer(await call.read(lambda conn: _page(conn, call, "~", params)))


async def _trigger_body(request: Request) -> Trigger:
    # An empty body is a trigger with nothing special about it.
    return Trigger.model_validate_json(await request.body() or b"{}")


@router.post("")
async def trigger_dag_run(
    dag_id: str, body: Annotated[Trigger, Depends(_trigger_body)], call: Editor
) -> Response:
    if (body.data_interval_start is None) != (body.data_interval_end is None):
        raise ApiError(
            400, "Either both data_interval_start and data_interval_end must be provided or both must be None"
        )
    interval = None
    if body.data_interval_start is not None and body.data_interval_end is not None:
        interval = (body.data_interval_start, body.data_interval_end)
    found = await call.read(lambda conn: dags.find_dag(conn, dag_id, tenant_id=call.tenant_id))
    if found is None or found.is_stale:
        raise NotFound(f"Dag with dag_id: '{dag_id}' not found")
    user, tenant_id = call.user.username, call.tenant_id
    started = await call.apply(
        lambda tx: operations.trigger_run(
            tx,
            tenant_id=tenant_id,
            dag_id=dag_id,
            run_id=body.dag_run_id,
            logical_date=body.logical_date,
            data_interval=interval,
            run_after=body.run_after,
            conf=body.conf,
            note=body.note,
            triggered_by="ui" if call.request.headers.get("referer") else "rest_api",
            user=user,
        )
    )
    await call.record(
        "trigger_dag_run", dag_id=dag_id, run_id=started.run_id, logical_date=started.logical_date
    )
    return await get_dag_run(dag_id, started.run_id, call)


@router.get("/{dag_run_id}")
async def get_dag_run(dag_id: str, dag_run_id: str, call: Viewer) -> Response:
    return answer(shapes.run(await call.read(lambda conn: the_run(conn, call, dag_id, dag_run_id))))


@router.patch("/{dag_run_id}")
async def patch_dag_run(dag_id: str, dag_run_id: str, body: RunPatch, call: Editor) -> Response:
    await call.read(lambda conn: the_run(conn, call, dag_id, dag_run_id))
    mask = call.params.texts("update_mask")
    fields = body.model_fields_set & set(mask) if mask else body.model_fields_set
    which: dict[str, Any] = {"tenant_id": call.tenant_id, "dag_id": dag_id, "run_id": dag_run_id}
    state = body.state
    if "state" in fields and state is not None:
        await call.apply(lambda tx: operations.mark_run(tx, **which, state=state))
    if "note" in fields:
        await call.apply(lambda tx: operations.set_run_note(tx, **which, note=body.note))
    extra = body.model_dump(include=fields)
    await call.record("patch_dag_run", dag_id=dag_id, run_id=dag_run_id, extra=extra)
    return await get_dag_run(dag_id, dag_run_id, call)


@router.post("/{dag_run_id}/clear")
async def clear_dag_run(dag_id: str, dag_run_id: str, body: RunClear, call: Editor) -> Response:
    await call.read(lambda conn: the_run(conn, call, dag_id, dag_run_id))
    if body.dry_run and body.only_new:
        return answer(await call.read(lambda conn: _new_tasks(conn, call, dag_id, dag_run_id)))
    which: dict[str, Any] = {
        "tenant_id": call.tenant_id,
        "dag_id": dag_id,
        "run_id": dag_run_id,
        "only_failed": body.only_failed,
        # Only what is new: nothing else is cleared, the run just moves to the latest version.
        "run_on_latest_version": body.run_on_latest_version or body.only_new,
    }
    if body.dry_run:
        cleared = await call.apply(lambda tx: operations.clear_run(tx, **which, dry_run=True))
        items = await instances(call, [row.pk for row in cleared])
        return answer({"task_instances": items, "total_entries": len(items)})
    if body.only_new:
        await call.apply(lambda tx: operations.clear_tasks(tx, **which, map_indexes=()))
    else:
        await call.apply(lambda tx: operations.clear_run(tx, **which))
    await call.record("clear_dag_run", dag_id=dag_id, run_id=dag_run_id, extra=body.model_dump())
    return await get_dag_run(dag_id, dag_run_id, call)


def _new_tasks(conn: Connection, call: Call, dag_id: str, run_id: str) -> dict[str, Any]:
    """What the latest version has and the run does not."""
    run = the_run(conn, call, dag_id, run_id)
    dag = dags.find_dag(conn, dag_id, tenant_id=call.tenant_id)
    if dag is None or dag.version_pk is None:
        raise unknown(dag_id)
    existing = tasks.task_ids_of(conn, run.pk)
    items = [
        {"task_id": one.task_id, "task_display_name": task_shapes.display_name(one)}
        for one in call.specs.get(conn, dag.version_pk).tasks
        if one.task_id not in existing
    ]
    return {"task_instances": items, "total_entries": len(items)}


@router.delete("/{dag_run_id}")
async def delete_dag_run(dag_id: str, dag_run_id: str, call: Editor) -> Response:
    """What runs is stopped; its late reports find nothing to report to."""
    await call.read(lambda conn: the_run(conn, call, dag_id, dag_run_id))
    tenant_id = call.tenant_id
    await call.apply(
        lambda tx: operations.delete_run(tx, tenant_id=tenant_id, dag_id=dag_id, run_id=dag_run_id)
    )
    await call.services.logs.delete_run(tenant_id, dag_id, dag_run_id)
    await call.record("delete_dag_run", dag_id=dag_id, run_id=dag_run_id)
    return nothing()


@router.get("/{dag_run_id}/wait")
async def wait_dag_run_until_finished(dag_id: str, dag_run_id: str, call: Viewer) -> Response:
    params = call.params
    params.required("interval")
    interval = params.number("interval")
    if interval is None or not interval > 0:
        raise ApiError(422, "interval must be greater than 0")
    first = await call.read(lambda conn: the_run(conn, call, dag_id, dag_run_id))
    wanted = params.texts("result")

    async def states() -> AsyncIterator[bytes]:
        row: Row[Any] | None = first
        while row is not None and row.state not in ("success", "failed"):
            yield lines([{"state": row.state}])
            await asyncio.sleep(interval)
            row = await call.read(
                lambda conn: runs.find_run(conn, tenant_id=call.tenant_id, dag_id=dag_id, run_id=dag_run_id)
            )
        if row is None:
            return  # deleted meanwhile
        last: dict[str, Any] = {"state": row.state}
        if wanted:
            run_pk = row.pk
            last["results"] = await call.read(lambda conn: xcoms.results(conn, run_pk, wanted))
        yield lines([last])

    return StreamingResponse(states(), media_type=NDJSON)
