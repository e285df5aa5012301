"""The DAG list with its latest runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from leoflow_server.api.airflow.dags import unknown
from leoflow_server.api.answers import answer
from leoflow_server.api.call import Viewer
from leoflow_server.api.queries import dags, runs
from leoflow_server.api.queries.dags import DagFilter
from leoflow_server.api.shapes import dags as shapes

router = APIRouter(prefix="/ui/dags")


@router.get("")
async def get_dags(call: Viewer) -> Response:
    chosen = DagFilter.read(call.params, tenant_id=call.tenant_id, user_pk=call.user.pk)
    window = call.params.window()
    count = call.params.integer("dag_runs_limit", 10, least=0)
    assert count is not None

    def query(conn: Connection) -> dict[str, Any]:
        page = dags.list_dags(conn, chosen, window)
        latest = dags.latest_runs(conn, [row.pk for row in page.rows], min(count, 100))
        specs = call.specs.many(conn, [row.version_pk for row in page.rows if row.version_pk is not None])
        items = [
            shapes.dag_with_runs(row, specs.get(row.version_pk), latest.get(row.pk, [])) for row in page.rows
        ]
        return {"dags": items, "total_entries": page.total}

    return answer(await call.read(query))


@router.get("/{dag_id}/latest_run")
async def get_latest_run_info(dag_id: str, call: Viewer) -> Response:
    def query(conn: Connection) -> dict[str, Any] | None:
        if dags.find_dag(conn, dag_id, tenant_id=call.tenant_id) is None:
            raise unknown(dag_id)
        row = runs.latest_run(conn, tenant_id=call.tenant_id, dag_id=dag_id)
        return None if row is None else shapes.light_run(row, dag_id)

    return answer(await call.read(query))
