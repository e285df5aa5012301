"""The home page's numbers, the calendar, the Gantt chart."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.engine.timetables import timetable_of
from leoflow_runtime.schedule import DataInterval
from leoflow_server.api.airflow.dags import current
from leoflow_server.api.answers import answer
from leoflow_server.api.call import Viewer
from leoflow_server.api.errors import NotFound, Unprocessable
from leoflow_server.api.params import Range
from leoflow_server.api.queries import dashboard, runs, tasks
from leoflow_server.api.shapes import tasks as task_shapes

router = APIRouter(prefix="/ui")
_MOST_PLANNED = 2000
_STEPS = {"hourly": 3600, "daily": 86_400}


@router.get("/dashboard/dag_stats")
async def dag_stats(call: Viewer) -> Response:
    return answer(await call.read(lambda conn: dashboard.dag_counts(conn, tenant_id=call.tenant_id)))


@router.get("/dashboard/historical_metrics_data")
async def historical_metrics(call: Viewer) -> Response:
    call.params.required("start_date")
    start, end = call.params.moment("start_date"), call.params.moment("end_date")
    if start is None:
        raise Unprocessable.one(["query", "start_date"], "Field required")
    run_states, task_states = await call.read(
        lambda conn: dashboard.state_counts(
            conn, tenant_id=call.tenant_id, start=start, end=end, now=datetime.now(UTC)
        )
    )
    return answer(
        {
            "dag_run_states": run_states,
            "task_instance_states": task_states,
            "state_count_limit": dashboard.COUNT_LIMIT,
        }
    )


@router.get("/calendar/{dag_id}")
async def get_calendar(dag_id: str, call: Viewer) -> Response:
    granularity = call.params.choice("granularity", ("hourly", "daily"), "daily")
    bounds = call.params.range("logical_date")
    step = _STEPS[granularity]

    def query(conn: Connection) -> list[dict[str, Any]]:
        row, spec = current(call, conn, dag_id)
        past = dashboard.runs_by_time(conn, dag_pk=row.pk, bounds=bounds, step_seconds=step)
        cells = [
            {"date": datetime.fromtimestamp(one.bucket, UTC), "state": one.state, "count": one.runs}
            for one in past
        ]
        return cells + (_planned(row, spec, bounds, step) if spec else [])

    cells = await call.read(query)
    return answer({"total_entries": len(cells), "dag_runs": cells})


def _planned(row: Row[Any], spec: DagSpec, bounds: Range, step: int) -> list[dict[str, Any]]:
    """The slots to come within `bounds`, at most to the end of this year."""
    slot_at: datetime | None = row.next_logical_date or row.next_run_after
    # Slot by slot, as a catch-up would take them.
    timetable = dataclasses.replace(timetable_of(spec), catchup=True)
    if slot_at is None or not timetable.is_scheduled or timetable.is_continuous:
        return []
    interval = DataInterval(start=slot_at, end=row.next_interval_end or slot_at)
    now = datetime.now(UTC)
    last = min(datetime(now.year + 1, 1, 1, tzinfo=UTC), _bound(bounds.lte), _bound(bounds.lt))
    counts: Counter[int] = Counter()
    for _ in range(_MOST_PLANNED):
        if slot_at > last:
            break
        if bounds.gte is None or slot_at >= _bound(bounds.gte):
            seconds = int(slot_at.timestamp())
            counts[seconds - seconds % step] += 1
        following = timetable.next_slot(interval, now=now)
        # A timetable that does not move on has no more slots.
        if following is None or following.logical_date <= slot_at:
            break
        slot_at, interval = following.logical_date, following.data_interval
    return [
        {"date": datetime.fromtimestamp(bucket, UTC), "state": "planned", "count": count}
        for bucket, count in counts.items()
    ]


def _bound(value: datetime | float | None) -> datetime:
    return value if isinstance(value, datetime) else datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


@router.get("/gantt/{dag_id}/{run_id}")
async def get_gantt_data(dag_id: str, run_id: str, call: Viewer) -> Response:
    def query(conn: Connection) -> list[dict[str, Any]]:
        run = runs.find_run(conn, tenant_id=call.tenant_id, dag_id=dag_id, run_id=run_id)
        rows = tasks.gantt(conn, run.pk) if run is not None else []
        if run is None or not rows:
            raise NotFound(f"No task instances for dag_id={dag_id} run_id={run_id}")
        known = call.specs.tasks(conn, [run.version_pk])[run.version_pk]
        return [
            {
                "task_id": one.task_id,
                "task_display_name": task_shapes.name_of(known.get(one.task_id), one.task_id),
                "try_number": one.try_number,
                "state": one.state,
                "scheduled_dttm": one.scheduled_at,
                "queued_dttm": one.queued_at,
                "start_date": one.start_date,
                "end_date": one.end_date,
                "is_group": False,
                "is_mapped": False,
            }
            for one in rows
        ]

    return answer({"dag_id": dag_id, "run_id": run_id, "task_instances": await call.read(query)})
