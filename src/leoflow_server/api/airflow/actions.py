"""What people do to task instances: clear, mark, note, delete. Dry runs change nothing."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.store import Tx
from leoflow_server.api import map_index as _map_index  # noqa: F401 - declares `{…:index}`
from leoflow_server.api.airflow.instances import instances, the_task
from leoflow_server.api.answers import answer
from leoflow_server.api.bodies import TaskPatch, TasksClear
from leoflow_server.api.call import Call, Editor
from leoflow_server.api.errors import ApiError, Unprocessable

router = APIRouter(prefix="/api/v2/dags/{dag_id}")
_INSTANCE = "/dagRuns/{dag_run_id}/taskInstances/{task_id}"


def _collection(items: list[dict[str, Any]]) -> Response:
    return answer({"task_instances": items, "total_entries": len(items)})


@router.post("/clearTaskInstances")
async def post_clear_task_instances(dag_id: str, body: TasksClear, call: Editor) -> Response:
    tenant_id = call.tenant_id
    if body.dag_run_id is None and (body.include_future or body.include_past):
        raise ApiError(400, "Cannot use include_past or include_future when dag_run_id is not provided")
    chosen: dict[str, Any] = {
        "tenant_id": tenant_id,
        "dag_id": dag_id,
        "run_id": body.dag_run_id,
        # An unmapped instance is named by its task alone.
        "task_ids": [one[0] if isinstance(one, tuple) and one[1] < 0 else one for one in body.task_ids or ()]
        or None,
        **body.model_dump(exclude={"dag_run_id", "task_ids", "dry_run", "prevent_running_task"}),
    }

    def clear(tx: Tx) -> list[int]:
        rows = operations.clear_tasks(tx, **chosen, dry_run=True)
        if body.prevent_running_task and not body.dry_run:
            running = [row.task_id for row in rows if row.state == "running"]
            if running:
                raise ApiError(409, f"Task {running[0]} is running, stopping attempt to clear.")
        if not body.dry_run:
            operations.clear_tasks(tx, **chosen, dry_run=False)
        return [row.pk for row in rows]

    # What is answered to a dry run and to the real thing is the same choice of tasks.
    pks = await call.apply(clear)
    if not body.dry_run:
        extra = body.model_dump(mode="json", exclude={"dry_run"}, exclude_none=True)
        await call.record("post_clear_task_instances", dag_id=dag_id, run_id=body.dag_run_id, extra=extra)
    return _collection(await instances(call, pks))


@router.patch(_INSTANCE)
@router.patch(_INSTANCE + "/{map_index:index}")
async def patch_task_instance(
    dag_id: str, dag_run_id: str, task_id: str, body: TaskPatch, call: Editor, map_index: int | None = None
) -> Response:
    return await _patch(call, dag_id, dag_run_id, task_id, body, map_index, dry_run=False)


@router.patch(_INSTANCE + "/dry_run")
@router.patch(_INSTANCE + "/{map_index:index}/dry_run")
async def patch_task_instance_dry_run(
    dag_id: str, dag_run_id: str, task_id: str, body: TaskPatch, call: Editor, map_index: int | None = None
) -> Response:
    return await _patch(call, dag_id, dag_run_id, task_id, body, map_index, dry_run=True)


@router.delete(_INSTANCE)
async def delete_task_instance(dag_id: str, dag_run_id: str, task_id: str, call: Editor) -> Response:
    """Nothing is left of it, its logs included."""
    index = call.params.integer("map_index", -1)
    assert index is not None
    await call.read(lambda conn: the_task(conn, call, dag_id, dag_run_id, task_id, index))
    which: dict[str, Any] = {"dag_id": dag_id, "run_id": dag_run_id, "task_id": task_id, "map_index": index}
    tenant_id = call.tenant_id
    await call.apply(lambda tx: operations.delete_task(tx, tenant_id=tenant_id, **which))
    await call.services.logs.delete_task(tenant_id, **which)
    await call.record("delete_task_instance", **which)
    return answer(None)


async def _patch(
    call: Call,
    dag_id: str,
    run_id: str,
    task_id: str,
    body: TaskPatch,
    map_index: int | None,
    *,
    dry_run: bool,
) -> Response:
    index = call.params.integer("map_index", map_index)
    mask = call.params.texts("update_mask")
    fields = body.model_fields_set & set(mask) if mask else body.model_fields_set
    where = await call.read(lambda conn: _pks(conn, call, dag_id, run_id, task_id, index))
    which: dict[str, Any] = {"tenant_id": call.tenant_id, "dag_id": dag_id, "run_id": run_id}
    which["task_id"] = task_id
    pks = where
    if "new_state" in fields:
        state = body.new_state
        if state is None:
            raise Unprocessable.one(["body", "new_state"], "'new_state' should not be empty")
        marked = await call.apply(
            lambda tx: operations.mark_task(
                tx,
                **which,
                map_indexes=None if index is None else (index,),
                state=state,
                include_upstream=body.include_upstream,
                include_downstream=body.include_downstream,
                include_future=body.include_future,
                include_past=body.include_past,
                dry_run=dry_run,
            )
        )
        pks = [row.pk for row in marked]
        if not pks and not dry_run:
            raise ApiError(409, f"Task id {task_id} is already in {state.value} state")
    if "note" in fields and not dry_run:
        await call.apply(
            lambda tx: operations.set_task_note(
                tx, **which, map_index=-1 if index is None else index, note=body.note
            )
        )
        pks = list(dict.fromkeys([*where, *pks]))
    if not dry_run:
        extra = body.model_dump(mode="json", include=fields)
        await call.record("patch_task_instance", dag_id=dag_id, run_id=run_id, task_id=task_id, extra=extra)
    return _collection(await instances(call, pks))


def _pks(
    conn: Connection, call: Call, dag_id: str, run_id: str, task_id: str, map_index: int | None
) -> list[int]:
    row = the_task(conn, call, dag_id, run_id, task_id, -1 if map_index is None else map_index)
    return [int(row.pk)]
