"""DAGs and their versions as JSON."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.engine.timetables import timetable_of
from leoflow_server.api.queries.listing import duration
from leoflow_server.api.shapes.assets import expression
from leoflow_server.api.shapes.cron_text import describe

Json = dict[str, Any]


def dag(row: Row[Any], spec: DagSpec | None) -> Json:
    """`DAGResponse`. `spec` is the current version; None: nothing is registered any more."""
    return {
        "dag_id": row.dag_id,
        "dag_display_name": row.display_name,
        "is_paused": row.is_paused,
        "is_stale": row.is_stale,
        "last_parsed_time": row.registered_at,
        "last_parse_duration": None,
        "last_expired": None,
        "bundle_name": row.bundle_name,
        "bundle_version": row.version_label,
        "relative_fileloc": row.relative_fileloc,
        "fileloc": row.relative_fileloc,
        "description": row.description,
        "timetable_summary": row.timetable_summary,
        "timetable_description": describe(spec.schedule) if spec else None,
        "timetable_partitioned": False,
        "tags": [
            {"name": name, "dag_id": row.dag_id, "dag_display_name": row.display_name} for name in row.tags
        ],
        "max_active_tasks": row.max_active_tasks,
        "max_active_runs": row.max_active_runs,
        "max_consecutive_failed_dag_runs": 0,
        "has_task_concurrency_limits": spec is not None and _limits_tasks(spec),
        "has_import_errors": bool(row.has_import_errors),
        "next_dagrun_logical_date": row.next_logical_date,
        "next_dagrun_data_interval_start": row.next_interval_start,
        "next_dagrun_data_interval_end": row.next_interval_end,
        "next_dagrun_run_after": row.next_run_after,
        "allowed_run_types": None,
        "owners": [owner.strip() for owner in row.owner.split(",") if owner.strip()],
        "file_token": file_token(row),
    }


def dag_with_runs(row: Row[Any], spec: DagSpec | None, runs: Sequence[Row[Any]]) -> Json:
    """`DAGWithLatestDagRunsResponse`."""
    return {
        **dag(row, spec),
        "asset_expression": expression(timetable_of(spec).assets) if spec else None,
        "latest_dag_runs": [light_run(run, row.dag_id) for run in runs],
        "pending_actions": [],
        "is_favorite": bool(row.is_favorite),
    }


def dag_details(row: Row[Any], spec: DagSpec | None, active_runs: int) -> Json:
    """`DAGDetailsResponse`."""
    return {
        **dag(row, spec),
        "owner_links": None,
        "catchup": spec.catchup if spec else False,
        "dag_run_timeout": _iso_duration(spec.dagrun_timeout_seconds) if spec else None,
        "asset_expression": expression(timetable_of(spec).assets) if spec else None,
        "doc_md": spec.doc_md if spec else None,
        "start_date": spec.start_date if spec else None,
        "end_date": spec.end_date if spec else None,
        "is_paused_upon_creation": spec.is_paused_upon_creation if spec else None,
        "params": params(spec) if spec else {},
        "render_template_as_native_obj": False,
        "template_search_path": None,
        "timezone": spec.schedule_timezone if spec else None,
        "last_parsed": row.registered_at,
        "default_args": dict(spec.document.get("default_args", {})) if spec else None,
        "is_favorite": bool(row.is_favorite),
        "active_runs_count": active_runs,
        "concurrency": row.max_active_tasks,
        "latest_dag_version": current_version(row) if row.version_uuid else None,
    }


def params(spec: DagSpec) -> Json:
    """The parameters as the trigger form reads them."""
    return {
        name: {
            "value": param["value"],
            "schema": dict(param.get("schema", {})),
            "description": param.get("description"),
            "source": "dag",
        }
        for name, param in spec.params.items()
    }


def version(row: Row[Any]) -> Json:
    """`DagVersionResponse` of a row of `dag_versions`."""
    return {
        "id": row.uuid,
        "version_number": row.number,
        "dag_id": row.dag_id,
        "bundle_name": row.bundle_name,
        "bundle_version": row.label,
        "created_at": row.created_at,
        "dag_display_name": row.display_name,
        "bundle_url": None,
    }


def current_version(row: Row[Any]) -> Json:
    """`DagVersionResponse` of the version that a DAG, run or task row was joined with."""
    return {
        "id": row.version_uuid,
        "version_number": row.version_number,
        "dag_id": row.dag_id,
        "bundle_name": row.bundle_name,
        "bundle_version": row.version_label,
        "created_at": row.version_created_at,
        "dag_display_name": row.display_name,
        "bundle_url": None,
    }


def light_run(row: Row[Any], dag_id: str) -> Json:
    """`DAGRunLightResponse`."""
    return {
        "id": row.pk,
        "dag_id": dag_id,
        "run_id": row.run_id,
        "logical_date": row.logical_date,
        "run_after": row.run_after,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "state": row.state,
        "duration": duration(row.start_date, row.end_date),
    }


def file_token(row: Row[Any]) -> str:
    """Names the file of a DAG; opaque to clients."""
    text = f"{row.bundle_name}\0{row.relative_fileloc}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _limits_tasks(spec: DagSpec) -> bool:
    return any(task.max_active_tis_per_dag or task.max_active_tis_per_dagrun for task in spec.tasks)


def _iso_duration(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    whole = timedelta(seconds=seconds)
    text = f"P{whole.days}D" if whole.days else "P"
    rest = whole.seconds + whole.microseconds / 1e6
    return f"{text}T{rest:g}S" if rest or not whole.days else text


def moment_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
