"""The native executor against a scripted host, with a real web server where it calls one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.executors.native.executor import NativeExecutor
from leoflow_runtime.executors.native.guard import AddressPolicy
from leoflow_runtime.executors.native.work import (
    ConnectionMissing,
    Ended,
    ExternalTasks,
    HttpConnection,
    NativeTask,
    RunTimes,
)
from tests.engine.executor_conformance import ExecutorConformance, order
from tests.executors.native.web import Web, web_server

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TIMES = RunTimes(run_id="r", run_after=NOW, logical_date=NOW, data_interval_start=NOW, data_interval_end=NOW)


@dataclass
class ScriptedHost:
    """`tasks`: what is under each launch; `found`: the states that each look sees, the last one again."""

    tasks: dict[int, NativeTask] = field(default_factory=dict)
    connections: dict[str, HttpConnection] = field(default_factory=dict)
    found: list[list[str | None]] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    looked_for: list[ExternalTasks] = field(default_factory=list)
    ended: dict[int, Ended] = field(default_factory=dict)
    failures_of_finish: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, launch_id: int) -> NativeTask | None:
        return self.tasks.get(launch_id)

    async def say(self, launch_id: int, level: str, text: str) -> None:
        self.said.append(text)

    async def finish(self, launch_id: int, ended: Ended) -> None:
        if self.failures_of_finish:
            self.failures_of_finish -= 1
            raise OSError("the database is away")
        self.ended[launch_id] = ended
        self.news.set()

    async def connection(self, launch_id: int, conn_id: str) -> HttpConnection:
        if conn_id not in self.connections:
            raise ConnectionMissing(f"the connection `{conn_id}` is not defined")
        return self.connections[conn_id]

    async def states(self, launch_id: int, of: ExternalTasks) -> list[str | None]:
        self.looked_for.append(of)
        return self.found.pop(0) if len(self.found) > 1 else self.found[0]

    async def unfinished(self) -> list[int]:
        return self.begun

    async def end_of(self, launch_id: int) -> Ended:
        async with asyncio.timeout(10):
            while launch_id not in self.ended:
                self.news.clear()
                await self.news.wait()
        return self.ended[launch_id]


def native(launch_id: int = 1, *, resumed: bool = False, **document: Any) -> NativeTask:
    raw = {"task_id": "t", "type": "operator", "execution_mode": "inline", **document}
    return NativeTask(
        launch_id=launch_id,
        spec=TaskSpec.from_document(raw, {}),
        times=TIMES,
        zone="UTC",
        started_at=NOW,
        resumed=resumed,
    )


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def host() -> ScriptedHost:
    return ScriptedHost()


@pytest.fixture
async def executor(host: ScriptedHost) -> AsyncIterator[NativeExecutor]:
    executor = NativeExecutor(policy=AddressPolicy(), calls=10, clock=lambda: NOW)
    executor.start(host)
    yield executor
    await executor.stop()


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as web:
        yield web


async def outcome(executor: NativeExecutor, host: ScriptedHost, task: NativeTask) -> Ended:
    host.tasks[1] = task
    await executor.launch(order(1))
    return await host.end_of(1)


async def until_idle(executor: NativeExecutor) -> None:
    async with asyncio.timeout(5):
        while await executor.running():
            await asyncio.sleep(0)


class TestConformance(ExecutorConformance):
    @pytest.fixture
    async def executor(self, host: ScriptedHost) -> AsyncIterator[NativeExecutor]:
        host.found = [[]]
        host.tasks[7] = native(7, wait={"for": "external_task", "dag_id": "other"})
        executor = NativeExecutor(policy=AddressPolicy(), calls=10, clock=lambda: NOW)
        executor.start(host)
        yield executor
        await executor.stop()


# Waiting for a moment


@pytest.mark.anyio
async def test_a_long_wait_holds_nothing_it_comes_back_at_its_moment(
    executor: NativeExecutor, host: ScriptedHost
) -> None:
    ended = await outcome(executor, host, native(wait={"for": "time_delta", "seconds": 3600}))

    assert ended == Ended(outcome=Outcome.UP_FOR_RESCHEDULE, again_at=NOW + timedelta(hours=1))
    assert host.said == ["Waiting until 2026-05-01T13:00:00+00:00."]
    await until_idle(executor)


@pytest.mark.anyio
async def test_a_moment_that_has_passed_is_success(executor: NativeExecutor, host: ScriptedHost) -> None:
    ended = await outcome(executor, host, native(wait={"for": "time_delta", "seconds": 0}))

    assert ended.outcome is Outcome.SUCCESS


@pytest.mark.anyio
async def test_a_wait_beyond_its_timeout_comes_back_when_that_is_over(
    executor: NativeExecutor, host: ScriptedHost
) -> None:
    wait = {"for": "time_delta", "seconds": 3600}

    ended = await outcome(executor, host, native(wait=wait, sensor={"timeout_seconds": 60}))

    assert ended.outcome is Outcome.UP_FOR_RESCHEDULE
    assert ended.again_at is not None
    assert timedelta(0) < ended.again_at - NOW - timedelta(seconds=60) < timedelta(seconds=1)


# Looking again and again

OTHER = {"for": "external_task", "dag_id": "etl", "task_ids": ["load"], "seconds": 3600}


@pytest.mark.anyio
async def test_it_looks_until_the_other_task_is_done(executor: NativeExecutor, host: ScriptedHost) -> None:
    host.found = [[], ["running"], ["success"]]

    ended = await outcome(executor, host, native(wait=OTHER, sensor={"poke_interval_seconds": 0}))

    assert ended.outcome is Outcome.SUCCESS
    assert len(host.looked_for) == 3
    assert host.looked_for[0] == ExternalTasks(
        dag_id="etl", logical_date=NOW - timedelta(hours=1), task_ids=["load"]
    )


@pytest.mark.anyio
async def test_with_reschedule_each_look_is_a_launch_of_its_own(
    executor: NativeExecutor, host: ScriptedHost
) -> None:
    host.found = [["running"]]
    sensor = {"mode": "reschedule", "poke_interval_seconds": 30}

    ended = await outcome(executor, host, native(wait=OTHER, sensor=sensor))

    assert ended == Ended(outcome=Outcome.UP_FOR_RESCHEDULE, again_at=NOW + timedelta(seconds=30))


@pytest.mark.anyio
async def test_a_page_that_is_not_there_yet_is_waited_for(
    executor: NativeExecutor, host: ScriptedHost, web: Web
) -> None:
    web.answer("/ready", status=404)
    web.answer("/ready", "yes")
    host.connections["api"] = HttpConnection(base=web.url)
    wait = {
        "for": "http",
        "request": {"method": "GET", "url": "ready", "conn_id": "api", "body": {"d": "{{ ds }}"}},
    }

    ended = await outcome(executor, host, native(wait=wait, sensor={"poke_interval_seconds": 0}))

    assert ended.outcome is Outcome.SUCCESS
    assert [asked.path for asked in web.asked] == ["/ready?d=2026-05-01"] * 2


@pytest.mark.anyio
async def test_any_other_refusal_fails_the_sensor_which_may_be_tried_again(
    executor: NativeExecutor, host: ScriptedHost, web: Web
) -> None:
    web.answer("/x", status=500)
    wait = {"for": "http", "request": {"method": "GET", "url": f"{web.url}/x"}}

    ended = await outcome(executor, host, native(wait=wait))

    assert (ended.outcome, ended.message) == (Outcome.FAILED, "the answer was 500 Internal Server Error")


# One call


def call(url: str, **more: Any) -> NativeTask:
    resumed = more.pop("resumed", False)
    request = {"method": "POST", "url": url, **more.pop("request", {})}
    return native(resumed=resumed, type="http_api", http_request=request, **more)


@pytest.mark.anyio
async def test_the_answer_of_a_call_is_its_value(
    executor: NativeExecutor, host: ScriptedHost, web: Web
) -> None:
    web.answer("/do", '{"id": 7}')

    ended = await outcome(executor, host, call(f"{web.url}/do", request={"body": '{"day": "{{ ds }}"}'}))

    assert ended.outcome is Outcome.SUCCESS
    assert ended.value == '{"id": 7}'
    assert ended.rendered == {"endpoint": f"{web.url}/do", "headers": {}, "data": '{"day": "2026-05-01"}'}
    assert web.asked[0].body == '{"day": "2026-05-01"}'


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        (404, {}, Outcome.FAILED),
        (404, {"call_args": {"extra_options": {"check_response": False}}}, Outcome.SUCCESS),
        (201, {"request": {"success_status_codes": [200]}}, Outcome.FAILED),
        (201, {}, Outcome.SUCCESS),
    ],
)
async def test_which_answers_are_good(
    executor: NativeExecutor,
    host: ScriptedHost,
    web: Web,
    status: int,
    more: dict[str, Any],
    expected: Outcome,
) -> None:
    web.answer("/do", status=status)

    assert (await outcome(executor, host, call(f"{web.url}/do", **more))).outcome is expected


@pytest.mark.anyio
async def test_a_call_that_was_under_way_in_a_control_plane_that_is_gone_is_lost_not_repeated_here(
    executor: NativeExecutor, host: ScriptedHost, web: Web
) -> None:
    ended = await outcome(executor, host, call(f"{web.url}/do", resumed=True))

    assert ended.outcome is Outcome.LOST
    assert web.asked == []


@pytest.mark.anyio
async def test_a_missing_connection_is_one_sentence(executor: NativeExecutor, host: ScriptedHost) -> None:
    ended = await outcome(executor, host, call("run", request={"conn_id": "nowhere"}))

    assert (ended.outcome, ended.message) == (Outcome.FAILED, "the connection `nowhere` is not defined")


# Stopping, restarting, trouble


@pytest.mark.anyio
async def test_what_is_cancelled_ends_with_the_reason(executor: NativeExecutor, host: ScriptedHost) -> None:
    host.found = [[]]
    host.tasks[1] = native(wait=OTHER)
    await executor.launch(order(1))

    await executor.cancel(1, "the task was cleared")

    assert await host.end_of(1) == Ended(outcome=Outcome.CANCELLED, message="the task was cleared")


@pytest.mark.anyio
async def test_what_a_predecessor_began_is_taken_up(host: ScriptedHost) -> None:
    host.begun, host.found = [1], [["success"]]
    host.tasks[1] = native(wait=OTHER, resumed=True)
    executor = NativeExecutor(policy=AddressPolicy(), calls=1, clock=lambda: NOW)
    assert await executor.running() is None, "nobody knows yet"
    executor.start(host)

    assert await executor.running() == {1}

    assert (await host.end_of(1)).outcome is Outcome.SUCCESS
    await executor.stop()


@pytest.mark.anyio
async def test_an_end_that_cannot_be_written_is_written_later(
    executor: NativeExecutor, host: ScriptedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leoflow_runtime.executors.native.executor._FIRST_PAUSE", 0.0)
    host.failures_of_finish = 2

    ended = await outcome(executor, host, native(wait={"for": "time_delta", "seconds": 0}))

    assert ended.outcome is Outcome.SUCCESS


@pytest.mark.anyio
async def test_a_launch_that_must_not_run_any_more_leaves_no_trace(
    executor: NativeExecutor, host: ScriptedHost
) -> None:
    await executor.launch(order(5))

    await until_idle(executor)
    assert host.ended == {}


@pytest.mark.anyio
async def test_ten_thousand_wait_side_by_side(executor: NativeExecutor, host: ScriptedHost) -> None:
    host.found = [[]]
    for launch_id in range(10_000):
        host.tasks[launch_id] = native(launch_id, wait=OTHER)
        await executor.launch(order(launch_id))

    assert len(await executor.running() or ()) == 10_000
    host.found = [["failed"]]
    await executor.cancel(4711, "enough")
    assert (await host.end_of(4711)).outcome is Outcome.CANCELLED
