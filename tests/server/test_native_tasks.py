"""Waits and calls that need no process, in a whole control plane: on record, in the log, over restarts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.rows import RunRow, TaskRow
from leoflow_server.access.vault import StoredConnection, write_connection
from leoflow_server.application import running
from leoflow_server.logs import LogKey
from leoflow_server.native import NATIVE_HOST
from leoflow_server.services import Services
from tests.api.server import settings
from tests.executors.native.web import Web, web_server

DEADLINE = 20.0


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as web:
        yield web


def document(*tasks: dict[str, Any], dag_id: str = "shop") -> dict[str, Any]:
    base = {"type": "operator", "operator_class": "x.Y", "execution_mode": "inline"}
    described = [{**base, **task} for task in tasks]
    return {"schema_version": "1.0", "dag_id": dag_id, "tasks": described}


async def trigger(services: Services, described: dict[str, Any], **how: Any) -> RunRow:
    def body(tx: Any) -> RunRow:
        registered = operations.register_version(tx, described, tenant_id=1, created_by="test", meta={})
        return operations.trigger_run(tx, tenant_id=1, dag_id=registered.dag.dag_id, **how)

    return await services.engine.apply(body)


async def task_of(services: Services, run: RunRow, task_id: str) -> TaskRow:
    rows = await services.store.read(lambda tx: tx.tasks(run.pk))
    return next(row for row in rows if row.task_id == task_id)


async def until(services: Services, run: RunRow, task_id: str, *states: TaskState) -> TaskRow:
    async with asyncio.timeout(DEADLINE):
        while (row := await task_of(services, run, task_id)).state not in states:
            await asyncio.sleep(0.01)
    return row


async def log_of(services: Services, run: RunRow, row: TaskRow, dag_id: str = "shop") -> list[str]:
    assert row.launch_id is not None
    key = LogKey(
        tenant_id=1,
        dag_id=dag_id,
        run_id=run.run_id,
        task_id=row.task_id,
        map_index=-1,
        launch_id=row.launch_id,
    )
    text = (await services.logs.read(key)).decode()
    return [json.loads(line)["event"] for line in text.splitlines()]


def play(tmp_path: Path, *acts: Callable[[Services], Any], **changes: Any) -> None:
    """Each act in a control plane of its own, on the same record: between two, it was restarted."""

    async def one(act: Callable[[Services], Any]) -> None:
        async with running(settings(tmp_path / "home", **changes)) as (services, _):
            await act(services)

    for act in acts:
        asyncio.run(one(act))


def test_a_call_leaves_its_answer_its_log_and_no_process(tmp_path: Path, web: Web) -> None:
    web.answer("/orders", '{"id": 7}')

    async def act(services: Services) -> None:
        stored = StoredConnection(
            conn_id="shop", conn_type="http", host="127.0.0.1", port=web.port, password="pw", login="bob"
        )
        await services.store.write_rows(
            lambda conn: write_connection(conn, services.access.cipher, 1, stored, now=datetime.now(UTC))
        )
        request = {"method": "POST", "url": "orders", "conn_id": "shop", "body": "{{ run_id }}"}
        call = {"task_id": "call", "type": "http_api", "http_request": request}
        run = await trigger(services, document(call))

        row = await until(services, run, "call", TaskState.SUCCESS)

        assert web.asked[0].headers["authorization"] == "Basic Ym9iOnB3"
        assert web.asked[0].body == run.run_id
        launch = await services.store.read(lambda tx: tx.launch(row.launch_id or 0))
        assert launch is not None
        assert launch.host == NATIVE_HOST
        assert await log_of(services, run, row) == ["POST orders", "The answer is 200 OK."]

    play(tmp_path, act)


def test_a_call_that_fails_says_why_and_is_tried_again(tmp_path: Path, web: Web) -> None:
    web.answer("/orders", status=500)
    web.answer("/orders", "fine")

    async def act(services: Services) -> None:
        request = {"method": "GET", "url": f"{web.url}/orders"}
        call = {
            "task_id": "call",
            "type": "http_api",
            "http_request": request,
            "retries": 1,
            "retry_delay_seconds": 0,
        }
        run = await trigger(services, document(call))

        row = await until(services, run, "call", TaskState.SUCCESS)

        assert row.try_number == 2

    play(tmp_path, act)


def test_metadata_of_the_cloud_is_not_to_be_had(tmp_path: Path) -> None:
    async def act(services: Services) -> None:
        request = {"method": "GET", "url": "http://169.254.169.254/latest/meta-data/"}
        run = await trigger(
            services, document({"task_id": "call", "type": "http_api", "http_request": request})
        )

        row = await until(services, run, "call", TaskState.FAILED)

        [_, why] = await log_of(services, run, row)
        assert "169.254.169.254 (169.254.169.254) is an address that the control plane must not call" in why

    play(tmp_path, act)


def test_a_sensor_sees_a_task_of_another_dag_end(tmp_path: Path) -> None:
    date = datetime(2026, 5, 1, tzinfo=UTC)
    wait = {"for": "external_task", "dag_id": "etl", "task_ids": ["load"], "seconds": 3600}
    waits = document({"task_id": "wait", "wait": wait, "sensor": {"poke_interval_seconds": 0.05}})
    load = {"schema_version": "1.0", "dag_id": "etl", "tasks": [{"task_id": "load", "type": "empty"}]}

    async def act(services: Services) -> None:
        run = await trigger(services, waits, logical_date=date)
        row = await until(services, run, "wait", TaskState.RUNNING)
        assert row.launch_id is not None

        await trigger(services, load, logical_date=date.replace(day=30, month=4, hour=23))

        row = await until(services, run, "wait", TaskState.SUCCESS)
        assert await log_of(services, run, row) == ["Waiting for load of DAG etl."]

    play(tmp_path, act)


def test_a_long_wait_outlives_the_control_plane_and_comes_back_at_its_moment(tmp_path: Path) -> None:
    waits = document({"task_id": "wait", "wait": {"for": "time_delta", "seconds": 4}})
    runs: list[RunRow] = []

    async def begin(services: Services) -> None:
        run = await trigger(services, waits)
        runs.append(run)
        row = await until(services, run, "wait", TaskState.UP_FOR_RESCHEDULE)
        assert row.due_at is not None
        assert abs((row.due_at - run.run_after).total_seconds() - 4) < 0.01

    async def end(services: Services) -> None:
        row = await until(services, runs[0], "wait", TaskState.SUCCESS)
        assert row.try_number == 1, "a reschedule is no try"
        assert row.end_date is not None
        assert (row.end_date - runs[0].run_after).total_seconds() >= 4

    play(tmp_path, begin, end)


def test_what_looks_again_and_again_is_taken_up_by_the_next_control_plane(tmp_path: Path, web: Web) -> None:
    web.answer("/ready", status=404)
    wait = {"for": "http", "request": {"method": "GET", "url": f"{web.url}/ready"}}
    waits = document({"task_id": "wait", "wait": wait, "sensor": {"poke_interval_seconds": 0.05}})
    runs: list[RunRow] = []
    launches: list[int | None] = []

    async def begin(services: Services) -> None:
        runs.append(await trigger(services, waits))
        launches.append((await until(services, runs[0], "wait", TaskState.RUNNING)).launch_id)

    async def end(services: Services) -> None:
        web.answers["/ready"] = [(200, {}, "yes")]
        row = await until(services, runs[0], "wait", TaskState.SUCCESS)
        assert [row.launch_id] == launches, "it is the same launch still"

    play(tmp_path, begin, end)


def test_clearing_what_waits_stops_it_and_starts_it_anew(tmp_path: Path) -> None:
    wait = {"for": "external_task", "dag_id": "never"}
    waits = document({"task_id": "wait", "wait": wait})

    async def act(services: Services) -> None:
        run = await trigger(services, waits, logical_date=datetime(2026, 5, 1, tzinfo=UTC))
        first = await until(services, run, "wait", TaskState.RUNNING)
        await services.engine.apply(lambda tx: operations.clear_tasks(tx, dag_id="shop", run_id=run.run_id))

        async with asyncio.timeout(DEADLINE):
            while (await task_of(services, run, "wait")).launch_id == first.launch_id:
                await asyncio.sleep(0.01)
        launch = await services.store.read(lambda tx: tx.launch(first.launch_id or 0))
        assert launch is not None
        assert launch.finished_at is not None

    play(tmp_path, act)


def test_one_that_is_switched_off_leaves_such_tasks_to_processes(tmp_path: Path) -> None:
    async def act(services: Services) -> None:
        described = document({"task_id": "wait", "wait": {"for": "time_delta", "seconds": 0}})
        run = await trigger(services, described)

        # There is no code behind this document: the process that is to build the operator says so.
        row = await until(services, run, "wait", TaskState.FAILED)
        launch = await services.store.read(lambda tx: tx.launch(row.launch_id or 0))
        assert launch is not None
        assert launch.host != NATIVE_HOST
        ended = await services.store.read(lambda tx: tx.run(run.pk))
        assert ended is not None
        assert ended.state in (RunState.RUNNING, RunState.FAILED)

    play(tmp_path, act, native_tasks=False)
