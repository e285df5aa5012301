"""Instances of mapped tasks in the API, as the UI asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leoflow_runtime.domain.states import Outcome
from tests.api.documents import FLEET, SHOP
from tests.api.server import Server

pytestmark = pytest.mark.timeout(120)
RUN = "/api/v2/dags/fleet/dagRuns/sailed"


async def sailed(server: Server, *, state: str = "success") -> None:
    server.executor.lengths = {"ports": 2}
    server.executor.names = {("sail", 0): "the Ann"}
    await server.register(FLEET)
    await server.trigger("fleet", dag_run_id="sailed")
    await server.until_run("fleet", "sailed", state)


async def get(server: Server, path: str, **params: Any) -> Any:
    reply = await server.client.get(path, params=params)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_instances_are_listed_by_number_and_by_name(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await sailed(server)
        listed = await get(server, f"{RUN}/taskInstances/sail/listMapped")
        assert [(one["map_index"], one["rendered_map_index"]) for one in listed["task_instances"]] == [
            (0, "the Ann"),
            (1, "1"),
            (2, "2"),
        ]
        found = await get(server, f"{RUN}/taskInstances", rendered_map_index_pattern="ann")
        assert [one["map_index"] for one in found["task_instances"]] == [0]
        whole = await get(server, f"{RUN}/taskInstances", task_group_id="stop", map_index=1)
        assert sorted(one["task_id"] for one in whole["task_instances"]) == ["stop.leave", "stop.load"]
        one = await get(server, f"{RUN}/taskInstances/sail/2")
        assert (one["map_index"], one["state"]) == (2, "success")

    tell(story)


def test_an_instance_that_is_not_named_is_told_how_to_name_it(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await sailed(server)
        await server.register(SHOP)
        shop = (await server.trigger("shop"))["dag_run_id"]
        for path, detail in (
            (f"{RUN}/taskInstances/sail", "Task instance is mapped, add the map_index value to the URL"),
            (f"{RUN}/taskInstances/ports/listMapped", "Task id ports is not mapped"),
            (f"{RUN}/taskInstances/nobody/listMapped", "Task id nobody not found"),
        ):
            reply = await server.client.get(path)
            assert (reply.status_code, reply.json()["detail"]) == (404, detail)
        assert shop

    tell(story)


def test_the_grid_and_the_graph_show_what_is_mapped(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        server.executor.script = {"stop.leave": Outcome.FAILED_NO_RETRY}
        await sailed(server, state="failed")
        nodes = {one["id"]: one for one in await get(server, "/ui/grid/structure/fleet")}
        assert {name: one["is_mapped"] for name, one in nodes.items()} == {
            "ports": None,
            "sail": True,
            "stop": True,
            "log": None,
        }
        assert {one["id"]: one["is_mapped"] for one in nodes["stop"]["children"]} == {
            "stop.load": True,
            "stop.leave": True,
        }
        graph = await get(server, "/ui/structure/structure_data", dag_id="fleet")
        assert {one["id"]: one.get("is_mapped") for one in graph["nodes"]} == {
            "ports": None,
            "sail": True,
            "stop": True,
            "log": None,
        }
        summed = await get(server, "/ui/grid/ti_summaries/fleet", run_ids="sailed")
        states = {one["task_id"]: (one["state"], one["child_states"]) for one in summed["task_instances"]}
        assert states["sail"] == ("success", {"success": 3})
        assert states["stop.leave"] == ("failed", {"failed": 2})
        assert states["stop"] == ("failed", {"failed": 2, "success": 2})
        assert (await get(server, "/api/v2/dags/fleet/tasks/sail"))["is_mapped"] is True

    tell(story)


def test_one_instance_is_cleared_and_marked_alone(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await sailed(server)
        server.executor.script = {"sail": "hold"}
        body = {"dag_run_id": "sailed", "task_ids": [["sail", 1]], "dry_run": False, "only_failed": False}
        reply = await server.client.post("/api/v2/dags/fleet/clearTaskInstances", json=body)
        assert [one["map_index"] for one in reply.json()["task_instances"]] == [1]
        await server.until(f"{RUN}/taskInstances/sail/1", lambda one: one["state"] == "running")
        others = await get(server, f"{RUN}/taskInstances", task_id="sail", state="success")
        assert [one["map_index"] for one in others["task_instances"]] == [0, 2]
        marked = await server.client.patch(f"{RUN}/taskInstances/sail/1", json={"new_state": "failed"})
        assert [one["map_index"] for one in marked.json()["task_instances"]] == [1]
        # What follows was not cleared: it is the leaf that decides.
        await server.until_run("fleet", "sailed", "success")
        tries = await get(server, f"{RUN}/taskInstances/sail/1/tries")
        assert [one["state"] for one in tries["task_instances"]] == ["success", "failed"]

    tell(story)


def test_logs_and_values_are_those_of_the_instance(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await sailed(server)
        entries = await get(server, f"{RUN}/taskInstances/sail/xcomEntries", map_index=2)
        assert [one["map_index"] for one in entries["xcom_entries"]] == [2]
        reply = await server.client.get(f"{RUN}/taskInstances/sail/logs/1", params={"map_index": 2})
        assert "hello from sail" in reply.text

    tell(story)
