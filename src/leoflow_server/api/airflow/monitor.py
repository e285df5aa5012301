"""Version, health, jobs, configuration, import errors, the audit log. There are no providers or plugins."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection, Row

from leoflow_server.api.answers import answer
from leoflow_server.api.call import Viewer
from leoflow_server.api.errors import NotFound
from leoflow_server.api.queries import admin
from leoflow_server.api.shapes.dags import moment_text

if TYPE_CHECKING:
    from leoflow_server.services import Services

router = APIRouter(prefix="/api/v2")
# The version of the API and UI that is spoken; ours is in the configuration.
AIRFLOW_VERSION = "3.2.2"
_ALIVE = timedelta(seconds=30)
# The settings that may be shown: no secret, no path that leads to one.
_SHOWN = (
    "host",
    "port",
    "base_path",
    "instance_name",
    "lite",
    "default_paused",
    "token_seconds",
    "capacity",
    "heartbeat_seconds",
    "heartbeat_lost_seconds",
    "idle_zygote_seconds",
    "max_zygotes",
    "orphan_seconds",
    "log_format",
    "log_level",
)


@router.get("/version")
async def get_version() -> Response:
    return answer({"version": AIRFLOW_VERSION, "git_version": None})


@router.get("/monitor/health")
async def get_health(request: Request) -> Response:
    services: Services = request.app.state.services
    database = "healthy"
    lease: Row[Any] | None = None
    try:
        lease = await services.store.read_rows(admin.planner_lease)
    except Exception:  # noqa: BLE001 - whatever is wrong with the store is what is asked here
        database = "unhealthy"
    now = datetime.now(UTC)
    beat = services.engine.last_beat if services.engine.is_planning else None
    is_planned = beat is not None and now - beat < _ALIVE
    # Another replica may be the planner.
    is_planned = is_planned or (lease is not None and lease.expires_at > now)
    return answer(
        {
            "metadatabase": {"status": database},
            "scheduler": {
                "status": "healthy" if is_planned else "unhealthy",
                "latest_scheduler_heartbeat": moment_text(beat),
            },
            # There is no such process: nothing waits for one.
            "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
            "dag_processor": None,
        }
    )


@router.get("/jobs")
async def get_jobs(call: Viewer) -> Response:
    """The planner is the one job there is."""
    lease = await call.read(admin.planner_lease)
    beat = call.services.engine.last_beat if call.services.engine.is_planning else None
    jobs: list[dict[str, Any]] = []
    if lease is not None:
        alive = lease.expires_at > datetime.now(UTC)
        jobs.append(
            {
                "id": lease.epoch,
                "dag_id": None,
                "state": "running" if alive else "failed",
                "job_type": "SchedulerJob",
                "start_date": None,
                "end_date": None,
                "latest_heartbeat": beat,
                "executor_class": None,
                # An owner is `host:what tells its planners apart`.
                "hostname": lease.owner.partition(":")[0],
                "unixname": None,
                "dag_display_name": None,
            }
        )
    params = call.params
    for name, wanted in (("job_type", params.text("job_type")), ("state", params.text("job_state"))):
        jobs = [job for job in jobs if wanted is None or job[name] == wanted]
    wanted_alive = params.flag("is_alive")
    jobs = [job for job in jobs if wanted_alive is None or (job["state"] == "running") is wanted_alive]
    return answer({"jobs": jobs, "total_entries": len(jobs)})


@router.get("/providers")
async def get_providers(call: Viewer) -> Response:
    return answer({"providers": [], "total_entries": 0})


@router.get("/plugins")
async def get_plugins(call: Viewer) -> Response:
    return answer({"plugins": [], "total_entries": 0})


@router.get("/plugins/importErrors")
async def import_errors(call: Viewer) -> Response:
    return answer({"import_errors": [], "total_entries": 0})


def _config(services: Services) -> dict[str, dict[str, str]]:
    settings = services.settings
    values = {name: str(getattr(settings, name)) for name in _SHOWN}
    return {"leoflow": {"version": installed("leoflow"), "airflow_api_version": AIRFLOW_VERSION, **values}}


@router.get("/config")
async def get_config(call: Viewer) -> Response:
    sections = _config(call.services)
    wanted = call.params.text("section")
    if wanted is not None:
        if wanted not in sections:
            raise NotFound(f"Section {wanted} not found.")
        sections = {wanted: sections[wanted]}
    if call.request.headers.get("accept", "").startswith("text/plain"):
        text = "\n\n".join(
            f"[{name}]\n" + "\n".join(f"{key} = {value}" for key, value in options.items())
            for name, options in sections.items()
        )
        return Response(text, media_type="text/plain")
    shaped = [
        {"name": name, "options": [{"key": key, "value": value} for key, value in options.items()]}
        for name, options in sections.items()
    ]
    return answer({"sections": shaped})


@router.get("/config/section/{section}/option/{option}")
async def get_config_value(section: str, option: str, call: Viewer) -> Response:
    value = _config(call.services).get(section, {}).get(option)
    if value is None:
        raise NotFound(f"Option [{section}/{option}] not found.")
    if call.request.headers.get("accept", "").startswith("text/plain"):
        return Response(f"[{section}]\n{option} = {value}", media_type="text/plain")
    return answer({"sections": [{"name": section, "options": [{"key": option, "value": value}]}]})


def _import_error(row: Row[Any]) -> dict[str, Any]:
    return {
        "import_error_id": row.pk,
        "timestamp": row.created_at,
        "filename": row.filename,
        "bundle_name": row.bundle_name,
        "stack_trace": row.stack_trace,
    }


@router.get("/importErrors")
async def get_import_errors(call: Viewer) -> Response:
    params, window = call.params, call.params.window()
    page = await call.read(
        lambda conn: admin.list_import_errors(conn, tenant_id=call.tenant_id, params=params, window=window)
    )
    return answer({"import_errors": [_import_error(row) for row in page.rows], "total_entries": page.total})


@router.get("/importErrors/{import_error_id}")
async def get_import_error(import_error_id: int, call: Viewer) -> Response:
    row = await call.read(lambda conn: admin.find_import_error(conn, call.tenant_id, import_error_id))
    if row is None:
        raise NotFound(f"The ImportError with import_error_id: `{import_error_id}` was not found")
    return answer(_import_error(row))


def _event(row: Row[Any]) -> dict[str, Any]:
    return {
        "event_log_id": row.pk,
        "when": row.when,
        "dag_id": row.dag_id,
        "task_id": row.task_id,
        "run_id": row.run_id,
        "map_index": row.map_index,
        "try_number": row.try_number,
        "event": row.event,
        "logical_date": row.logical_date,
        "owner": row.owner,
        "extra": None if row.extra is None else json.dumps(row.extra),
        "dag_display_name": row.display_name,
        "task_display_name": row.task_id,
    }


@router.get("/eventLogs")
async def get_event_logs(call: Viewer) -> Response:
    params, window = call.params, call.params.window()

    def query(conn: Connection) -> dict[str, Any]:
        page = admin.list_events(conn, tenant_id=call.tenant_id, params=params, window=window)
        return {"event_logs": [_event(row) for row in page.rows], "total_entries": page.total}

    return answer(await call.read(query))


@router.get("/eventLogs/{event_log_id}")
async def get_event_log(event_log_id: int, call: Viewer) -> Response:
    row = await call.read(lambda conn: admin.find_event(conn, call.tenant_id, event_log_id))
    if row is None:
        raise NotFound(f"The Event Log with id: `{event_log_id}` not found")
    return answer(_event(row))
