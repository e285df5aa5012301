"""Assets: lists, events, what waits for DAGs, updates by hand, materialisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection, Row

from leoflow_runtime.domain.states import RunType
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.asset_rows import NewAssetEvent
from leoflow_runtime.engine.assets import register_event
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.engine.timetables import timetable_of
from leoflow_server.api.airflow.dags import unknown
from leoflow_server.api.airflow.runs import get_dag_run, the_run
from leoflow_server.api.answers import answer, nothing
from leoflow_server.api.bodies import AssetEventCreate, Trigger
from leoflow_server.api.call import Call, Editor, Viewer
from leoflow_server.api.errors import ApiError, NotFound
from leoflow_server.api.queries import assets, dags
from leoflow_server.api.shapes import assets as shapes

router = APIRouter()
_ASSETS = "/api/v2/assets"
_OF_DAG = "/api/v2/dags/{dag_id}/assets"
Json = dict[str, Any]


def _missing(pk: int) -> NotFound:
    return NotFound(f"The Asset with ID: `{pk}` was not found")


def _shapes(conn: Connection, rows: Sequence[Row[Any]]) -> list[Json]:
    pks = [row.pk for row in rows]
    named, aliases = assets.references(conn, pks), assets.aliases_of(conn, pks)
    return [shapes.asset(row, named.get(row.pk, []), aliases.get(row.pk, [])) for row in rows]


def _events(conn: Connection, rows: Sequence[Row[Any]]) -> list[Json]:
    made = assets.runs_of_events(conn, [row.pk for row in rows])
    return [shapes.event(row, made.get(row.pk, [])) for row in rows]


@router.get(_ASSETS)
async def get_assets(call: Viewer) -> Response:
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> Json:
        page = assets.list_assets(conn, tenant_id=call.tenant_id, params=params, window=window)
        return {"assets": _shapes(conn, page.rows), "total_entries": page.total}

    return answer(await call.read(query))


@router.get(_ASSETS + "/aliases")
async def get_asset_aliases(call: Viewer) -> Response:
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> Json:
        page = assets.list_aliases(conn, tenant_id=call.tenant_id, params=params, window=window)
        return {"asset_aliases": [shapes.alias(row) for row in page.rows], "total_entries": page.total}

    return answer(await call.read(query))


@router.get(_ASSETS + "/aliases/{asset_alias_id:int}")
async def get_asset_alias(asset_alias_id: int, call: Viewer) -> Response:
    def query(conn: Connection) -> Json:
        row = assets.find_alias(conn, tenant_id=call.tenant_id, pk=asset_alias_id)
        if row is None:
            raise NotFound(f"The Asset Alias with ID: `{asset_alias_id}` was not found")
        return shapes.alias(row)

    return answer(await call.read(query))


@router.get(_ASSETS + "/events")
async def get_asset_events(call: Viewer) -> Response:
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> Json:
        page = assets.list_events(conn, tenant_id=call.tenant_id, params=params, window=window)
        return {"asset_events": _events(conn, page.rows), "total_entries": page.total}

    return answer(await call.read(query))


@router.post(_ASSETS + "/events")
async def create_asset_event(body: AssetEventCreate, call: Editor) -> Response:
    tenant_id = call.tenant_id

    def update(tx: Tx) -> int | None:
        asset = tx.asset(body.asset_id)
        if asset is None or asset.tenant_id != tenant_id:
            return None
        extra = {**body.extra, "from_rest_api": True}
        return register_event(
            tx, asset, NewAssetEvent(tenant_id=tenant_id, asset_pk=asset.pk, extra=extra)
        ).pk

    pk = await call.apply(update)
    if pk is None:
        raise NotFound(f"Asset with ID: `{body.asset_id}` was not found")
    await call.record("create_asset_event", extra=body.model_dump())

    def query(conn: Connection) -> Json:
        return _events(conn, [assets.find_event(conn, tenant_id=tenant_id, pk=pk)])[0]

    return answer(await call.read(query))


@router.get(_ASSETS + "/{asset_id:int}")
async def get_asset(asset_id: int, call: Viewer) -> Response:
    def query(conn: Connection) -> Json:
        row = assets.find_asset(conn, tenant_id=call.tenant_id, pk=asset_id)
        if row is None:
            raise _missing(asset_id)
        return _shapes(conn, [row])[0]

    return answer(await call.read(query))


async def _trigger_body(request: Request) -> Trigger:
    return Trigger.model_validate_json(await request.body() or b"{}")


@router.post(_ASSETS + "/{asset_id:int}/materialize")
async def materialize_asset(
    asset_id: int, body: Annotated[Trigger, Depends(_trigger_body)], call: Editor
) -> Response:
    makers = await call.read(lambda conn: assets.producers(conn, asset_id))
    if not makers:
        raise NotFound(f"No Dag materializes asset with ID: {asset_id}")
    if len(makers) > 1:
        raise ApiError(409, f"More than one Dag materializes asset with ID: {asset_id}")
    user, tenant_id = call.user.username, call.tenant_id
    started = await call.apply(
        lambda tx: operations.trigger_run(
            tx,
            tenant_id=tenant_id,
            dag_id=makers[0],
            run_id=body.dag_run_id,
            logical_date=body.logical_date,
            run_after=body.run_after,
            conf=body.conf,
            note=body.note,
            user=user,
            run_type=RunType.ASSET_MATERIALIZATION,
        )
    )
    await call.record("materialize_asset", dag_id=makers[0], run_id=started.run_id)
    return await get_dag_run(makers[0], started.run_id, call)


# What waits


async def _queued(
    call: Call, *, dag_id: str | None = None, asset_pk: int | None = None
) -> Sequence[Row[Any]]:
    before = call.params.moment("before")

    def query(conn: Connection) -> Sequence[Row[Any]]:
        if dag_id is not None and dags.find_dag(conn, dag_id, tenant_id=call.tenant_id) is None:
            raise unknown(dag_id)
        return assets.queued(conn, tenant_id=call.tenant_id, dag_id=dag_id, asset_pk=asset_pk, before=before)

    return await call.read(query)


def _collection(rows: Sequence[Row[Any]]) -> Response:
    return answer({"queued_events": [shapes.queued(row) for row in rows], "total_entries": len(rows)})


async def _drop(call: Call, rows: Sequence[Row[Any]], what: str) -> Response:
    if not rows:
        raise NotFound(f"Queue event with {what} was not found")
    await call.write(lambda conn: assets.drop_queued(conn, rows))
    await call.record("delete_queued_asset_events", extra={"what": what})
    return nothing()


@router.get(_ASSETS + "/{asset_id:int}/queuedEvents")
async def get_asset_queued_events(asset_id: int, call: Viewer) -> Response:
    return _collection(await _queued(call, asset_pk=asset_id))


@router.delete(_ASSETS + "/{asset_id:int}/queuedEvents")
async def delete_asset_queued_events(asset_id: int, call: Editor) -> Response:
    return await _drop(call, await _queued(call, asset_pk=asset_id), f"asset_id: `{asset_id}`")


@router.get(_OF_DAG + "/queuedEvents")
async def get_dag_asset_queued_events(dag_id: str, call: Viewer) -> Response:
    return _collection(await _queued(call, dag_id=dag_id))


@router.delete(_OF_DAG + "/queuedEvents")
async def delete_dag_asset_queued_events(dag_id: str, call: Editor) -> Response:
    return await _drop(call, await _queued(call, dag_id=dag_id), f"dag_id: `{dag_id}`")


@router.get(_OF_DAG + "/{asset_id:int}/queuedEvents")
async def get_dag_asset_queued_event(dag_id: str, asset_id: int, call: Viewer) -> Response:
    rows = await _queued(call, dag_id=dag_id, asset_pk=asset_id)
    if not rows:
        what = f"dag_id: `{dag_id}` and asset_id: `{asset_id}`"
        raise NotFound(f"Queued event with {what} was not found")
    return answer(shapes.queued(rows[0]))


@router.delete(_OF_DAG + "/{asset_id:int}/queuedEvents")
async def delete_dag_asset_queued_event(dag_id: str, asset_id: int, call: Editor) -> Response:
    rows = await _queued(call, dag_id=dag_id, asset_pk=asset_id)
    return await _drop(call, rows, f"dag_id: `{dag_id}` and asset_id: `{asset_id}`")


@router.get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents")
async def get_upstream_asset_events(dag_id: str, dag_run_id: str, call: Viewer) -> Response:
    def query(conn: Connection) -> Json:
        run = the_run(conn, call, dag_id, dag_run_id)
        rows = assets.events_of_run(conn, tenant_id=call.tenant_id, run_pk=run.pk)
        return {"asset_events": _events(conn, rows), "total_entries": len(rows)}

    return answer(await call.read(query))


@router.get("/ui/next_run_assets/{dag_id}")
async def next_run_assets(dag_id: str, call: Viewer) -> Response:
    def query(conn: Connection) -> Json:
        dag = dags.find_dag(conn, dag_id, tenant_id=call.tenant_id)
        if dag is None:
            raise NotFound(f"Dag with id {dag_id} was not found")
        condition = None
        if dag.version_pk is not None:
            condition = timetable_of(call.specs.get(conn, dag.version_pk)).assets
        events = [
            {"id": row.pk, "uri": row.uri, "name": row.name, "lastUpdate": row.last_update}
            for row in assets.next_run(conn, dag.pk)
        ]
        return {"asset_expression": shapes.expression(condition), "events": events}

    return answer(await call.read(query))
