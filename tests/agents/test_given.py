"""An agent that takes opened launches is handed all that it needs, as far as it has room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_server.agents import LOCAL_HOST
from leoflow_server.logs import LogKey
from tests.agents.scripted import ControlPlane, ScriptedAgent, control_plane, document

TWO = document({"task_id": "first"}, {"task_id": "second", "depends_on": ["first"]})
WIDE = document(*({"task_id": f"t{number}"} for number in range(3)))
Scenario = Callable[[ControlPlane, ScriptedAgent], Awaitable[None]]


def play(home: Path, scenario: Scenario, *, capacity: int = 8) -> None:
    async def whole() -> None:
        async with control_plane(home) as plane:
            await plane.service.enrol_host(LOCAL_HOST, "host-token")
            agent = ScriptedAgent(plane, "host-token")
            await agent.attach(takes_opened=True, capacity=capacity)
            try:
                await scenario(plane, agent)
            finally:
                await agent.leave()

    asyncio.run(whole())


def test_a_launch_comes_opened_and_a_document_once(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        run = await plane.trigger(TWO)
        for task_id, has_document in (("first", True), ("second", False)):
            start = await agent.next_start()
            assert not start.launch_token
            assert start.opened.launch.task_id == task_id
            assert bool(start.opened.launch.dag_json) is has_document
            launch = await plane.launch(start.launch_id)
            assert launch.opened_at is not None
            assert launch.host == LOCAL_HOST
            assert (await agent.finished(start.opened)).accepted
            assert (await plane.task(run, task_id)).state is TaskState.SUCCESS

    play(tmp_path, scenario)


def test_the_rest_of_a_log_goes_with_the_report(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        run = await plane.trigger(TWO)
        opened = (await agent.next_start()).opened
        report = wire.FinishedRequest(
            launch_id=opened.launch.launch_id, outcome=wire.SUCCESS, log=b'{"event":"hi"}\n', log_offset=0
        )
        for _ in range(2):  # the answer may be lost
            reply = await agent.call("ReportFinished", report, opened.session)
            assert (reply.accepted, reply.durable_offset) == (True, len(report.log))
        key = LogKey(
            tenant_id=1,
            dag_id="shop",
            run_id=run.run_id,
            task_id="first",
            map_index=-1,
            launch_id=opened.launch.launch_id,
        )
        assert await plane.logs.read(key) == report.log

    play(tmp_path, scenario)


def test_a_report_whose_log_leaves_a_gap_is_taken_and_says_so(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(TWO)
        opened = (await agent.next_start()).opened
        report = wire.FinishedRequest(
            launch_id=opened.launch.launch_id, outcome=wire.SUCCESS, log=b"{}\n", log_offset=7
        )
        reply = await agent.call("ReportFinished", report, opened.session)
        assert (reply.accepted, reply.durable_offset) == (True, 0)

    play(tmp_path, scenario)


def test_what_there_is_no_room_for_waits_unopened(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(WIDE)
        first = await agent.next_start()
        unfinished = await plane.store.read(lambda tx: tx.unfinished_launches())
        assert [launch.opened_at is not None for launch in unfinished] == [True, False, False]
        await agent.finished(first.opened)
        second = await agent.next_start()
        assert second.launch_id > first.launch_id

    play(tmp_path, scenario, capacity=1)


def test_what_was_given_over_a_connection_that_broke_is_given_again(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(TWO)
        lost = await agent.next_start()
        again = ScriptedAgent(plane, "host-token", pid=agent.pid)
        await again.attach(takes_opened=True)
        start = await again.next_start()
        assert start.launch_id == lost.launch_id
        assert start.opened.session != lost.opened.session
        assert start.opened.launch.dag_json
        assert (await again.finished(start.opened)).accepted
        await again.leave()

    play(tmp_path, scenario)


def test_no_two_launches_share_a_session(tmp_path: Path) -> None:
    """However fast one transaction follows another."""

    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        for number in range(12):
            await plane.trigger(WIDE, run_id=f"r{number}")
        starts = [await agent.next_start() for _ in range(36)]
        assert len({start.launch_id for start in starts}) == 36
        assert len({start.opened.session for start in starts}) == 36

    play(tmp_path, scenario, capacity=64)
