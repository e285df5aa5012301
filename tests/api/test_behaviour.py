"""What the API does, beyond the shape of its answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from leoflow_runtime.domain.states import Outcome
from leoflow_server.registry import import_errors, register
from tests.api.documents import LONELY, SHOP, dag, task
from tests.api.server import Server

LINE = dag("line", task("one"), task("two", "one"), is_paused_upon_creation=False)


def instance(run: str, task_id: str, rest: str = "") -> str:
    return f"/api/v2/dags/line/dagRuns/{quote(run)}/taskInstances/{task_id}{rest}"


async def holding(server: Server) -> str:
    """A run whose first task runs and does not end."""
    await server.register(LINE)
    server.executor.script = {"one": "hold"}
    run = str((await server.trigger("line"))["dag_run_id"])
    await server.until(instance(run, "one", "/-1"), lambda found: found["state"] == "running")
    return run


def test_versions_are_numbered_found_again_and_become_current_again(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        second = {**LONELY, "description": "changed"}
        replies = [await server.register(one) for one in (LONELY, second, LONELY)]
        assert [(r.status_code, r.json()["version_number"]) for r in replies] == [
            (201, 1),
            (201, 2),
            (200, 1),
        ]
        assert (await server.get("/api/v2/dags/lonely"))["description"] is None
        source = await server.get("/api/v2/dagSources/lonely", version_number=2)
        assert source["content"] == LONELY["source"]

    tell(story)


def test_a_document_is_refused_with_all_that_is_wrong(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        post = server.client.post
        broken = dag("line", task("one", "nowhere"), task("two", "nobody"))
        reply = await post("/api/v2/dags/line/versions", json=broken)
        assert reply.status_code == 422
        assert [one["type"] for one in reply.json()["detail"]] == ["dangling-dependency"] * 2
        other = await post("/api/v2/dags/other/versions", json=LINE)
        assert (other.status_code, other.json()["detail"]) == (
            400,
            "the document is of DAG 'line', not of 'other'",
        )
        noise = await post("/api/v2/dags/line/versions", content=b"{")
        assert noise.status_code == 400
        ahead = await post(
            "/api/v2/dags/line/versions",
            json={**LINE, "tasks": [{"task_id": "one", "type": "python", "mapped": {"expand": {"x": None}}}]},
        )
        assert ahead.status_code == 422
        what = "mapping over a value that only the running file knows"
        needs = f"this release does not run yet: {what} (task `one`)"
        assert [(one["type"], one["msg"]) for one in ahead.json()["detail"]] == [("not-run-yet", needs)]
        unscheduled = await post("/api/v2/dags/line/versions", json={**LINE, "schedule": "every noon"})
        assert unscheduled.status_code == 422
        assert (await server.client.get("/api/v2/dags/line")).status_code == 404

    tell(story)


def test_a_push_cannot_say_where_files_are(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        reply = await server.client.post(
            "/api/v2/dags/line/versions", json=LINE, params={"code_path": "/etc", "bundle_name": "x"}
        )
        assert reply.status_code == 201
        assert (await server.get("/api/v2/dags/line"))["bundle_name"] == "leoflow"

    tell(story)


def test_a_removed_project_leaves_the_list_and_keeps_its_history(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(LINE)
        run = await server.trigger("line")
        await server.until_run("line", run["dag_run_id"], "success")
        assert await register.deregister(server.services, "line")
        assert (await server.get("/ui/dags"))["dags"] == []
        assert (await server.get("/api/v2/dags/line"))["is_stale"] is True
        assert (await server.get("/api/v2/dags/line/dagRuns"))["total_entries"] == 1
        refused = await server.client.post("/api/v2/dags/line/dagRuns", json={"logical_date": None})
        assert refused.status_code == 404
        await server.register(LINE)
        assert [one["dag_id"] for one in (await server.get("/ui/dags"))["dags"]] == ["line"]
        assert not await register.deregister(server.services, "unknown")

    tell(story)


def test_import_errors_come_and_go(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(LINE)
        await import_errors.put(server.services, filename="line/dag.py", text="E1", dag_id="line")
        await import_errors.put(server.services, filename="line/dag.py", text="E2", dag_id="line")
        found = (await server.get("/api/v2/importErrors"))["import_errors"]
        assert [one["stack_trace"] for one in found] == ["E2"]
        assert (await server.get("/api/v2/dags/line"))["has_import_errors"] is True
        assert await import_errors.clear(server.services, filename="line/dag.py")
        assert (await server.get("/api/v2/importErrors"))["total_entries"] == 0
        assert not await import_errors.clear(server.services, filename="line/dag.py")

    tell(story)


def test_params_are_checked_and_conf_is_kept(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(SHOP)
        wrong = await server.client.post(
            "/api/v2/dags/shop/dagRuns", json={"logical_date": None, "conf": {"count": "many"}}
        )
        assert wrong.status_code == 400
        assert "count" in wrong.json()["detail"]
        assert (await server.trigger("shop", conf={"count": 7}))["conf"] == {"count": 7}
        named = await server.trigger("shop", dag_run_id="mine")
        found = await server.get(
            "/api/v2/dags/shop/dagRuns", conf_contains='"count":7', order_by="conf", cursor=""
        )
        assert [one["conf"] for one in found["dag_runs"]] == [{"count": 7}]
        late = await server.client.post("/api/v2/dags/shop/dagRuns", json={"logical_date": "soon"})
        assert (late.status_code, late.json()["detail"][0]["loc"]) == (422, ["body", "logical_date"])
        again = await server.client.post(
            "/api/v2/dags/shop/dagRuns", json={"logical_date": None, "dag_run_id": named["dag_run_id"]}
        )
        assert again.status_code == 409
        assert again.json()["detail"]["reason"] == "Unique constraint violation"

    tell(story)


def test_the_log_grows_while_the_task_runs(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        run = await holding(server)
        path = instance(run, "one", "/logs/1")
        first = await server.until(path, lambda found: len(found["content"]) == 1)
        assert first["content"][0]["event"] == "hello from one"
        [order] = server.executor.held.values()
        await server.executor.write_log(order, "second line")
        rest = await server.get(path, token=first["continuation_token"])
        assert [line["event"] for line in rest["content"]] == ["second line"]
        ndjson = {"Accept": "application/x-ndjson"}
        live = await server.client.get(path, headers=ndjson)
        assert live.headers["content-type"].startswith("application/x-ndjson")
        assert [json.loads(line)["event"] for line in live.text.splitlines()] == [
            "hello from one",
            "second line",
        ]
        assert "airflow-continuation-token" in live.headers
        await server.executor.release("one")
        await server.until_run("line", run, "success")
        over = await server.client.get(path, headers=ndjson)
        assert "airflow-continuation-token" not in over.headers
        assert (await server.get(path))["continuation_token"] is None
        unknown = await server.client.get(instance(run, "one", "/logs/9"))
        assert unknown.status_code == 404
        forged = await server.client.get(path, params={"token": "x"})
        assert forged.status_code == 400

    tell(story)


def test_why_a_launch_was_refused_is_in_its_log(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(LINE)
        server.executor.script["one"] = "refuse"
        run = (await server.trigger("line"))["dag_run_id"]
        await server.until_run("line", run, "failed")
        found = await server.get(instance(run, "one", "/logs/1"))
        assert [line["event"] for line in found["content"]] == ["There is no image."]

    tell(story)


def test_clearing_archives_the_try_and_runs_it_again(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(LINE)
        server.executor.script = {"one": Outcome.FAILED}
        run = str((await server.trigger("line"))["dag_run_id"])
        await server.until_run("line", run, "failed")
        body: dict[str, Any] = {"dag_run_id": run, "task_ids": [["one", -1]], "include_downstream": True}
        dry = await server.client.post("/api/v2/dags/line/clearTaskInstances", json=body)
        assert {one["task_id"] for one in dry.json()["task_instances"]} == {"one", "two"}
        assert (await server.get(f"/api/v2/dags/line/dagRuns/{quote(run)}"))["state"] == "failed"
        server.executor.script = {}
        await server.client.post("/api/v2/dags/line/clearTaskInstances", json={**body, "dry_run": False})
        await server.until_run("line", run, "success")
        tries = await server.get(instance(run, "one", "/-1/tries"))
        assert [(one["try_number"], one["state"]) for one in tries["task_instances"]] == [
            (1, "failed"),
            (2, "success"),
        ]

    tell(story)


def test_marking_a_running_task_lets_the_run_go_on(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        run = await holding(server)
        dry = await server.client.patch(instance(run, "one", "/-1/dry_run"), json={"new_state": "success"})
        assert [one["task_id"] for one in dry.json()["task_instances"]] == ["one"]
        await server.client.patch(
            instance(run, "one", "/-1"), json={"new_state": "success", "note": "by hand"}
        )
        await server.until_run("line", run, "success")
        assert (await server.get(instance(run, "one", "/-1")))["note"] == "by hand"
        again = await server.client.patch(instance(run, "one"), json={"new_state": "success"})
        assert again.status_code == 409
        odd = await server.client.patch(instance(run, "one"), json={"new_state": "queued"})
        assert odd.status_code == 422

    tell(story)


def test_what_waits_says_why(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        run = await holding(server)
        found = (await server.get(instance(run, "two", "/dependencies")))["dependencies"]
        assert [one["name"] for one in found] == ["Trigger Rule"]
        assert "one" in found[0]["reason"]
        assert (await server.get(instance(run, "one", "/dependencies")))["dependencies"] == []

    tell(story)


def test_the_grid_sums_up_many_runs_in_the_order_asked_for(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(LINE)
        run_ids = [str((await server.trigger("line", dag_run_id=f"r{n}"))["dag_run_id"]) for n in range(30)]
        for run_id in run_ids:
            await server.until_run("line", run_id, "success")
        asked = [*reversed(run_ids), "unknown"]
        reply = await server.client.get("/ui/grid/ti_summaries/line", params={"run_ids": asked})
        found = [json.loads(line) for line in reply.text.splitlines()]
        assert [one["run_id"] for one in found] == asked[:-1]
        assert {task["state"] for one in found for task in one["task_instances"]} == {"success"}
        assert (await server.client.get("/ui/grid/ti_summaries/nowhere")).status_code == 404
        nothing = await server.client.get("/ui/grid/ti_summaries/line")
        assert (nothing.status_code, nothing.text) == (200, "")

    tell(story)


def test_waiting_for_a_run_ends_with_its_results(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(LINE)
        run = str((await server.trigger("line"))["dag_run_id"])
        reply = await server.client.get(
            f"/api/v2/dags/line/dagRuns/{quote(run)}/wait", params={"interval": 0.02, "result": "two"}
        )
        last = json.loads(reply.text.splitlines()[-1])
        assert last == {"state": "success", "results": {"two": {"from": "two"}}}

    tell(story)


def test_secrets_are_shown_to_nobody_and_survive_edits(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        client, base = server.client, "/api/v2/connections"
        secret = {"password": "hunter2", "extra": '{"token": "t0p", "region": "eu"}'}
        await client.post(base, json={"connection_id": "db", "conn_type": "postgres", **secret})
        shown = (await client.get(f"{base}/db")).json()
        assert shown["password"] == "***"
        assert json.loads(shown["extra"]) == {"token": "***", "region": "eu"}
        # The form sends back what it was given, and leaves out what it does not know.
        edit = {"connection_id": "db", "conn_type": "postgres", "host": "h"}
        edit |= {"password": "***", "extra": '{"token": "***", "region": "us"}'}
        assert (await client.patch(f"{base}/db", json=edit)).status_code == 200
        plain = {"connection_id": "db", "conn_type": "mysql"}
        assert (await client.patch(f"{base}/db", json=plain)).json()["host"] == "h"
        cipher = server.services.access.cipher
        from leoflow_server.access import vault

        stored = await server.services.store.read_rows(
            lambda conn: vault.read_connection(conn, cipher, 1, "db")
        )
        assert stored is not None
        assert (stored.password, stored.conn_type) == ("hunter2", "mysql")
        assert json.loads(stored.extra or "") == {"token": "t0p", "region": "us"}

        odd = await client.patch(f"{base}/db", json={**plain, "extra": "no object"})
        assert (odd.status_code, odd.json()["detail"][0]["loc"]) == (422, ["body", "extra"])

        variables = "/api/v2/variables"
        await client.post(variables, json={"key": "api_token", "value": "abc"})
        assert (await client.get(f"{variables}/api_token")).json()["value"] == "***"
        masked = {"key": "api_token", "value": "***", "description": "d"}
        await client.patch(f"{variables}/api_token", json=masked)
        await client.patch(f"{variables}/api_token", json={"key": "api_token", "description": "e"})
        value = await server.services.store.read_rows(
            lambda conn: vault.read_variable(conn, cipher, 1, "api_token")
        )
        assert value == "abc"
        everything = (await client.get("/api/v2/eventLogs", params={"limit": 1000})).text
        assert "hunter2" not in everything
        assert "abc" not in everything

    tell(story)


def test_bulk_actions_stand_or_fall_one_by_one(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        def action(name: str, entities: list[Any], **more: Any) -> dict[str, Any]:
            return {"action": name, "entities": entities, **more}

        a, b = {"key": "a", "value": "1"}, {"key": "b", "value": "2"}
        await server.client.post("/api/v2/variables", json=a)
        reply = await server.client.patch(
            "/api/v2/variables",
            json={
                "actions": [
                    action("create", [b, a]),
                    action("create", [{**a, "value": "9"}, b], action_on_existence="overwrite"),
                    action("delete", ["missing"], action_on_non_existence="skip"),
                    action("delete", ["missing"]),
                ]
            },
        )
        result = reply.json()
        assert result["create"]["success"] == ["a", "b"]
        assert [one["status_code"] for one in result["create"]["errors"]] == [409]
        assert result["delete"]["success"] == []
        assert [one["status_code"] for one in result["delete"]["errors"]] == [404]
        found = (await server.get("/api/v2/variables", order_by="key"))["variables"]
        assert [(one["key"], one["value"]) for one in found] == [("a", "9"), ("b", "2")]

    tell(story)


def test_a_mask_names_fields_as_the_wire_does(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        before = {"connection_id": "db", "conn_type": "postgres", "host": "old", "schema": "old"}
        await server.client.post("/api/v2/connections", json=before)
        after = {**before, "host": "new", "schema": "new"}
        update = {"action": "update", "entities": [after], "update_mask": ["schema"]}
        await server.client.patch("/api/v2/connections", json={"actions": [update]})
        found = await server.get("/api/v2/connections/db")
        assert (found["schema"], found["host"]) == ("new", "old")

        mask = {"update_mask": ["schema"]}
        await server.client.patch("/api/v2/connections/db", params=mask, json={**after, "schema": "newer"})
        found = await server.get("/api/v2/connections/db")
        assert (found["schema"], found["host"]) == ("newer", "old")

    tell(story)


def test_many_tasks_are_marked_at_once_or_not_at_all(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(LINE)
        run = str((await server.trigger("line"))["dag_run_id"])
        await server.until_run("line", run, "success")

        def action(*tasks: str, **more: Any) -> dict[str, Any]:
            entities = [{"task_id": one, "new_state": "failed", "note": "odd"} for one in tasks]
            return {"action": "update", "entities": entities, **more}

        path = f"/api/v2/dags/line/dagRuns/{quote(run)}/taskInstances"
        both = [action("one", "missing"), action("two", "missing", action_on_non_existence="skip")]
        reply = await server.client.patch(path, json={"actions": both})
        update = reply.json()["update"]
        assert update["success"] == [f"line.{run}.two[-1]"]
        assert [one["status_code"] for one in update["errors"]] == [404]
        found = (await server.get(path, order_by="task_id"))["task_instances"]
        assert [(one["task_id"], one["state"], one["note"]) for one in found] == [
            ("one", "success", None),
            ("two", "failed", "odd"),
        ]
        elsewhere = {"action": "update", "entities": [{"task_id": "one", "dag_id": "other", "note": "no"}]}
        assert (await server.client.patch(path, json={"actions": [elsewhere]})).status_code == 422

    tell(story)


def test_a_deleted_task_instance_leaves_nothing(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(LINE)
        run = str((await server.trigger("line"))["dag_run_id"])
        await server.until_run("line", run, "success")
        reply = await server.client.delete(instance(run, "two"))
        assert (reply.status_code, reply.json()) == (200, None)
        found = await server.get(instance(run, "two"))
        assert (found["state"], found["try_number"], found["start_date"]) == (None, 0, None)
        assert (await server.get(instance(run, "two", "/xcomEntries")))["total_entries"] == 0
        logs = [path.parts[-3] for path in server.services.settings.logs_dir.rglob("*.ndjson")]
        assert logs == ["one"]

    tell(story)


def test_a_running_run_is_stopped_and_deleted(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        run = await holding(server)
        assert len(server.executor.held) == 1
        path = f"/api/v2/dags/line/dagRuns/{quote(run)}"
        assert (await server.client.delete(path)).status_code == 204
        assert (await server.client.get(path)).status_code == 404
        await server.until("/api/v2/dags/line", lambda _: not server.executor.held)
        assert list(server.services.settings.logs_dir.rglob("*.ndjson")) == []

    tell(story)


def test_the_default_pool_stays(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        assert (await server.client.delete("/api/v2/pools/default_pool")).status_code == 400
        more = await server.client.patch("/api/v2/pools/default_pool", json={"slots": 3})
        assert more.json()["open_slots"] == 3
        renamed = await server.client.patch("/api/v2/pools/default_pool", json={"pool": "other"})
        assert renamed.status_code == 400

    tell(story)


def test_pool_slots_count_what_runs(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await holding(server)
        pool = await server.get("/api/v2/pools/default_pool")
        assert (pool["running_slots"], pool["occupied_slots"], pool["open_slots"]) == (
            1,
            1,
            pool["slots"] - 1,
        )

    tell(story)


def test_every_change_is_on_record(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(LINE)
        run = str((await server.trigger("line"))["dag_run_id"])
        await server.until_run("line", run, "success")
        await server.client.patch("/api/v2/dags/line", json={"is_paused": True})
        await server.client.patch(f"/api/v2/dags/line/dagRuns/{quote(run)}", json={"note": "n"})
        events = (await server.get("/api/v2/eventLogs", dag_id="line", order_by="id"))["event_logs"]
        assert [one["event"] for one in events] == [
            "register_dag_version",
            "trigger_dag_run",
            "patch_dag",
            "patch_dag_run",
        ]
        assert {one["owner"] for one in events} == {"admin"}

    tell(story)


def test_deleting_a_dag_leaves_nothing(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(LINE)
        run = str((await server.trigger("line"))["dag_run_id"])
        await server.until_run("line", run, "success")
        assert (await server.client.delete("/api/v2/dags/line")).status_code == 204
        assert (await server.client.get("/api/v2/dags/line")).status_code == 404
        assert list(server.services.settings.logs_dir.rglob("*.ndjson")) == []

    tell(story)


def test_an_unexpected_error_says_nothing_of_the_inside(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        from sqlalchemy import text

        await server.register(LINE)
        await server.services.store.write_rows(
            lambda conn: conn.execute(text("DROP TABLE audit_log")) and None
        )
        reply = await server.client.get("/api/v2/eventLogs")
        assert (reply.status_code, reply.json()) == (500, {"detail": "Internal Server Error"})

    tell(story)


def test_requests_are_measured_by_route_never_by_path(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        from prometheus_client import generate_latest

        await server.register(LINE)
        await server.get("/api/v2/dags/line")
        await server.client.get("/api/v2/dags/secret-name")
        shown = generate_latest(server.services.metrics.registry).decode()
        assert 'route="/api/v2/dags/{dag_id}"' in shown
        assert "secret-name" not in shown

    tell(story)
