"""Every answer that we give where Airflow has an operation has the shape of Airflow's own document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from leoflow_runtime.domain.states import Outcome
from leoflow_server.registry import import_errors
from tests.api import openapi
from tests.api.documents import FLEET, LONELY, SHOP, dag, task
from tests.api.server import Server

pytestmark = pytest.mark.timeout(120)

READS = [
    line
    for line in Path(__file__).with_name("reads.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


ORDERS = {"name": "orders", "uri": "s3://shop/orders"}
PRODUCER = dag("producer", task("make", outlets=[ORDERS, {"alias": "daily"}]))
CONSUMER = dag(
    "consumer",
    task("use", inlets=[ORDERS]),
    schedule={"assets": {"all": [ORDERS, {"ref": "rates"}]}},
    is_paused_upon_creation=False,
)
BACKFILL = {"dag_id": "shop", "from_date": "2024-02-01T00:00:00Z", "to_date": "2024-02-02T00:00:00Z"}


async def seed(server: Server) -> tuple[str, str]:
    """A server where everything has happened once. Returns the ids of a failed run and of a live one."""
    for document in (SHOP, LONELY, FLEET):
        assert (await server.register(document)).status_code == 201
    changed = {**SHOP, "description": "A better shop"}
    server.executor.script = {"clean.trim": Outcome.FAILED_NO_RETRY}
    failed = (await server.trigger("shop", conf={"count": 2}, note="first"))["dag_run_id"]
    await server.until_run("shop", failed, "failed")
    # A second try of the failed task.
    body = {"dag_run_id": failed, "task_ids": ["clean.trim"], "dry_run": False, "only_failed": False}
    reply = await server.client.post("/api/v2/dags/shop/clearTaskInstances", json=body)
    assert reply.status_code == 200, reply.text
    await server.until_run("shop", failed, "failed")
    await server.register(changed)
    server.executor.script = {"extract": "hold"}
    live = (await server.trigger("shop"))["dag_run_id"]
    await server.until(
        f"/api/v2/dags/shop/dagRuns/{quote(live)}/taskInstances/extract/-1",
        lambda task: task["state"] == "running",
    )
    server.executor.lengths = {"ports": 2}
    await server.trigger("fleet", dag_run_id="sailed")
    await server.until_run("fleet", "sailed", "success")
    await server.client.post("/api/v2/variables", json={"key": "city", "value": "Oslo"})
    connection = {"connection_id": "store_db", "conn_type": "postgres", "password": "s3cret", "port": 5432}
    await server.client.post("/api/v2/connections", json=connection)
    await server.client.post("/api/v2/dags/shop/favorite")
    await server.client.post("/api/v2/backfills", json=BACKFILL)
    for document in (PRODUCER, CONSUMER):
        await server.register(document)
    await server.client.post("/api/v2/assets/events", json={"asset_id": 1, "extra": {"rows": 3}})
    await import_errors.put(server.services, filename="broken/dag.py", text="E101 no", dag_id="broken")
    return failed, live


async def read_everything(server: Server) -> None:
    run, live = await seed(server)
    found: list[str] = []
    for template in READS:
        path = template.replace("{run}", quote(run)).replace("{live}", quote(live))
        reply = await server.client.get(path)
        if reply.status_code != 200:
            found.append(f"{template}: {reply.status_code} {reply.text[:200]}")
            continue
        found += openapi.problems("GET", path, 200, reply.json())
    assert not found, "\n".join(found)


def test_every_read_has_the_documented_shape(tell: Callable[..., None]) -> None:
    tell(read_everything)


def test_every_read_works_on_postgresql(tell: Callable[..., None], empty_postgresql: str) -> None:
    tell(read_everything, database_url=empty_postgresql)


def test_the_reads_cover_what_the_ui_asks_for() -> None:
    """Each documented GET is read above, or its absence is deliberate."""
    absent = {
        # Single things of kinds that there are none of.
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails/tries/{try_number}",
        "/ui/pending_partitioned_dag_run/{dag_id}/{partition_key}",
        # No JSON, or a redirection.
        "/api/v2/auth/login",
        "/api/v2/auth/logout",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait",
        "/ui/grid/ti_summaries/{dag_id}",
        # Nowhere to go.
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/externalLogUrl/{try_number}",
    }
    read = {openapi.find("GET", path.replace("{run}", "r").replace("{live}", "r"))[0] for path in READS}
    documented = {path for method, path in openapi.operations() if method == "GET"}
    assert documented - read - absent == set()
    assert read & absent == set()


def _writes(run_id: str, live: str) -> list[tuple[str, str, Any, int]]:
    """(method, path, body, expected status), in an order in which each can succeed."""
    run = quote(run_id)
    instance = f"/api/v2/dags/shop/dagRuns/{run}/taskInstances/extract"
    pool = {"name": "small", "slots": 2}
    variable = {"key": "town", "value": {"a": 1}, "description": "where"}
    connection = {"connection_id": "web", "conn_type": "http", "schema": "https", "extra": '{"token": "t"}'}
    names = [
        ("pools", pool, "name"),
        ("variables", variable, "key"),
        ("connections", connection, "connection_id"),
    ]
    admin: list[tuple[str, str, Any, int]] = []
    for kind, body, key in names:
        path = f"/api/v2/{kind}"
        admin += [
            ("POST", path, body, 201),
            ("POST", path, body, 409),
            ("PATCH", f"{path}/{body[key]}", body if kind != "pools" else {"slots": 5}, 200),
            ("PATCH", path, {"actions": [{"action": "delete", "entities": [body[key]]}]}, 200),
            ("DELETE", f"{path}/{body[key]}", None, 404),
        ]
    return [
        *admin,
        ("PATCH", "/api/v2/dags/shop", {"is_paused": False}, 200),
        ("POST", "/api/v2/backfills", BACKFILL, 409),
        ("POST", "/api/v2/backfills/dry_run", BACKFILL, 200),
        ("POST", "/api/v2/backfills", {**BACKFILL, "dag_id": "nowhere"}, 404),
        ("POST", "/api/v2/backfills", {**BACKFILL, "to_date": "never"}, 422),
        ("PUT", "/api/v2/backfills/1/pause", None, 200),
        ("PUT", "/api/v2/backfills/1/unpause", None, 200),
        ("PUT", "/api/v2/backfills/1/cancel", None, 200),
        ("PUT", "/api/v2/backfills/1/cancel", None, 409),
        ("PUT", "/api/v2/backfills/99/cancel", None, 404),
        ("POST", "/api/v2/assets/events", {"asset_id": 1, "extra": {}}, 200),
        ("POST", "/api/v2/assets/events", {"asset_id": 99, "extra": {}}, 404),
        ("POST", "/api/v2/assets/1/materialize", {}, 200),
        ("POST", "/api/v2/assets/99/materialize", {}, 404),
        ("DELETE", "/api/v2/dags/consumer/assets/queuedEvents", None, 204),
        ("DELETE", "/api/v2/assets/1/queuedEvents", None, 404),
        ("PATCH", "/api/v2/dags?dag_id_pattern=lonely", {"is_paused": False}, 200),
        ("POST", "/api/v2/dags/lonely/dagRuns", {"logical_date": "2024-05-01T00:00:00Z"}, 200),
        ("POST", "/api/v2/dags/lonely/dagRuns", {"logical_date": "2024-05-01T00:00:00Z"}, 409),
        ("POST", "/api/v2/dags/nowhere/dagRuns", {"logical_date": None}, 404),
        ("POST", "/api/v2/dags/shop/dagRuns", {"logical_date": None, "conf": {"count": 0}}, 400),
        ("POST", "/api/v2/dags/shop/dagRuns", {"logical_date": "soon"}, 422),
        ("POST", "/api/v2/dags/~/dagRuns/list", {"dag_ids": ["shop"], "states": ["failed"]}, 200),
        ("POST", "/api/v2/dags/~/dagRuns/~/taskInstances/list", {"dag_ids": ["shop"], "page_limit": 2}, 200),
        ("PATCH", f"/api/v2/dags/shop/dagRuns/{run}", {"note": "seen"}, 200),
        ("POST", f"/api/v2/dags/shop/dagRuns/{run}/clear", {"dry_run": True}, 200),
        ("POST", f"/api/v2/dags/shop/dagRuns/{run}/clear", {"dry_run": True, "only_new": True}, 200),
        ("PATCH", f"{instance}/dry_run", {"new_state": "failed", "include_downstream": True}, 200),
        ("PATCH", f"{instance}/-1/dry_run", {"new_state": "failed"}, 200),
        ("PATCH", instance, {"note": "a task's note"}, 200),
        ("PATCH", instance, {"new_state": "skipped"}, 200),
        ("POST", f"{instance}/xcomEntries", {"key": "k", "value": [1, None]}, 201),
        ("POST", f"{instance}/xcomEntries", {"key": "k", "value": 1}, 409),
        ("PATCH", f"{instance}/xcomEntries/k", {"value": {"b": 2}}, 200),
        ("DELETE", f"{instance}/xcomEntries/k", None, 204),
        ("POST", "/api/v2/dags/shop/clearTaskInstances", {"dag_run_id": run_id, "dry_run": True}, 200),
        (
            "PATCH",
            f"/api/v2/dags/shop/dagRuns/{run}/taskInstances",
            {"actions": [{"action": "update", "entities": [{"task_id": "extract", "note": "seen"}]}]},
            200,
        ),
        ("DELETE", instance, None, 200),
        ("DELETE", f"{instance}s", None, 404),
        ("DELETE", f"/api/v2/dags/shop/dagRuns/{live}", None, 204),
        ("POST", "/api/v2/dags/shop/unfavorite", None, 204),
        ("POST", "/ui/auth/token", {"token_type": "cli"}, 200),
        # Documented as 200; Airflow itself answers 204.
        ("DELETE", "/api/v2/dags/lonely", None, 204),
    ]


def test_every_write_has_the_documented_shape(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        run, live = await seed(server)
        found: list[str] = []
        undocumented = {("DELETE", 409), ("POST", 409)}
        for method, path, body, status in _writes(run, quote(live)):
            reply = await server.client.request(method, path, json=body)
            if reply.status_code != status:
                found.append(f"{method} {path}: {reply.status_code}, not {status}: {reply.text[:300]}")
            elif status != 204 and reply.content:
                problems = list(openapi.problems(method, path, status, reply.json()))
                if (method, status) in undocumented:
                    problems = [one for one in problems if "is not documented" not in one]
                    assert "detail" in reply.json()
                found += problems
        assert not found, "\n".join(found)

    tell(story)
