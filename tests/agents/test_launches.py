"""One launch over the wire: its token, its reports, and the fence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc
import grpc.aio
import pytest

from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_runtime.engine import operations
from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_server.agents import tokens
from tests.agents.scripted import SECRET, ControlPlane, ScriptedAgent, attached_agent, bearer, document

TWO = document({"task_id": "first"}, {"task_id": "second", "depends_on": ["first"]})
Scenario = Callable[[ControlPlane, ScriptedAgent], Awaitable[None]]


def play(home: Path, scenario: Scenario) -> None:
    async def whole() -> None:
        async with attached_agent(home) as (plane, agent):
            await scenario(plane, agent)

    asyncio.run(whole())


async def refused(call: Awaitable[object]) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert "\n" not in (caught.value.details() or "")
    code: grpc.StatusCode = caught.value.code()
    return code


def test_a_run_goes_from_launch_to_launch(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        run = await plane.trigger(TWO)
        for task_id in ("first", "second"):
            opened = await agent.open((await agent.next_start()).launch_token)
            assert opened.launch.task_id == task_id
            assert (await agent.started(opened)).accepted
            assert (await plane.task(run, task_id)).state is TaskState.RUNNING
            assert (await agent.finished(opened, return_value=b"41")).accepted
            assert (await plane.task(run, task_id)).state is TaskState.SUCCESS

        row = await plane.store.read(lambda tx: tx.run(run.pk))
        assert row is not None
        assert row.state is RunState.SUCCESS

    play(tmp_path, scenario)


def test_a_launch_token_is_exchanged_once(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(TWO)
        token = (await agent.next_start()).launch_token
        opened = await agent.open(token)

        assert await refused(agent.open(token)) is grpc.StatusCode.UNAUTHENTICATED
        assert (await agent.started(opened)).accepted  # the first exchange stays good

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "1",
        "1.1",
        "1.1.",
        "1.1.00",
        "x.y.z",
        "²." * 3,
        tokens.mint(b"another secret", 1, 1),
        "9" * 50 + ".1.0",
    ],
)
def test_a_forged_token_opens_nothing(tmp_path: Path, token: str) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(TWO)
        await agent.next_start()

        assert await refused(agent.open(token)) is grpc.StatusCode.UNAUTHENTICATED

    play(tmp_path, scenario)


def test_calls_need_the_session_of_their_own_launch(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(document({"task_id": "a"}, {"task_id": "b"}))
        one = await agent.open((await agent.next_start()).launch_token)
        other = await agent.open((await agent.next_start()).launch_token)
        report = wire.StartedRequest(launch_id=one.launch.launch_id)

        for session in (other.session, "invented", ""):
            code = await refused(agent.call("ReportStarted", report, session))
            assert code is grpc.StatusCode.UNAUTHENTICATED
        assert await refused(agent.stub.ReportStarted(report)) is grpc.StatusCode.UNAUTHENTICATED

    play(tmp_path, scenario)


def test_reports_may_be_repeated(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        run = await plane.trigger(TWO)
        opened = await agent.open((await agent.next_start()).launch_token)
        for _ in range(2):
            assert (await agent.started(opened)).accepted
        for _ in range(2):
            assert (await agent.finished(opened)).accepted
        assert (await plane.task(run, "first")).try_number == 1
        assert (await agent.next_start()).launch_id > opened.launch.launch_id

    play(tmp_path, scenario)


def test_the_late_report_of_an_old_launch_changes_nothing(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        run = await plane.trigger(document({"task_id": "only", "retries": 3}))
        old = await agent.open((await agent.next_start()).launch_token)
        await agent.started(old)
        await plane.engine.apply(
            lambda tx: operations.lose_launch(tx, old.launch.launch_id, "its process is gone")
        )
        await plane.until(lambda: taken_over(plane, run, old.launch.launch_id))
        before = await plane.task(run, "only")

        late = await agent.finished(old, wire.SUCCESS, return_value=b'"late"')

        assert not late.accepted
        assert late.should_stop
        assert await plane.task(run, "only") == before
        stored = await plane.store.read_rows(
            lambda conn: conn.exec_driver_sql("SELECT count(*) FROM xcoms").scalar()
        )
        assert stored == 0

    async def taken_over(plane: ControlPlane, run: object, old: int) -> bool:
        return (await plane.task(run, "only")).launch_id != old  # type: ignore[arg-type]

    play(tmp_path, scenario)


def test_a_launch_cleared_before_it_was_opened_never_starts(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        run = await plane.trigger(document({"task_id": "only"}))
        start = await agent.next_start()
        await plane.engine.apply(
            lambda tx: operations.mark_run(
                tx, tenant_id=1, dag_id="shop", run_id=run.run_id, state=RunState.FAILED
            )
        )

        assert await refused(agent.open(start.launch_token)) is grpc.StatusCode.FAILED_PRECONDITION
        launch = await plane.launch(start.launch_id)
        assert launch.finished_at is not None
        assert launch.opened_at is None

    play(tmp_path, scenario)


def test_a_heartbeat_names_the_launches_that_must_stop(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        run = await plane.trigger(document({"task_id": "a"}, {"task_id": "b"}))
        opened = [await agent.open((await agent.next_start()).launch_token) for _ in range(2)]
        ids = [reply.launch.launch_id for reply in opened]
        for reply in opened:
            await agent.started(reply)
        await plane.engine.apply(
            lambda tx: operations.mark_task(
                tx,
                tenant_id=1,
                dag_id="shop",
                run_id=run.run_id,
                task_id=opened[0].launch.task_id,
                state=TaskState.SUCCESS,
            )
        )

        reply = await agent.call("Heartbeat", wire.HeartbeatRequest(launch_ids=[*ids, 999]), agent.token)

        assert [stop.launch_id for stop in reply.stop] == [ids[0], 999]
        assert (await plane.launch(ids[1])).heartbeat_at is not None

    play(tmp_path, scenario)


def test_a_pods_launch_beats_with_its_own_session(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(document({"task_id": "only"}))
        opened = await agent.open((await agent.next_start()).launch_token)
        mine = wire.HeartbeatRequest(launch_ids=[opened.launch.launch_id])
        another = wire.HeartbeatRequest(launch_ids=[opened.launch.launch_id + 1])

        assert list((await agent.call("Heartbeat", mine, opened.session)).stop) == []
        code = await refused(agent.call("Heartbeat", another, opened.session))
        assert code is grpc.StatusCode.UNAUTHENTICATED

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("value", "words"), [(b'"' + b"x" * 262_144 + b'"', "262,144 is the limit"), (b"{not json", "is no JSON")]
)
def test_a_value_that_cannot_be_stored_fails_the_launch(tmp_path: Path, value: bytes, words: str) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        run = await plane.trigger(document({"task_id": "only"}))
        opened = await agent.open((await agent.next_start()).launch_token)
        await agent.started(opened)

        assert (await agent.finished(opened, return_value=value)).accepted
        assert (await plane.task(run, "only")).state is TaskState.FAILED
        message = await plane.store.read_rows(
            lambda conn: conn.exec_driver_sql("SELECT message FROM task_instances").scalar()
        )
        assert words in message

    play(tmp_path, scenario)


def test_the_log_grows_at_acknowledged_offsets(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(document({"task_id": "only"}))
        opened = await agent.open((await agent.next_start()).launch_token)

        async def append(offset: int, data: bytes) -> int:
            request = wire.AppendLogRequest(launch_id=opened.launch.launch_id, offset=offset, data=data)
            return (await agent.call("AppendLog", request, opened.session)).durable_offset

        assert await append(0, b"one\n") == 4
        assert await append(0, b"one\ntwo\n") == 8
        assert await append(20, b"gap\n") == 8

    play(tmp_path, scenario)


@pytest.mark.parametrize("acknowledged", [b"", b"one\n"], ids=["nothing", "something"])
def test_what_a_deleted_launch_still_writes_leaves_nothing(tmp_path: Path, acknowledged: bytes) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        run = await plane.trigger(document({"task_id": "only"}))
        opened = await agent.open((await agent.next_start()).launch_token)

        async def append(offset: int, data: bytes) -> int:
            request = wire.AppendLogRequest(launch_id=opened.launch.launch_id, offset=offset, data=data)
            return (await agent.call("AppendLog", request, opened.session)).durable_offset

        if acknowledged:
            await append(0, acknowledged)
        dag_id = (await plane.store.read(lambda tx: tx.version(run.version_pk))).spec.dag_id
        await plane.engine.apply(lambda tx: operations.delete_run(tx, dag_id=dag_id, run_id=run.run_id))
        await plane.logs.delete_run(1, dag_id, run.run_id)
        assert await append(len(acknowledged), b"late\n") == len(acknowledged) + 5
        assert not [path for path in (tmp_path / "logs").rglob("*") if path.is_file()]

    play(tmp_path, scenario)


def test_metadata_names_the_scheme_as_people_write_it(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        request = wire.HeartbeatRequest()
        metadata = (("authorization", f"bearer {agent.token}"),)
        assert list((await agent.stub.Heartbeat(request, metadata=metadata)).stop) == []
        assert bearer("x") == (("authorization", "Bearer x"),)

    play(tmp_path, scenario)


def test_a_token_can_be_read_only_with_its_secret() -> None:
    token = tokens.read(SECRET, tokens.mint(SECRET, 12, 3))

    assert token is not None
    assert (token.launch_id, token.generation) == (12, 3)
    assert tokens.read(b"other", tokens.mint(SECRET, 12, 3)) is None
