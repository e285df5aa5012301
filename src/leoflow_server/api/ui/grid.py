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
_RUNS_AT_ONCE = 25


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
    """A line per run. The usual handful comes in one piece; many runs come as they are read."""
    run_ids = call.params.texts("run_ids")
    parts = [run_ids[begin : begin + _RUNS_AT_ONCE] for begin in range(0, len(run_ids), _RUNS_AT_ONCE)]
    first = await call.read(partial(_summaries, call=call, dag_id=dag_id, run_ids=parts[0] if parts else []))
    if len(parts) <= 1:
        return Response(first, media_type=NDJSON)

    async def stream() -> AsyncIterator[bytes]:
        yield first
        for part in parts[1:]:
            yield await call.read(partial(_summaries, call=call, dag_id=dag_id, run_ids=part))

    return StreamingResponse(stream(), media_type=NDJSON)


def _summaries(conn: Connection, *, call: Call, dag_id: str, run_ids: list[str]) -> bytes:
    """Unknown runs are left out. Raises NotFound for an unknown DAG."""
    if dags.find_dag(conn, dag_id, tenant_id=call.tenant_id) is None:
        raise unknown(dag_id)
    found = {
        row.run_id: row
        for row in runs.find_runs(conn, tenant_id=call.tenant_id, dag_id=dag_id, run_ids=run_ids)
    }
    specs = call.specs.many(conn, [run.version_pk for run in found.values()])
    per_run = tasks.states_in_runs(conn, [run.pk for run in found.values()])
    return lines(
        {
            "run_id": run_id,
            "dag_id": dag_id,
            "task_instances": render.summaries(
                specs[run.version_pk], per_run.get(run.pk, ()), run.version_number
            ),
        }
        for run_id, run in ((run_id, found[run_id]) for run_id in dict.fromkeys(run_ids) if run_id in found)
    )


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
