"""Agents in pods: the code is in the image, the pod is the host, an executor may speak for the dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from leoflow_runtime.domain.states import Outcome, TaskState
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_server.agents import LOCAL_HOST, tokens

from .scripted import SECRET, ControlPlane, ScriptedAgent, control_plane, document

REASON = "The task ran out of memory (its limit is 64Mi)."
# A module that dag.json does not carry: on this machine, this DAG could not run.
WITH_MODULES = document(
    {"task_id": "a", "entrypoint": "dag:a"}, files={"dag.py": "sha256:0", "lib.py": "sha256:1"}
)


@asynccontextmanager
async def queued(home: Path) -> AsyncIterator[tuple[ControlPlane, ScriptedAgent, RunRow, int]]:
    """A launch that an executor was given, and an agent in a pod that knows its token."""
    async with control_plane(home, in_pods=True) as plane:
        run = await plane.trigger(WITH_MODULES)

        async def launch() -> int | None:
            return (await plane.task(run, "a")).launch_id

        launch_id = await plane.until(launch)
        agent = ScriptedAgent(plane, "no host token")
        try:
            yield plane, agent, run, launch_id
        finally:
            await agent.leave()


def log_of(plane: ControlPlane) -> str:
    files = [file for file in (plane.home / "logs").rglob("*") if file.is_file()]
    return "".join(file.read_text() for file in files)


def test_the_code_is_in_the_image_and_the_pod_is_the_host(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with queued(tmp_path) as (plane, agent, _, launch_id):
            reply = await agent.open(tokens.mint(SECRET, launch_id, 1))
            assert (reply.launch.code_path, reply.launch.python) == ("", "")
            await agent.started(reply)
            await agent.finished(reply)
            hosts = await plane.store.read_rows(
                lambda conn: conn.exec_driver_sql(
                    "SELECT l.host, t.hostname FROM launches l JOIN task_instances t ON t.pk = l.task_pk"
                ).all()
            )
            assert [tuple(row) for row in hosts] == [("here", "here")]

    asyncio.run(scenario())


def test_no_host_agent_attaches(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with control_plane(tmp_path, in_pods=True) as plane:
            await plane.service.enrol_host(LOCAL_HOST, "left over")
            agent = ScriptedAgent(plane, "left over")
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await agent.attach()
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert caught.value.details() == "tasks of this control plane run in pods"
            await agent.leave()

    asyncio.run(scenario())


@pytest.mark.parametrize("opened", [False, True], ids=["never opened", "running"])
def test_an_executor_speaks_for_an_agent_that_died(tmp_path: Path, opened: bool) -> None:
    async def scenario() -> None:
        async with queued(tmp_path) as (plane, agent, run, launch_id):
            if opened:
                await agent.started(await agent.open(tokens.mint(SECRET, launch_id, 1)))
            await plane.service.conclude(launch_id, Outcome.FAILED, REASON)
            task = await plane.task(run, "a")
            assert task.state is TaskState.FAILED
            assert (await plane.launch(launch_id)).outcome is Outcome.FAILED
            assert REASON in log_of(plane)

    asyncio.run(scenario())


def test_an_agent_that_lives_on_has_no_say_and_no_log(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with queued(tmp_path) as (plane, agent, run, launch_id):
            reply = await agent.open(tokens.mint(SECRET, launch_id, 1))
            await agent.started(reply)
            await plane.service.conclude(launch_id, Outcome.FAILED, REASON)
            late = wire.AppendLogRequest(
                launch_id=launch_id, offset=0, data=b'{"event":"' + b"x" * 400 + b'"}\n'
            )
            for call in (agent.call("AppendLog", late, reply.session), agent.finished(reply)):
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await call
                assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert (await plane.task(run, "a")).state is TaskState.FAILED
            assert "xxx" not in log_of(plane)

    asyncio.run(scenario())


def test_what_the_agent_reported_stands(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with queued(tmp_path) as (plane, agent, run, launch_id):
            reply = await agent.open(tokens.mint(SECRET, launch_id, 1))
            await agent.started(reply)
            await agent.finished(reply, wire.SUCCESS)
            await plane.service.conclude(launch_id, Outcome.LOST, "The pod ended without a report.")
            await plane.service.conclude(launch_id + 1, Outcome.LOST, "Nobody knows it.")
            assert (await plane.task(run, "a")).state is TaskState.SUCCESS
            assert log_of(plane) == ""

    asyncio.run(scenario())


def test_a_launch_that_is_withdrawn_lets_no_agent_in(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with queued(tmp_path) as (plane, agent, run, launch_id):
            for _ in range(2):
                assert await plane.service.withdraw(launch_id)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await agent.open(tokens.mint(SECRET, launch_id, 1))
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert (await plane.task(run, "a")).state is TaskState.QUEUED, "its end is another matter"
            assert await plane.service.withdraw(launch_id + 1), "nobody knows it"

    asyncio.run(scenario())


def test_a_launch_that_an_agent_has_opened_is_not_withdrawn(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with queued(tmp_path) as (plane, agent, run, launch_id):
            reply = await agent.open(tokens.mint(SECRET, launch_id, 1))
            assert not await plane.service.withdraw(launch_id)
            assert (await agent.started(reply)).accepted
            assert (await agent.finished(reply)).accepted
            assert (await plane.task(run, "a")).state is TaskState.SUCCESS

    asyncio.run(scenario())
