"""Assets over HTTP: who names them, updates by hand, what waits, the runs that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.api.documents import dag, task
from tests.api.server import Server

ORDERS = {"name": "orders", "uri": "s3://shop/orders"}
RATES = {"name": "rates", "uri": "s3://rates"}
PRODUCER = dag("producer", task("make", outlets=[ORDERS]), is_paused_upon_creation=False)
CONSUMER = dag(
    "consumer",
    task("use", inlets=[RATES]),
    schedule={"assets": {"all": [ORDERS, RATES]}},
    is_paused_upon_creation=False,
)


async def ids(server: Server) -> dict[str, int]:
    for document in (PRODUCER, CONSUMER):
        assert (await server.register(document)).status_code == 201
    found = await server.get("/api/v2/assets", order_by="name")
    return {one["name"]: one["id"] for one in found["assets"]}


async def update(server: Server, asset_id: int, **extra: Any) -> dict[str, Any]:
    body = {"asset_id": asset_id, "extra": extra}
    reply = await server.client.post("/api/v2/assets/events", json=body)
    assert reply.status_code == 200, reply.text
    made: dict[str, Any] = reply.json()
    return made


def test_who_names_an_asset(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        pks = await ids(server)
        orders = await server.get(f"/api/v2/assets/{pks['orders']}")
        assert [one["dag_id"] for one in orders["scheduled_dags"]] == ["consumer"]
        assert [(one["dag_id"], one["task_id"]) for one in orders["producing_tasks"]] == [
            ("producer", "make")
        ]
        rates = await server.get(f"/api/v2/assets/{pks['rates']}")
        assert [(one["dag_id"], one["task_id"]) for one in rates["consuming_tasks"]] == [("consumer", "use")]
        assert (await server.get("/api/v2/assets", dag_ids="producer"))["total_entries"] == 1
        assert (await server.get("/api/v2/assets", uri_pattern="shop"))["total_entries"] == 1
        shown = await server.get("/api/v2/dags/consumer/details")
        assert shown["asset_expression"]["all"][0]["asset"]["name"] == "orders"
        assert shown["timetable_summary"] == "Asset"
        assert (await server.get("/ui/dags", has_asset_schedule="true"))["dags"][0]["dag_id"] == "consumer"

    tell(story)


def test_updates_wait_until_all_are_there_and_make_a_run(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        pks = await ids(server)
        made = await update(server, pks["orders"], rows=3)
        assert made["extra"] == {"rows": 3, "from_rest_api": True}
        waiting = await server.get("/api/v2/dags/consumer/assets/queuedEvents")
        assert [one["asset_id"] for one in waiting["queued_events"]] == [pks["orders"]]
        one = f"/api/v2/dags/consumer/assets/{pks['orders']}/queuedEvents"
        assert (await server.get(one))["dag_display_name"] == "consumer"
        upcoming = await server.get("/ui/next_run_assets/consumer")
        assert [entry["lastUpdate"] is not None for entry in upcoming["events"]] == [False, True]
        await update(server, pks["rates"])
        runs = await server.until(
            "/api/v2/dags/consumer/dagRuns",
            lambda found: found["total_entries"] == 1 and found["dag_runs"][0]["state"] == "success",
        )
        (run,) = runs["dag_runs"]
        assert (run["run_type"], run["triggered_by"]) == ("asset_triggered", "asset")
        path = f"/api/v2/dags/consumer/dagRuns/{run['dag_run_id']}/upstreamAssetEvents"
        consumed = await server.get(path)
        assert [entry["name"] for entry in consumed["asset_events"]] == ["orders", "rates"]
        assert consumed["asset_events"][0]["created_dagruns"][0]["run_id"] == run["dag_run_id"]
        assert (await server.get("/api/v2/dags/consumer/assets/queuedEvents"))["total_entries"] == 0
        events = await server.get("/api/v2/assets/events", asset_id=str(pks["orders"]))
        assert events["total_entries"] == 1
        by_asset = await server.get("/api/v2/dags/~/dagRuns", consuming_asset_pattern="orders")
        assert by_asset["total_entries"] == 1

    tell(story)


def test_what_waits_is_dropped(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        pks = await ids(server)
        await update(server, pks["orders"])
        path = "/api/v2/dags/consumer/assets/queuedEvents"
        assert (await server.client.delete(path)).status_code == 204
        assert (await server.client.delete(path)).status_code == 404
        await update(server, pks["rates"])
        assert (await server.get("/api/v2/dags/consumer/dagRuns"))["total_entries"] == 0

    tell(story)


def test_an_asset_is_materialized_by_the_dag_that_makes_it(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        pks = await ids(server)
        made = await server.client.post(f"/api/v2/assets/{pks['orders']}/materialize", json={})
        assert made.json()["run_type"] == "asset_materialization"
        assert made.json()["dag_id"] == "producer"
        none = await server.client.post(f"/api/v2/assets/{pks['rates']}/materialize", json={})
        assert none.status_code == 404
        body = {"asset_id": 99, "extra": {}}
        assert (await server.client.post("/api/v2/assets/events", json=body)).status_code == 404

    tell(story)
