"""Agents that are told several replicas go on to the next one by themselves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest

from leoflow_runtime.agent.control import ControlPlane, LaunchSession
from leoflow_runtime.agent.host import HostAgent
from leoflow_runtime.agent.pod import PodAgent
from leoflow_runtime.agent.settings import PodSettings
from leoflow_runtime.agent.spool import Spool
from leoflow_runtime.wire import agent_pb2 as wire
from tests.acceptance.driving import free_port

from .conftest import BOUNDS, Host, Project
from .fake_control_plane import FakeControlPlane

pytestmark = pytest.mark.anyio


def nobody() -> str:
    return f"127.0.0.1:{free_port()}"


async def test_a_pod_reaches_the_replica_that_lives(
    plane: FakeControlPlane, project: Project, program: Path, tmp_path: Path
) -> None:
    project.write("def work(launch, directory): return {'outcome': 'success'}")
    plane.know(project.spec("work"))
    servers = f"{nobody()}, {plane.address}, {nobody()}"
    settings = PodSettings(server=servers, launch_token=plane.token(1), spool=tmp_path / "spool")
    spool = Spool(settings.spool)
    agent = PodAgent(settings, spool, agent_version="test", bounds=BOUNDS, program=program)
    try:
        assert await asyncio.wait_for(agent.run(), 60) == wire.SUCCESS
    finally:
        spool.close()


async def test_a_host_agent_attaches_to_the_replica_that_takes_it(
    plane: FakeControlPlane, host: Host, project: Project, program: Path
) -> None:
    """The first one of its list does not answer; what it is given afterwards runs as ever."""
    project.write("def work(launch, directory): return {'outcome': 'success'}")
    spool = Spool(host.spool)
    settings = host.settings()
    settings = type(settings)(
        server=f"{nobody()},{plane.address}", host_token=settings.host_token, spool=settings.spool
    )
    agent = HostAgent(settings, spool, agent_version="test", bounds=BOUNDS, program=program)
    running = asyncio.create_task(agent.run())
    try:
        await plane.until(lambda: plane.attachments)
        plane.launch(project.spec("work"))
        assert (await plane.finished(1)).outcome == wire.SUCCESS
    finally:
        agent.leave()
        await running
        spool.close()


async def test_calls_that_fail_together_turn_once(plane: FakeControlPlane) -> None:
    control = ControlPlane(f"{nobody()},{plane.address},{nobody()}", agent_version="test")
    session = LaunchSession(control, 1, "unknown", lambda session, reason: session.abandon(reason))
    beat = wire.HeartbeatRequest(launch_ids=[1])

    async def call() -> str:
        with pytest.raises(Exception, match=r"no longer current"):
            await session.call("Heartbeat", beat)
        return control.server

    try:
        reached = await asyncio.wait_for(asyncio.gather(*(call() for _ in range(5))), 30)
        assert set(reached) == {plane.address}
    finally:
        await control.close()


async def test_a_refusal_is_not_taken_elsewhere(plane: FakeControlPlane) -> None:
    control = ControlPlane(f"{plane.address},{nobody()}", agent_version="test")
    try:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await control.open("no such token")
        control.turn_from(control.stub, refused.value)
        assert control.server == plane.address
    finally:
        await control.close()
