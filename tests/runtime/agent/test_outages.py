"""A control plane that goes away, and agents that are killed."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_runtime.zygote import records

from .conftest import BOUNDS, Host, Project, eventually
from .fake_control_plane import HOST_TOKEN, FakeControlPlane

pytestmark = pytest.mark.anyio

WAITER = """
import os, time
def work(launch, directory):
    print("before", flush=True)
    while not os.path.exists("/proc/self/cwd/go"):
        time.sleep(0.005)
    print("after", flush=True)
    return {"outcome": "success", "xcoms": {"return_value": "1"}}
def quick(launch, directory):
    print("quick")
"""

_HOST = """
import asyncio, sys
from pathlib import Path
from leoflow_runtime.agent.host import HostAgent
from leoflow_runtime.agent.settings import Bounds, HostSettings
from leoflow_runtime.agent.spool import Spool

async def main(line, program):
    settings = HostSettings.from_line(line)
    bounds = Bounds(heartbeat_seconds=0.1, tick_seconds=0.01, grace_seconds=0.5)
    agent = HostAgent(settings, Spool(settings.spool), agent_version="test", bounds=bounds, program=program)
    await agent.run()

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _HOST, *arguments])


@contextlib.asynccontextmanager
async def agent_process(plane: FakeControlPlane, host: Host) -> AsyncIterator[subprocess.Popen[bytes]]:
    """An agent in a process of its own, to be killed."""
    settings = {"server": plane.address, "host_token": HOST_TOKEN, "spool": str(host.spool)}
    attached = len(plane.attachments)
    process = _start(json.dumps(settings), str(host.program))
    try:
        await plane.until(lambda: len(plane.attachments) > attached)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def go(project: Project) -> Iterator[Callable[[], None]]:
    """Lets the waiting task end; at the end of a test, in any case."""
    yield (project.path / "go").touch
    (project.path / "go").touch()


async def test_a_restarted_control_plane_gets_the_rest_of_log_and_outcome(
    plane: FakeControlPlane, project: Project, host: Host, go: Callable[[], None]
) -> None:
    project.write(WAITER)
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.until(lambda: "before" in plane.output(1))
        await plane.vanish()
        await plane.start()
        await plane.until(lambda: len(plane.attachments) == 2)
        assert list(plane.attachments[1].held_launches) == [1]
        go()
        report = await plane.finished(1)
    assert report.outcome == wire.SUCCESS
    assert plane.output(1) == ["before", "after"]
    assert plane.launches[1].opened == 2


async def test_a_task_that_ends_during_the_outage_is_reported_after_it(
    plane: FakeControlPlane, project: Project, host: Host, go: Callable[[], None]
) -> None:
    project.write(WAITER)
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.until(lambda: "before" in plane.output(1))
        await plane.vanish()
        go()
        await eventually((host.spool / "1" / "exit.json").exists)
        await plane.start()
        report = await plane.finished(1)
    assert report.outcome == wire.SUCCESS
    assert plane.output(1) == ["before", "after"]


async def test_forgotten_sessions_alone_make_the_agent_attach_again(
    plane: FakeControlPlane, project: Project, host: Host, go: Callable[[], None]
) -> None:
    project.write(WAITER)
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.until(lambda: "before" in plane.output(1))
        plane._sessions.clear()
        go()
        report = await plane.finished(1)
    assert report.outcome == wire.SUCCESS
    assert len(plane.attachments) == 2


async def test_a_launch_given_up_during_the_outage_is_ended(
    plane: FakeControlPlane, project: Project, host: Host, go: Callable[[], None]
) -> None:
    project.write(WAITER)
    async with host.running():
        known = plane.launch(project.spec("work"))
        await plane.until(lambda: "before" in plane.output(1))
        process = records.read_json(str(host.spool / "1" / "process.json"))
        await plane.vanish()
        known.current = False
        await plane.start()
        await host.emptied()
        assert process is not None
        assert records.start_time(process["pid"]) is None
    assert known.reports == []


async def test_tasks_of_a_killed_agent_go_on_and_the_next_one_takes_them_over(
    plane: FakeControlPlane, project: Project, host: Host, go: Callable[[], None]
) -> None:
    project.write(WAITER)
    async with agent_process(plane, host) as agent:
        plane.launch(project.spec("work"))
        await plane.until(lambda: "before" in plane.output(1))
        agent.send_signal(signal.SIGKILL)
        agent.wait()
    async with host.running():
        await plane.until(lambda: plane.launches[1].opened == 2)
        go()
        report = await plane.finished(1)
        await host.emptied()
    assert report.outcome == wire.SUCCESS
    assert [x.key for x in report.xcoms] == ["return_value"]
    assert plane.output(1) == ["before", "after"]
    assert any("A new agent took over" in line["event"] for line in plane.lines(1))


async def test_a_task_that_ended_while_no_agent_lived_is_reported_by_the_next(
    plane: FakeControlPlane, project: Project, host: Host, go: Callable[[], None]
) -> None:
    project.write(WAITER)
    async with agent_process(plane, host) as agent:
        plane.launch(project.spec("work"))
        await plane.until(lambda: "before" in plane.output(1))
        agent.send_signal(signal.SIGKILL)
        agent.wait()
    go()
    await eventually((host.spool / "1" / "exit.json").exists)
    async with host.running():
        report = await plane.finished(1)
    assert report.outcome == wire.SUCCESS
    assert report.cpu_seconds > 0
    assert plane.output(1) == ["before", "after"]


async def test_a_process_that_vanished_with_its_zygote_is_lost(
    plane: FakeControlPlane, project: Project, host: Host, go: Callable[[], None]
) -> None:
    project.write(WAITER)
    async with agent_process(plane, host) as agent:
        plane.launch(project.spec("work"))
        await plane.until(lambda: "before" in plane.output(1))
        agent.send_signal(signal.SIGKILL)
        agent.wait()
    zygote = records.read_json(str(host.spool / "1" / "claim"))
    process = records.read_json(str(host.spool / "1" / "process.json"))
    assert zygote is not None
    assert process is not None
    os.kill(zygote["pid"], signal.SIGKILL)
    await eventually(lambda: records.start_time(process["pid"]) is None)
    async with host.running():
        report = await plane.finished(1)
    assert report.outcome == wire.LOST
    assert report.message == "The task's process vanished without a trace."


async def test_a_zygote_that_dies_loses_its_tasks_and_the_next_launch_gets_another(
    plane: FakeControlPlane, project: Project, host: Host, go: Callable[[], None]
) -> None:
    project.write(WAITER)
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.until(lambda: "before" in plane.output(1))
        zygote = records.read_json(str(host.spool / "1" / "claim"))
        assert zygote is not None
        os.kill(zygote["pid"], signal.SIGKILL)
        report = await plane.finished(1)
        assert report.outcome == wire.LOST
        plane.launch(project.spec("quick"))
        assert (await plane.finished(2)).outcome == wire.SUCCESS


async def test_a_launch_that_was_taken_but_never_started_is_lost_and_never_starts(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(WAITER)
    spec = project.spec("quick")
    plane.know(spec)
    (host.spool / "1").mkdir(parents=True)
    async with host.running():
        report = await plane.finished(1)
    assert report.outcome == wire.LOST
    assert report.message == "The agent ended before the task was started."


async def test_the_log_of_a_reported_launch_is_still_sent_when_the_record_has_closed_it(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    """Attached again, the control plane calls it abandoned, for it has its outcome already."""
    project.write(WAITER)
    plane.log_outage = True
    async with host.running(bounds=dataclasses.replace(BOUNDS, log_first_seconds=0.1)):
        known = plane.launch(project.spec("quick"))
        await plane.until(lambda: known.reports)
        plane.break_connections()
        await plane.until(lambda: len(plane.attachments) == 2)
        assert list(plane.attachments[1].held_launches) == [1]
        plane.log_outage = False
        await plane.finished(1)
        await host.emptied()
    assert plane.output(1) == ["quick"]


async def test_a_slow_reader_of_the_log_does_not_hold_up_other_launches(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(WAITER)
    async with host.running():
        launches = [plane.launch(project.spec("quick")) for _ in range(20)]
        await asyncio.gather(*(plane.finished(known.spec.launch_id) for known in launches))
    assert all(len(known.reports) == 1 for known in launches)
