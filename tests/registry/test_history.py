"""Going back restores all that a version carries; runs keep theirs; who did what is on record."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.documents import dag, task
from tests.api.server import Server

ONE = dag("sales", task("count"), schedule="@daily", tags=["one"], max_active_runs=1)
TWO = dag("sales", task("count"), task("sum", "count"), schedule="@hourly", tags=["two"])
THREE = dag("sales", task("count"), tags=["three"], doc_md="The third.")


def test_going_back_restores_schedule_tags_and_limits(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        for document in (ONE, TWO):
            await server.register(document)
        next_hour = (await server.get("/api/v2/dags/sales"))["next_dagrun_run_after"]
        answer = (await server.client.post("/api/v2/dags/sales/rollback")).json()
        assert (answer["version_number"], answer["created"]) == (1, False)
        found = await server.get("/api/v2/dags/sales")
        assert (found["timetable_summary"], found["max_active_runs"]) == ("@daily", 1)
        assert [tag["name"] for tag in found["tags"]] == ["one"]
        assert found["next_dagrun_run_after"] > next_hour, "the next run is that of the old schedule"

    tell(story)


def test_runs_keep_the_version_that_they_began_with(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        server.executor.script["count"] = "hold"
        await server.register(ONE)
        await server.register(TWO)
        run = await server.trigger("sales")
        path = f"/api/v2/dags/sales/dagRuns/{run['dag_run_id']}"
        await server.until(f"{path}/taskInstances/count", lambda found: found["state"] == "running")
        await server.client.post("/api/v2/dags/sales/rollback")
        await server.executor.release("count")
        finished = await server.until_run("sales", run["dag_run_id"], "success", "failed")
        assert finished["dag_versions"][0]["version_number"] == 2
        tasks = (await server.get(f"{path}/taskInstances"))["task_instances"]
        assert sorted((one["task_id"], one["state"]) for one in tasks) == [
            ("count", "success"),
            ("sum", "success"),
        ]

    tell(story)


def test_the_history_says_who_and_how(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        for document in (ONE, TWO, TWO, THREE):
            await server.register(document)
        await server.client.post("/api/v2/dags/sales/rollback", json={"to": "1"})
        listed = await server.get("/api/v2/dags/sales/deployments")
        assert [(one["version_number"], one["via"], one["by"]) for one in listed["deployments"]] == [
            (1, "rollback", "admin"),
            (3, "push", "admin"),
            (2, "push", "admin"),
            (1, "push", "admin"),
        ], "what was current already is no deployment"
        assert listed["total_entries"] == 4
        events = (await server.get("/api/v2/eventLogs", event="roll_back_dag"))["event_logs"]
        assert [(one["dag_id"], one["owner"]) for one in events] == [("sales", "admin")]

    tell(story)


def test_a_version_is_known_by_number_and_by_digest(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        for document in (ONE, TWO, THREE):
            await server.register(document)
        versions = (await server.get("/api/v2/dags/sales/versions"))["versions"]
        for wanted in ("2", f"@{versions[0]['content_digest']}", f"@{versions[1]['document_digest']}"):
            reply = await server.client.post("/api/v2/dags/sales/rollback", json={"to": wanted})
            assert reply.status_code == 200, wanted

    tell(story)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 404, "has no version before the current one"),
        ({"to": "7"}, 404, "has no version 7"),
        ({"to": "@sha256:ff"}, 404, "has no version @sha256:ff"),
        ({"version": 1}, 422, "extra_forbidden"),
    ],
)
def test_what_is_not_there_is_said(
    tell: Callable[..., None], body: dict[str, object], status: int, words: str
) -> None:
    async def story(server: Server) -> None:
        await server.register(ONE)
        reply = await server.client.post("/api/v2/dags/sales/rollback", json=body)
        assert (reply.status_code, words in reply.text) == (status, True), reply.text
        assert (await server.client.post("/api/v2/dags/nobody/rollback")).status_code == 404
        assert (await server.client.get("/api/v2/dags/nobody/deployments")).status_code == 404

    tell(story)
