"""Backfills: lists, one, dry run, create, pause, unpause, cancel; and, beyond Airflow, their runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.backfill_rows import BackfillRow
from leoflow_runtime.engine.operations.backfills import backfill_slots
from leoflow_runtime.engine.store import Tx
from leoflow_server.api.answers import answer
from leoflow_server.api.bodies import BackfillPost
from leoflow_server.api.call import Call, Editor, Viewer
from leoflow_server.api.errors import NotFound
from leoflow_server.api.queries import backfills

router = APIRouter()
_PATH = "/api/v2/backfills"


def _shape(row: Row[Any]) -> dict[str, Any]:
    """`BackfillResponse`."""
    return {
        "id": row.pk,
        "dag_id": row.dag_id,
        "from_date": row.from_date,
        "to_date": row.to_date,
        "dag_run_conf": row.conf,
        "is_paused": row.is_paused,
        "reprocess_behavior": row.reprocess_behavior,
        "max_active_runs": row.max_active_runs,
        "created_at": row.created_at,
        "completed_at": row.completed_at,
        "updated_at": row.updated_at,
        "dag_display_name": row.display_name,
    }


def _one(conn: Connection, call: Call, pk: int) -> Row[Any]:
    row = backfills.find_backfill(conn, tenant_id=call.tenant_id, pk=pk)
    if row is None:
        raise NotFound("Backfill not found")
    return row


async def _list(call: Call, dag_id: str | None) -> Response:
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> dict[str, Any]:
        page = backfills.list_backfills(
            conn, tenant_id=call.tenant_id, dag_id=dag_id, params=params, window=window
        )
        return {"backfills": [_shape(row) for row in page.rows], "total_entries": page.total}

    return answer(await call.read(query))


@router.get(_PATH)
async def list_backfills(call: Viewer) -> Response:
    return await _list(call, call.params.required("dag_id"))


@router.get("/ui/backfills")
async def list_backfills_ui(call: Viewer) -> Response:
    return await _list(call, call.params.text("dag_id"))


@router.post(f"{_PATH}/dry_run")
async def create_backfill_dry_run(body: BackfillPost, call: Editor) -> Response:
    # Planned and thrown away: nothing is written.
    planned = await call.services.store.read(
        lambda tx: operations.planned_backfill(
            tx,
            tenant_id=call.tenant_id,
            dag_id=body.dag_id,
            from_date=body.from_date,
            to_date=body.to_date,
            run_backwards=body.run_backwards,
            reprocess_behavior=body.reprocess_behavior,
            conf=body.dag_run_conf,
        )
    )
    items = [
        {"logical_date": slot.logical_date, "partition_key": None, "partition_date": None}
        for slot, reason in planned
        if reason is None
    ]
    return answer({"backfills": items, "total_entries": len(items)})


@router.post(_PATH)
async def create_backfill(body: BackfillPost, call: Editor) -> Response:
    tenant_id, user = call.tenant_id, call.user.username
    # Years of slots take seconds: not on the writer's time.
    slots = await call.services.store.read(
        lambda tx: backfill_slots(
            tx, tenant_id=tenant_id, dag_id=body.dag_id, from_date=body.from_date, to_date=body.to_date
        )
    )
    made = await call.apply(
        lambda tx: operations.create_backfill(
            tx,
            tenant_id=tenant_id,
            dag_id=body.dag_id,
            from_date=body.from_date,
            to_date=body.to_date,
            max_active_runs=body.max_active_runs,
            run_backwards=body.run_backwards,
            reprocess_behavior=body.reprocess_behavior,
            run_on_latest_version=body.run_on_latest_version,
            conf=body.dag_run_conf,
            user=user,
            slots=slots,
        )
    )
    await call.record("create_backfill", dag_id=body.dag_id, extra=body.model_dump(mode="json"))
    return await get_backfill(made.pk, call)


@router.get(_PATH + "/{backfill_id:int}")
async def get_backfill(backfill_id: int, call: Viewer) -> Response:
    return answer(_shape(await call.read(lambda conn: _one(conn, call, backfill_id))))


@router.get(_PATH + "/{backfill_id:int}/runs")
async def get_backfill_runs(backfill_id: int, call: Viewer) -> Response:
    """Leoflow's own: each planned run with its state, and how many there are of each."""

    def query(conn: Connection) -> dict[str, Any]:
        _one(conn, call, backfill_id)
        rows = backfills.runs_of(conn, backfill_id)
        items = [
            {
                "ordinal": row.ordinal,
                "logical_date": row.logical_date,
                "dag_run_id": row.run_id,
                "state": row.state,
                "reason": row.reason,
            }
            for row in rows
        ]
        counts = Counter(row.state or row.reason or "waiting" for row in rows)
        return {"runs": items, "counts": dict(counts), "total_entries": len(items)}

    return answer(await call.read(query))


async def _change(call: Call, pk: int, event: str, operation: Callable[[Tx], BackfillRow]) -> Response:
    await call.apply(operation)
    await call.record(event, extra={"backfill_id": pk})
    return await get_backfill(pk, call)


@router.put(_PATH + "/{backfill_id:int}/pause")
async def pause_backfill(backfill_id: int, call: Editor) -> Response:
    return await _set_paused(backfill_id, call, "pause_backfill", True)


@router.put(_PATH + "/{backfill_id:int}/unpause")
async def unpause_backfill(backfill_id: int, call: Editor) -> Response:
    return await _set_paused(backfill_id, call, "unpause_backfill", False)


async def _set_paused(pk: int, call: Call, event: str, is_paused: bool) -> Response:
    tenant_id = call.tenant_id
    return await _change(
        call,
        pk,
        event,
        lambda tx: operations.set_backfill_paused(tx, pk, tenant_id=tenant_id, is_paused=is_paused),
    )


@router.put(_PATH + "/{backfill_id:int}/cancel")
async def cancel_backfill(backfill_id: int, call: Editor) -> Response:
    tenant_id = call.tenant_id
    return await _change(
        call,
        backfill_id,
        "cancel_backfill",
        lambda tx: operations.cancel_backfill(tx, backfill_id, tenant_id=tenant_id),
    )
