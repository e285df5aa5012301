"""DAG runs as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from leoflow_server.api.queries.listing import duration
from leoflow_server.api.shapes.dags import current_version

Json = dict[str, Any]


def run(row: Row[Any]) -> Json:
    """`DAGRunResponse`."""
    return {
        "dag_run_id": row.run_id,
        "dag_id": row.dag_id,
        "logical_date": row.logical_date,
        "queued_at": row.queued_at,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "duration": duration(row.start_date, row.end_date),
        "data_interval_start": row.data_interval_start,
        "data_interval_end": row.data_interval_end,
        "run_after": row.run_after,
        "last_scheduling_decision": row.last_decision_at,
        "run_type": row.run_type,
        "state": row.state,
        "triggered_by": row.triggered_by,
        "triggering_user_name": row.triggering_user,
        "conf": row.conf or {},
        "note": row.note,
        "dag_versions": [current_version(row)],
        "bundle_version": row.version_label,
        "dag_display_name": row.display_name,
        "partition_key": row.partition_key,
    }


def grid_run(row: Row[Any], now: datetime) -> Json:
    """`GridRunsResponse`; the duration of an unfinished run counts to now."""
    return {
        "dag_id": row.dag_id,
        "run_id": row.run_id,
        "queued_at": row.queued_at,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "run_after": row.run_after,
        "state": row.state,
        "run_type": row.run_type,
        "dag_versions": [current_version(row)],
        "has_missed_deadline": bool(row.has_missed_deadline),
        "duration": duration(row.start_date, row.end_date or now) or 0.0,
    }
