"""The grid and the graph of a DAG."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection

from leoflow_runtime.artifact import DagSpec
from leoflow_server.api.airflow.dags import current, unknown
from leoflow_server.api.answers import NDJSON, answer, lines
from leoflow_server.api.call import Call, Viewer
from leoflow_server.api.errors import NotFound
from leoflow_server.api.params import Params
from leoflow_server.api.queries import dags, runs, tasks, versions
from leoflow_server.api.shapes import runs as shapes
from leoflow_server.api.structure import render

router = APIRouter(prefix="/ui")


def _runs(conn: Connection, call: Call, dag_id: str, params: Params) -> list[Any]:
    return runs.list_runs(
        conn,
        tenant_id=call.tenant_id,
        dag_id=dag_id,
        params=params,
        window=params.window(),
        default=("-run_after",),
    ).rows


def _narrowed(spec: DagSpec, params: Params) -> DagSpec:
    root = params.text("root")
    if root is None:
        return spec
    return render.subset(
        spec,
        root,
        upstream=bool(params.flag("include_upstream")),
        downstream=bool(params.flag("include_downstream")),
        depth=params.integer("depth", least=0),
    )


@router.get("/grid/runs/{dag_id}")
async def get_grid_runs(dag_id: str, call: Viewer) -> Response:
    params, now = call.params, datetime.now(UTC)
    rows = await call.read(lambda conn: _runs(conn, call, dag_id, params))
    return answer([shapes.grid_run(row, now) for row in rows])


@router.get("/grid/structure/{dag_id}")
async def get_dag_structure(dag_id: str, call: Viewer) -> Response:
    params = call.params

    def query(conn: Connection) -> list[dict[str, Any]]:
        _, spec = current(call, conn, dag_id)
        older = sorted({row.version_pk for row in _runs(conn, call, dag_id, params)}, reverse=True)
        specs = [spec] if spec else []
        found = call.specs.many(conn, older)
        specs += [found[pk] for pk in older if spec is None or found[pk] is not spec]
        return render.merge_grids([render.grid_nodes(_narrowed(one, params)) for one in specs])

    return answer(await call.read(query))


@router.get("/grid/ti_summaries/{dag_id}")
async def get_grid_ti_summaries_stream(dag_id: str, call: Viewer) -> Response:
    run_ids = call.params.texts("run_ids")
    await call.read(lambda conn: current(call, conn, dag_id))

    def summary(conn: Connection, run_id: str) -> dict[str, Any] | None:
        run = runs.find_run(conn, tenant_id=call.tenant_id, dag_id=dag_id, run_id=run_id)
        if run is None:
            return None
        spec = call.specs.get(conn, run.version_pk)
        items = render.summaries(spec, tasks.in_run(conn, run.pk), run.version_number)
        return {"run_id": run_id, "dag_id": dag_id, "task_instances": items}

    async def stream() -> AsyncIterator[bytes]:
        for run_id in run_ids:
            found = await call.read(partial(summary, run_id=run_id))
            if found is not None:
                yield lines([found])

    return StreamingResponse(stream(), media_type=NDJSON)


@router.get("/structure/structure_data")
async def structure_data(call: Viewer) -> Response:
    params = call.params
    dag_id = params.required("dag_id")
    number = params.integer("version_number")

    def query(conn: Connection) -> dict[str, Any]:
        row = versions.find_version(conn, tenant_id=call.tenant_id, dag_id=dag_id, number=number)
        if row is None and dags.find_dag(conn, dag_id, tenant_id=call.tenant_id) is None:
            raise unknown(dag_id)
        if row is None:
            raise NotFound(f"Dag with id {dag_id} and version number {number} was not found")
        return render.graph(_narrowed(call.specs.get(conn, row.pk), params))

    return answer(await call.read(query))
