"""Bulk changes of task instances: states and notes, each action whole or not at all."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import ValidationError

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.errors import OperationRefused, UnknownDag, UnknownRun, UnknownTask
from leoflow_runtime.engine.store import Tx
from leoflow_server.api.answers import answer
from leoflow_server.api.bodies import Bulk, BulkAction, BulkTask
from leoflow_server.api.call import Call, Editor
from leoflow_server.api.errors import ApiError, Unprocessable

router = APIRouter(prefix="/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances")


@router.patch("")
async def bulk_task_instances(dag_id: str, dag_run_id: str, body: Bulk, call: Editor) -> Response:
    """`BulkResponse`; an action that fails changes nothing and says why, the others count."""
    chosen = [
        (action, _tasks(action, index, dag_id, dag_run_id)) for index, action in enumerate(body.actions)
    ]
    response: dict[str, Any] = {"create": None, "update": None, "delete": None}
    for action, tasks in chosen:
        result: dict[str, list[Any]] = response[action.action] or {"success": [], "errors": []}
        response[action.action] = result
        try:
            result["success"] += await _carry_out(call, action, tasks)
        except ApiError as error:
            result["errors"].append({"error": error.detail, "status_code": error.status})
    extra = {"actions": [action.action for action in body.actions]}
    await call.record("bulk_task_instances", dag_id=dag_id, run_id=dag_run_id, extra=extra)
    return answer(response)


def _tasks(action: BulkAction, index: int, dag_id: str, run_id: str) -> list[BulkTask]:
    """The entities with their DAG and run filled in. Raises Unprocessable."""
    found = []
    for number, entity in enumerate(action.entities):
        where: list[str | int] = ["body", "actions", index, "entities", number]
        try:
            one = BulkTask.model_validate({"task_id": entity} if isinstance(entity, str) else entity)
        except ValidationError as error:
            first = error.errors()[0]
            raise Unprocessable.one([*where, *first["loc"]], first["msg"]) from None
        one.dag_id = one.dag_id or dag_id
        one.dag_run_id = one.dag_run_id or run_id
        if (dag_id not in ("~", one.dag_id)) or (run_id not in ("~", one.dag_run_id)):
            raise Unprocessable.one(where, "The task belongs to another DAG or run than the path names")
        if "~" in (one.dag_id, one.dag_run_id):
            raise Unprocessable.one(where, "dag_id and dag_run_id are required where the path has `~`")
        found.append(one)
    return found


async def _carry_out(call: Call, action: BulkAction, tasks: list[BulkTask]) -> list[str]:
    """Raises ApiError; then nothing of the action has been done."""
    if action.action != "update":
        raise ApiError(405, f"Task instances bulk {action.action} is not supported")
    try:
        return await call.apply(lambda tx: _update(tx, call.tenant_id, action, tasks))
    except (UnknownDag, UnknownRun, UnknownTask) as error:
        raise ApiError(404, str(error)) from None
    except OperationRefused as error:
        raise ApiError(400, str(error)) from None


def _update(tx: Tx, tenant_id: int, action: BulkAction, tasks: list[BulkTask]) -> list[str]:
    done = []
    for one in tasks:
        try:
            _change(tx, tenant_id, one, set(action.update_mask or one.model_fields_set))
        except (UnknownDag, UnknownRun, UnknownTask):
            # Raised before anything of this task is written. What leaves here undoes the whole action.
            if action.action_on_non_existence == "fail":
                raise
        else:
            index = -1 if one.map_index is None else one.map_index
            done.append(f"{one.dag_id}.{one.dag_run_id}.{one.task_id}[{index}]")
    return done


def _change(tx: Tx, tenant_id: int, one: BulkTask, fields: set[str]) -> None:
    assert one.dag_id is not None
    assert one.dag_run_id is not None
    fields &= one.model_fields_set
    if "new_state" in fields:
        if one.new_state is None:
            raise ApiError(422, "'new_state' should not be empty")
        operations.mark_task(
            tx,
            tenant_id=tenant_id,
            dag_id=one.dag_id,
            run_id=one.dag_run_id,
            task_id=one.task_id,
            map_indexes=None if one.map_index is None else (one.map_index,),
            state=one.new_state,
            include_upstream=one.include_upstream,
            include_downstream=one.include_downstream,
            include_future=one.include_future,
            include_past=one.include_past,
        )
    if "note" in fields:
        operations.set_task_note(
            tx,
            tenant_id=tenant_id,
            dag_id=one.dag_id,
            run_id=one.dag_run_id,
            task_id=one.task_id,
            map_index=-1 if one.map_index is None else one.map_index,
            note=one.note,
        )
