"""A registry that goes away while it is asked again and again, and comes back."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.api.server import Server
from tests.registry.conftest import Shelf
from tests.registry_server import free_port, registry_server


def test_a_dag_keeps_its_version_while_the_registry_is_away(
    tell: Callable[..., None], tmp_path: Path, repository: str
) -> None:
    port, running = free_port(), ExitStack()

    def begin() -> None:
        running.enter_context(registry_server(tmp_path / "registry", port=port))

    begin()
    shelf = Shelf(f"127.0.0.1:{port}", tmp_path / "registry")
    daily = shelf.artifact(repository, "1-dag", schedule="@daily")
    hourly = shelf.artifact(repository, "2-dag", schedule="@hourly")
    shelf.move(repository, "prod", daily)
    channel = "/api/v2/dags/sales/channel"

    async def story(server: Server) -> None:
        followed = {"reference": f"{shelf.host}/{repository}:prod"}
        assert (await server.client.put(channel, json=followed)).status_code == 200

        await to_thread(running.close)
        away = await server.until(
            "/api/v2/importErrors", lambda found: found["total_entries"] == 1, seconds=30
        )
        (error,) = away["import_errors"]
        assert error["filename"] == followed["reference"]
        assert shelf.host in error["stack_trace"]
        assert "\n" not in error["stack_trace"]
        assert (await server.get(channel))["digest"] == daily
        assert (await server.get("/api/v2/dags/sales"))["timetable_summary"] == "@daily"
        await server.client.patch("/api/v2/dags/sales", json={"is_paused": False})
        run = await server.client.post("/api/v2/dags/sales/dagRuns", json={"logical_date": None})
        place = f"/api/v2/dags/sales/dagRuns/{run.json()['dag_run_id']}"
        await server.until(place, lambda found: found["state"] == "success")

        await to_thread(begin)
        # Looks become rarer with each failure.
        await server.until("/api/v2/importErrors", lambda found: found["total_entries"] == 0, seconds=30)
        assert (await server.get(channel))["error"] is None
        await to_thread(shelf.move, repository, "prod", hourly)
        await server.until(
            "/api/v2/dags/sales", lambda dag: dag["timetable_summary"] == "@hourly", seconds=30
        )
        assert (await server.get("/api/v2/dags/sales/deployments"))["total_entries"] == 2

    with running:
        tell(story, registries=(shelf.host,))
