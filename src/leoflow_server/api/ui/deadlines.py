"""The deadlines of a run, and whether it missed them."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, select

from leoflow_runtime.engine.deadlines import deadlines_of
from leoflow_server.api.airflow.runs import the_run
from leoflow_server.api.answers import answer
from leoflow_server.api.call import Viewer
from leoflow_server.store.runs import deadlines
from leoflow_server.store.tables import missed_deadlines

router = APIRouter()


@router.get("/ui/dags/{dag_id}/dagRuns/{dag_run_id}/deadlines")
async def get_deadlines(dag_id: str, dag_run_id: str, call: Viewer) -> Response:
    def query(conn: Connection) -> dict[str, Any]:
        run = the_run(conn, call, dag_id, dag_run_id)
        spec = call.specs.get(conn, run.version_pk)
        noted = select(missed_deadlines.c.position).where(missed_deadlines.c.run_pk == run.pk)
        missed = set(conn.execute(noted).scalars())
        items = [
            {
                "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"leoflow:run:{run.pk}:deadline:{position}")),
                "deadline_time": when,
                "missed": position in missed,
                "created_at": run.queued_at,
                "alert_name": None,
                "alert_description": None,
            }
            for position, when in enumerate(deadlines_of(spec, run, deadlines(conn, run.pk)))
            if when is not None
        ]
        return {"deadlines": items, "total_entries": len(items)}

    return answer(await call.read(query))
