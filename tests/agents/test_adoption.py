"""What becomes of launches when a host agent attaches: decided by what it holds, never by suspicion."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import grpc.aio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.domain.states import Outcome, TaskState
from leoflow_runtime.engine import operations
from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_server.agents import LOCAL_HOST
from leoflow_server.agents.adoption import compare
from leoflow_server.agents.queries import Candidate
from tests.agents.scripted import ControlPlane, ScriptedAgent, attached_agent, control_plane, document

ONE = document({"task_id": "only", "retries": 1, "retry_delay_seconds": 0})


NOW = datetime(2026, 3, 1, tzinfo=UTC)


def launches(opened_by: int | None, seconds_ago: float, *ids: int) -> list[Candidate]:
    return [
        Candidate(
            launch_id=launch_id,
            generation=1,
            host=None if opened_by is None else LOCAL_HOST,
            agent_pid=opened_by,
            opened_at=None if opened_by is None else NOW - timedelta(seconds=seconds_ago),
        )
        for launch_id in ids
    ]


@pytest.mark.parametrize(
    ("opened_by", "seconds_ago", "held", "verdict"),
    [
        (None, 0, [], "sent"),  # never delivered
        (None, 0, [1], "adopted"),  # taken, and its Open not yet answered
        (7, 0, [1], "adopted"),
        (8, 3600, [1], "adopted"),  # by the successor on the same spool
        (7, 1, [], "sent"),  # the same process: perhaps just about to take it up
        (7, 60, [], "lost"),  # by now it would have
        (8, 1, [], "lost"),  # the process that had it is gone, and so is its spool
    ],
)
def test_what_is_held_decides(
    opened_by: int | None, seconds_ago: float, held: list[int], verdict: str
) -> None:
    adopt, send, abandon, lost = compare(launches(opened_by, seconds_ago, 1), held, 7, NOW)

    found = {
        "adopted": [candidate.launch_id for candidate in adopt],
        "sent": [candidate.launch_id for candidate in send],
        "lost": lost,
    }
    assert found == {"adopted": [], "sent": [], "lost": []} | {verdict: [1]}
    assert abandon == []


@given(
    st.lists(
        st.builds(
            Candidate,
            launch_id=st.integers(1, 30),
            generation=st.just(1),
            host=st.none(),
            agent_pid=st.sampled_from([None, 7, 8]),
            opened_at=st.sampled_from([None, NOW, NOW - timedelta(hours=1)]),
        ),
        unique_by=lambda candidate: candidate.launch_id,
    ),
    st.sets(st.integers(1, 30)),
)
def test_every_launch_has_exactly_one_fate(candidates: list[Candidate], held: set[int]) -> None:
    adopt, send, abandon, lost = compare(candidates, held, 7, NOW)

    fates = [*(c.launch_id for c in adopt), *(c.launch_id for c in send), *abandon, *lost]
    assert sorted(fates) == sorted({c.launch_id for c in candidates} | held)
    # Nothing that an agent holds is ever given up for dead, or started a second time.
    assert not held & ({c.launch_id for c in send} | set(lost))


def test_a_successor_adopts_and_old_credentials_are_void(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with attached_agent(tmp_path) as (plane, first):
            run = await plane.trigger(ONE)
            start = await first.next_start()
            opened = await first.open(start.launch_token)
            await first.started(opened)
            await first.leave()
            await plane.service.enrol_host(LOCAL_HOST, "next-token")

            successor = ScriptedAgent(plane, "next-token", pid=2002)
            attached = await successor.attach(opened.launch.launch_id)
            again = await successor.open(attached.adopted[0].launch_token)

            assert again.launch.launch_id == opened.launch.launch_id
            assert again.launch.try_number == 1
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await successor.call(
                    "ReportFinished",
                    wire.FinishedRequest(launch_id=opened.launch.launch_id, outcome=wire.SUCCESS),
                    opened.session,
                )
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert (await successor.finished(again)).accepted
            assert (await plane.task(run, "only")).state is TaskState.SUCCESS
            await successor.leave()

    asyncio.run(scenario())


def test_an_adopted_launch_goes_on_where_its_log_ended(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with attached_agent(tmp_path) as (plane, first):
            await plane.trigger(ONE)
            opened = await first.open((await first.next_start()).launch_token)
            append = wire.AppendLogRequest(launch_id=opened.launch.launch_id, data=b"line\n")
            await first.call("AppendLog", append, opened.session)

            attached = await first.attach(opened.launch.launch_id)

            assert (await first.open(attached.adopted[0].launch_token)).launch.log_offset == 5

    asyncio.run(scenario())


def test_a_launch_whose_agent_is_gone_runs_again_as_the_same_try(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with attached_agent(tmp_path) as (plane, first):
            run = await plane.trigger(ONE)
            opened = await first.open((await first.next_start()).launch_token)
            await first.started(opened)
            await first.leave()
            await plane.service.enrol_host(LOCAL_HOST, "next-token")

            successor = ScriptedAgent(plane, "next-token", pid=2002)
            await successor.attach()  # holds nothing: the proof of death
            start = await successor.next_start()

            assert start.launch_id > opened.launch.launch_id
            assert (await plane.launch(opened.launch.launch_id)).outcome is Outcome.LOST
            assert (await successor.open(start.launch_token)).launch.try_number == 1
            assert (await plane.task(run, "only")).infra_failures == 1
            await successor.leave()

    asyncio.run(scenario())


def test_an_order_that_was_never_delivered_is_given_to_the_next_connection(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with control_plane(tmp_path) as plane:
            await plane.trigger(ONE)
            await plane.service.enrol_host(LOCAL_HOST, "host-token")
            agent = ScriptedAgent(plane, "host-token")
            await agent.attach()
            assert (await agent.open((await agent.next_start()).launch_token)).launch.task_id == "only"
            await agent.leave()

    asyncio.run(scenario())


def test_what_nobody_waits_for_is_abandoned(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with attached_agent(tmp_path) as (plane, agent):
            await plane.trigger(ONE)
            opened = await agent.open((await agent.next_start()).launch_token)
            await agent.finished(opened)

            attached = await agent.attach(opened.launch.launch_id, 4711)

            assert list(attached.abandoned) == [opened.launch.launch_id, 4711]
            assert list(attached.adopted) == []

    asyncio.run(scenario())


def test_a_cleared_launch_is_adopted_so_that_its_end_is_known(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with attached_agent(tmp_path) as (plane, agent):
            run = await plane.trigger(ONE)
            opened = await agent.open((await agent.next_start()).launch_token)
            await agent.started(opened)
            await plane.engine.apply(
                lambda tx: operations.clear_tasks(tx, tenant_id=1, dag_id="shop", run_id=run.run_id)
            )
            attached = await agent.attach(opened.launch.launch_id)
            again = await agent.open(attached.adopted[0].launch_token)
            beat = wire.HeartbeatRequest(launch_ids=[opened.launch.launch_id])
            stop = await agent.call("Heartbeat", beat, agent.token)
            assert [one.launch_id for one in stop.stop] == [opened.launch.launch_id]

            await agent.finished(again, wire.CANCELLED)

            start = await agent.next_start()  # only now the next try
            assert start.launch_id > opened.launch.launch_id

    asyncio.run(scenario())


def test_a_later_connection_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with attached_agent(tmp_path) as (plane, agent):
            earlier = agent.stream
            await agent.attach()
            async with asyncio.timeout(10):
                assert await earlier.read() is grpc.aio.EOF
            await plane.trigger(ONE)
            assert (await agent.next_start()).launch_id == 1

    asyncio.run(scenario())


def test_a_host_token_that_was_replaced_attaches_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with control_plane(tmp_path) as plane:
            await plane.service.enrol_host(LOCAL_HOST, "old")
            await plane.service.enrol_host(LOCAL_HOST, "new")
            stranger = ScriptedAgent(plane, "old")
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stranger.attach()
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert await _running(plane) is None
            await stranger.leave()

    asyncio.run(scenario())


async def _running(plane: ControlPlane) -> object:
    return plane.desk.held()
