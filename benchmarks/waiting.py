"""`make bench-waiting`: many sensors in one control plane, what they cost, and how late they fire.

All wait for a moment. Most of these lie a day ahead; the rest come due evenly during the measured seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.results_file import keep
from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.engine import operations
from leoflow_server.application import running
from leoflow_server.services import Services
from tests.api.server import settings

GOALS = {"waiting_peak_rss_mb": 1000.0, "waiting_late_p99_ms": 1000.0}
TASKS = 1_000  # in one run


def document(tasks: int, wait: dict[str, Any]) -> dict[str, Any]:
    base = {"type": "operator", "operator_class": "x.Sensor", "execution_mode": "inline", "pool": "wide"}
    described = [{**base, "task_id": f"wait_{number}", "wait": wait} for number in range(tasks)]
    return {
        "schema_version": "1.0",
        "dag_id": f"waits_{wait['at'][:19].replace(':', '-')}",
        "tasks": described,
        "max_active_runs": 1_000_000,
        "max_active_tasks": 1_000_000,
    }


async def begin(services: Services, sensors: int, wait: dict[str, Any]) -> list[int]:
    """Starts runs until that many sensors wait; returns their runs."""
    runs = []
    while sensors > 0:
        described = document(min(TASKS, sensors), wait)
        sensors -= TASKS

        def body(tx: Any, described: dict[str, Any] = described) -> int:
            registered = operations.register_version(tx, described, tenant_id=1, created_by="bench", meta={})
            return int(operations.trigger_run(tx, tenant_id=1, dag_id=registered.dag.dag_id).pk)

        runs.append(await services.engine.apply(body))
    for run in runs:
        await until(services, run, TaskState.UP_FOR_RESCHEDULE, TaskState.SUCCESS)
    return runs


async def until(services: Services, run: int, *states: TaskState) -> list[Any]:
    while True:
        rows = await services.store.read(lambda tx: tx.tasks(run))
        if all(row.state in states for row in rows):
            return rows
        await asyncio.sleep(0.2)


async def measure(home: Path, sensors: int, rate: int, seconds: int) -> dict[str, float]:
    async with running(settings(home)) as (services, _):
        await services.store.write_rows(widen)
        await services.engine.wait_until_planning()
        began = time.perf_counter()
        far = {"for": "date_time", "at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
        await begin(services, sensors - rate * seconds, far)
        started = time.perf_counter() - began
        moments = [datetime.now(UTC) + timedelta(seconds=15 + number) for number in range(seconds)]
        due: dict[int, datetime] = {}
        for moment in moments:
            for run in await begin(services, rate, {"for": "date_time", "at": moment.isoformat()}):
                due[run] = moment
        cpu = time.process_time()
        idle_from = time.perf_counter()
        late = []
        for run in due:
            for row in await until(services, run, TaskState.SUCCESS):
                late.append((row.end_date - due[run]).total_seconds() * 1000)
        spent = (time.process_time() - cpu) / (time.perf_counter() - idle_from)
    late.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
    return {
        "waiting_sensors": float(sensors),
        "waiting_started_per_s": (sensors - rate * seconds) / started,
        "waiting_peak_rss_mb": peak,
        "waiting_late_p50_ms": statistics.median(late),
        "waiting_late_p99_ms": late[int(len(late) * 0.99)],
        "waiting_cpu_share_while_firing": spent,
    }


def widen(conn: Any) -> None:
    from sqlalchemy import insert

    from leoflow_server.store.tables import pools

    conn.execute(insert(pools).values(tenant_id=1, name="wide", slots=-1, description=""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sensors", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=100, help="how many come due each second")
    parser.add_argument("--seconds", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        results = asyncio.run(measure(Path(home) / "home", asked.sensors, asked.rate, asked.seconds))
    table = Table("measure", "value", "goal", title=f"{asked.sensors:,} sensors that wait")
    for name, value in results.items():
        table.add_row(name, f"{value:,.2f}", f"≤ {GOALS[name]:,.0f}" if name in GOALS else "")
    Console().print(table)
    keep(results)


if __name__ == "__main__":
    main()
