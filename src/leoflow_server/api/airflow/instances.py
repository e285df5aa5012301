"""Task instances: lists, one, tries, links, what they wait for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import ColumnElement, Connection, Row

from leoflow_runtime.engine.explain import explain
from leoflow_server.api import map_index as _map_index  # noqa: F401 - declares `{…:index}`
from leoflow_server.api.answers import answer
from leoflow_server.api.bodies import TasksBatch
from leoflow_server.api.call import Call, Viewer
from leoflow_server.api.errors import ApiError, NotFound
from leoflow_server.api.params import Params, batch_params
from leoflow_server.api.queries import dags, runs, tasks
from leoflow_server.api.shapes import tasks as shapes
from leoflow_server.api.structure.tree import is_expanded

router = APIRouter(prefix="/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances")


def the_task(
    conn: Connection, call: Call, dag_id: str, run_id: str, task_id: str, map_index: int = -1
) -> Row[Any]:
    """Raises NotFound."""
    row = tasks.find_task(
        conn, tenant_id=call.tenant_id, dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index
    )
    if row is None:
        raise NotFound(
            f"The Task Instance with dag_id: `{dag_id}`, run_id: `{run_id}`, task_id: `{task_id}` "
            f"and map_index: `{map_index}` was not found"
        )
    return row


def shaped(conn: Connection, call: Call, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """`TaskInstanceResponse` of each; versions are read once each."""
    known = call.specs.tasks(conn, [row.version_pk for row in rows])
    return [shapes.instance(row, known[row.version_pk].get(row.task_id)) for row in rows]


async def instances(call: Call, pks: Sequence[int]) -> list[dict[str, Any]]:
    """Those task instances as they are now, in this order."""
    return await call.read(
        lambda conn: shaped(conn, call, tasks.by_pks(conn, tenant_id=call.tenant_id, pks=pks))
    )


def _page(
    conn: Connection,
    call: Call,
    dag_id: str,
    run_id: str,
    params: Params,
    extra: Sequence[ColumnElement[bool]] = (),
) -> dict[str, Any]:
    if dag_id != "~" and run_id != "~":
        if runs.find_run(conn, tenant_id=call.tenant_id, dag_id=dag_id, run_id=run_id) is None:
            raise NotFound(f"DagRun with run_id: `{run_id}` was not found")
    elif dag_id != "~" and dags.find_dag(conn, dag_id, tenant_id=call.tenant_id) is None:
        raise NotFound(f"The Dag with ID: `{dag_id}` was not found")
    page = tasks.list_tasks(
        conn,
        tenant_id=call.tenant_id,
        dag_id=None if dag_id == "~" else dag_id,
        run_id=None if run_id == "~" else run_id,
        params=params,
        window=params.window(),
        extra=extra,
    )
    return page.envelope("task_instances", shaped(conn, call, page.rows))


@router.get("")
async def get_task_instances(dag_id: str, dag_run_id: str, call: Viewer) -> Response:
    params = call.params
    return answer(await call.read(lambda conn: _page(conn, call, dag_id, dag_run_id, params)))


@router.post("/list")
async def get_task_instances_batch(dag_id: str, dag_run_id: str, body: TasksBatch, call: Viewer) -> Response:
    if (dag_id, dag_run_id) != ("~", "~"):
        raise ApiError(422, "Only `~` is supported as the dag_id and dag_run_id of a batch")
    names = {"dag_ids": "dag_id_in", "dag_run_ids": "run_id_in", "task_ids": "task_id"}
    params = batch_params(body, names)
    return answer(await call.read(lambda conn: _page(conn, call, "~", "~", params)))


@router.get("/{task_id}/listMapped")
async def get_mapped_task_instances(dag_id: str, dag_run_id: str, task_id: str, call: Viewer) -> Response:
    params = call.params
    extra = tasks.mapped_only(task_id)

    def query(conn: Connection) -> dict[str, Any]:
        page = _page(conn, call, dag_id, dag_run_id, params, extra)
        if not page["total_entries"]:
            _check_mapped(conn, call, dag_id, dag_run_id, task_id)
        return page

    return answer(await call.read(query))


def _check_mapped(conn: Connection, call: Call, dag_id: str, run_id: str, task_id: str) -> None:
    """Raises NotFound for a task that has no instances because it never could."""
    run = runs.find_run(conn, tenant_id=call.tenant_id, dag_id=dag_id, run_id=run_id)
    spec = call.specs.get(conn, run.version_pk) if run is not None else None
    if spec is None or all(task.task_id != task_id for task in spec.tasks):
        raise NotFound(f"Task id {task_id} not found")
    if not is_expanded(spec, task_id):
        raise NotFound(f"Task id {task_id} is not mapped")


@router.get("/{task_id}/dependencies")
@router.get("/{task_id}/{map_index:index}/dependencies")
async def get_task_instance_dependencies(
    dag_id: str, dag_run_id: str, task_id: str, call: Viewer, map_index: int = -1
) -> Response:
    row = await call.read(lambda conn: the_task(conn, call, dag_id, dag_run_id, task_id, map_index))
    engine = call.services.engine
    # Another replica may be the planner; then only the record tells.
    handover = engine if engine.is_planning else None
    try:
        reasons = await call.services.store.read(
            lambda tx: explain(tx, row.run_pk, task_id, map_index, handover=handover)
        )
    except KeyError:
        reasons = []  # deleted meanwhile, or no longer in the version of its run: it waits for nothing
    return answer({"dependencies": [{"name": one.name, "reason": one.reason} for one in reasons]})


@router.get("/{task_id}/links")
@router.get("/{task_id}/{map_index:index}/links")
async def get_extra_links(
    dag_id: str, dag_run_id: str, task_id: str, call: Viewer, map_index: int = -1
) -> Response:
    wanted = call.params.integer("map_index", map_index)
    assert wanted is not None
    await call.read(lambda conn: the_task(conn, call, dag_id, dag_run_id, task_id, wanted))
    return answer({"extra_links": {}, "total_entries": 0})


@router.get("/{task_id}/tries")
@router.get("/{task_id}/{map_index:index}/tries")
async def get_task_instance_tries(
    dag_id: str, dag_run_id: str, task_id: str, call: Viewer, map_index: int = -1
) -> Response:
    items = await call.read(lambda conn: _tries(conn, call, dag_id, dag_run_id, task_id, map_index))
    return answer({"task_instances": items, "total_entries": len(items)})


@router.get("/{task_id}/tries/{task_try_number}")
async def get_task_instance_try(
    dag_id: str, dag_run_id: str, task_id: str, task_try_number: int, call: Viewer
) -> Response:
    map_index = call.params.integer("map_index", -1)
    assert map_index is not None
    return await _one_try(call, dag_id, dag_run_id, task_id, map_index, task_try_number)


@router.get("/{task_id}/{map_index:index}/tries/{task_try_number}")
async def get_mapped_task_instance_try(
    dag_id: str, dag_run_id: str, task_id: str, map_index: int, task_try_number: int, call: Viewer
) -> Response:
    return await _one_try(call, dag_id, dag_run_id, task_id, map_index, task_try_number)


async def _one_try(
    call: Call, dag_id: str, run_id: str, task_id: str, map_index: int, number: int
) -> Response:
    items = await call.read(lambda conn: _tries(conn, call, dag_id, run_id, task_id, map_index))
    for item in items:
        if item["try_number"] == number:
            return answer(item)
    raise NotFound(
        f"The Task Instance with dag_id: `{dag_id}`, run_id: `{run_id}`, task_id: `{task_id}`, "
        f"try_number: `{number}` and map_index: `{map_index}` was not found"
    )


def _tries(
    conn: Connection, call: Call, dag_id: str, run_id: str, task_id: str, map_index: int
) -> list[dict[str, Any]]:
    """Earlier tries and the current one, oldest first. What waits for its retry is in the history."""
    now = the_task(conn, call, dag_id, run_id, task_id, map_index)
    earlier = tasks.tries(conn, tenant_id=call.tenant_id, task_pk=now.pk)
    known = call.specs.tasks(conn, [now.version_pk, *(row.try_version_pk for row in earlier)])
    items = [shapes.history(row, known[row.try_version_pk].get(task_id)) for row in earlier]
    if all(row.try_number != now.try_number for row in earlier):
        items.append(shapes.history(now, known[now.version_pk].get(task_id)))
    return items


@router.get("/{task_id}")
@router.get("/{task_id}/{map_index:index}")
async def get_task_instance(
    dag_id: str, dag_run_id: str, task_id: str, call: Viewer, map_index: int = -1
) -> Response:
    def query(conn: Connection) -> dict[str, Any]:
        try:
            row = the_task(conn, call, dag_id, dag_run_id, task_id, map_index)
        except NotFound:
            where = {"dag_id": dag_id, "run_id": dag_run_id, "task_id": task_id}
            if map_index < 0 and tasks.has_instances(conn, tenant_id=call.tenant_id, **where):
                raise NotFound("Task instance is mapped, add the map_index value to the URL") from None
            raise
        return shaped(conn, call, [row])[0]

    return answer(await call.read(query))
