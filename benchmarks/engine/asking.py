"""Somebody who watches a run in the UI, through the API of the same process, while the engine works."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from benchmarks.engine.pretending import Bench
from leoflow_server.access import Access
from leoflow_server.api import create_api
from leoflow_server.logs import FileLogs
from leoflow_server.observe import Metrics
from leoflow_server.services import Services
from tests.api.server import PASSWORD, settings

PAUSE = 0.02  # seconds between two questions


@asynccontextmanager
async def watched(bench: Bench, dag_id: str, run_id: str) -> AsyncIterator[dict[str, list[float]]]:
    """Asks for pages of the run until the block ends; by question, how many ms each answer took."""
    with tempfile.TemporaryDirectory(prefix="leoflow-bench-home-") as home:
        config = settings(Path(home), database_url=bench.store.url)
        access = Access.create(store=bench.store, settings=config)
        await access.bootstrap("admin", PASSWORD)
        services = Services(
            settings=config,
            store=bench.store,
            engine=bench.engine,
            logs=FileLogs(config.logs_dir),
            access=access,
            metrics=Metrics(),
        )
        transport = httpx.ASGITransport(app=create_api(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://bench.test") as client:
            reply = await client.post("/auth/token", json={"username": "admin", "password": PASSWORD})
            client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
            took: dict[str, list[float]] = {}
            asking = asyncio.ensure_future(_ask(client, dag_id, run_id, took))
            try:
                yield took
            finally:
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                services.logs.close()


async def _ask(client: httpx.AsyncClient, dag_id: str, run_id: str, took: dict[str, list[float]]) -> None:
    questions = {
        "runs": "/api/v2/dags/~/dagRuns?limit=50&order_by=-run_after",
        "instances": f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=50",
        "grid": f"/ui/grid/ti_summaries/{dag_id}?run_ids={run_id}",
    }
    while True:
        for name, path in questions.items():
            began = time.perf_counter()
            reply = await client.get(path)
            reply.raise_for_status()
            took.setdefault(name, []).append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(PAUSE)
