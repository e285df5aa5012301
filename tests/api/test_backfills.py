"""Backfills over HTTP: made, looked at, held, ended; and every refusal in Airflow's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.api.documents import dag, task
from tests.api.server import Server

NIGHTLY = dag(
    "nightly",
    task("only"),
    schedule="@daily",
    start_date="2031-01-01T00:00:00+00:00",
    is_paused_upon_creation=False,
)
RANGE = {
    "dag_id": "nightly",
    "from_date": "2024-02-01T00:00:00Z",
    "to_date": "2024-02-04T00:00:00Z",
}


async def post(server: Server, path: str = "", **changes: Any) -> Any:
    return await server.client.post(f"/api/v2/backfills{path}", json={**RANGE, **changes})


def test_a_backfill_from_its_plan_to_its_end(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(NIGHTLY)
        plan = (await post(server, "/dry_run")).json()
        assert plan["total_entries"] == 4
        assert plan["backfills"][0]["logical_date"] == "2024-02-01T00:00:00Z"
        assert (await server.get("/api/v2/backfills", dag_id="nightly"))["total_entries"] == 0

        made = (await post(server, max_active_runs=2, dag_run_conf={"a": 1})).json()
        assert (made["dag_id"], made["is_paused"], made["max_active_runs"]) == ("nightly", False, 2)
        path = f"/api/v2/backfills/{made['id']}"
        done = await server.until(path, lambda found: found["completed_at"] is not None)
        assert done["reprocess_behavior"] == "none"
        progress = await server.get(f"{path}/runs")
        assert progress["counts"] == {"success": 4}
        assert progress["runs"][0]["dag_run_id"] == "backfill__2024-02-01T00:00:00+00:00"
        run = await server.get(f"/api/v2/dags/nightly/dagRuns/{progress['runs'][0]['dag_run_id']}")
        assert (run["run_type"], run["triggered_by"], run["conf"]) == ("backfill", "backfill", {"a": 1})
        assert (await server.get("/ui/backfills", dag_id="nightly", active="true"))["total_entries"] == 0
        assert (await server.get("/ui/backfills", active="false"))["total_entries"] == 1

    tell(story)


def test_a_backfill_is_paused_unpaused_and_cancelled(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(NIGHTLY)
        server.executor.script = {"only": "hold"}
        made = (await post(server, max_active_runs=1)).json()
        path = f"/api/v2/backfills/{made['id']}"
        assert (await server.client.put(f"{path}/pause")).json()["is_paused"] is True
        assert (await server.client.put(f"{path}/unpause")).json()["is_paused"] is False
        assert (await post(server)).status_code == 409
        assert (await server.client.put(f"{path}/cancel")).json()["completed_at"] is not None
        again = await server.client.put(f"{path}/cancel")
        assert (again.status_code, again.json()["detail"]) == (409, "Backfill is already completed.")
        assert (await server.get(f"{path}/runs"))["counts"] == {"running": 1, "cancelled": 3}

    tell(story)


def test_what_is_refused(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(NIGHTLY)
        assert (await post(server, dag_id="nobody")).status_code == 404
        assert (await server.client.get("/api/v2/backfills/77")).status_code == 404
        missing = await server.client.put("/api/v2/backfills/77/pause")
        assert missing.json()["detail"] == "Could not find backfill with id 77"
        future = await post(server, from_date="2040-01-01T00:00:00Z", to_date="2040-02-01T00:00:00Z")
        assert future.status_code == 422
        assert future.json()["detail"][0]["msg"] == "Backfill cannot be executed for future dates."
        assert (await post(server, max_active_runs=0)).status_code == 422
        assert (await server.client.get("/api/v2/backfills")).status_code == 422

    tell(story)
