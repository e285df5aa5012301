"""What Airflow has and this server does not (yet): truthful empty lists, and 404 for the single ones."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from leoflow_server.api.airflow.dags import unknown
from leoflow_server.api.answers import answer
from leoflow_server.api.call import Call, Editor, Viewer
from leoflow_server.api.errors import ApiError
from leoflow_server.api.queries import dags

router = APIRouter(prefix="/api/v2")

_LISTS = {
    "/dagWarnings": "dag_warnings",
}


def _empty(name: str) -> dict[str, Any]:
    return {name: [], "total_entries": 0}


def _add(path: str, name: str) -> None:
    @router.get(path, name=f"get_{name}")
    async def get_list(call: Viewer) -> Response:
        call.params.window()
        return answer(_empty(name))


for _path, _name in _LISTS.items():
    _add(_path, _name)


async def _known(call: Call, dag_id: str) -> None:
    def query(conn: Connection) -> None:
        if dag_id != "~" and dags.find_dag(conn, dag_id, tenant_id=call.tenant_id) is None:
            raise unknown(dag_id)

    await call.read(query)


@router.get("/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails")
async def get_hitl_details(dag_id: str, dag_run_id: str, call: Viewer) -> Response:
    await _known(call, dag_id)
    return answer(_empty("hitl_details"))


@router.put("/parseDagFile/{file_token:path}")
async def reparse_dag_file(file_token: str, call: Editor) -> Response:
    raise ApiError(404, "DAG files are compiled where they are written, not parsed by this server")
