"""Launches that are opened for the agent: nothing is asked, and each is seen to its end."""

from __future__ import annotations

import pytest

from leoflow_runtime.wire import agent_pb2 as wire

from .conftest import Host, Project, eventually
from .fake_control_plane import FakeControlPlane

pytestmark = pytest.mark.anyio

TASKS = """
import os, time
def quick(launch, directory):
    print("quick")
    return {"outcome": "success", "xcoms": {"return_value": "1"}}

def waiting(launch, directory):
    print("ready", flush=True)
    while not os.path.exists("/proc/self/cwd/go"):
        time.sleep(0.005)
"""


async def test_nothing_is_asked_before_it_starts(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(TASKS)
    async with host.running():
        plane.give(project.spec("quick"))
        report = await plane.finished(1)
        await host.emptied()
    assert report.outcome == wire.SUCCESS
    assert plane.output(1) == ["quick"]
    assert plane.attachments[-1].takes_opened
    assert "Open" not in plane.calls


async def test_a_document_is_sent_once_for_each_connection(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(TASKS)
    async with host.running():
        plane.give(project.spec("quick"))
        await plane.finished(1)
        plane.give(project.spec("quick"), with_document=False)
        assert (await plane.finished(2)).outcome == wire.SUCCESS


async def test_without_a_document_the_agent_attaches_again(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(TASKS)
    async with host.running():
        spec = project.spec("quick")
        plane.give(spec, with_document=False)
        await plane.until(lambda: len(plane.attachments) == 2)
        assert list(plane.attachments[1].held_launches) == []
        plane.give(spec)
        assert (await plane.finished(1)).outcome == wire.SUCCESS


async def test_one_that_is_given_again_goes_on_under_the_new_session(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(TASKS)
    async with host.running():
        spec = project.spec("waiting")
        plane.give(spec)
        await plane.until(lambda: plane.output(1) == ["ready"])
        log = plane.launches[1].log
        plane.forget_sessions()
        plane.give(spec).log = log
        (project.path / "go").touch()
        assert (await plane.finished(1)).outcome == wire.SUCCESS
    assert len(plane.attachments) == 1
    assert plane.output(1) == ["ready"]


async def test_one_that_is_stopped_before_its_turn_never_starts(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(TASKS)
    async with host.running(capacity=1):
        plane.give(project.spec("waiting"))
        await plane.until(lambda: plane.output(1) == ["ready"])
        plane.give(project.spec("quick"))
        await eventually(lambda: host.held() == ["1", "2"])
        await plane.until(lambda: any(2 in beat for beat in plane.heartbeats))
        plane.command(stop=wire.StopLaunch(launch_id=2, reason="somebody else did it"))
        (project.path / "go").touch()
        report = await plane.finished(2)
    assert report.outcome == wire.CANCELLED
    assert report.message == "The task was stopped: somebody else did it."
    assert plane.output(2) == []


@pytest.mark.parametrize("is_current", [True, False])
async def test_one_that_was_given_long_ago_is_asked_about_first(
    plane: FakeControlPlane, project: Project, host: Host, is_current: bool
) -> None:
    """As when the agent was frozen between the word and the start."""
    project.write(TASKS)
    async with host.running():
        if not is_current:
            plane.to_stop[1] = "the task was cleared"
        plane.give(project.spec("quick"), seconds_ago=3.0)
        report = await plane.finished(1)
    assert report.outcome == (wire.SUCCESS if is_current else wire.CANCELLED)
    assert plane.output(1) == (["quick"] if is_current else [])


async def test_one_that_waits_for_an_import_survives_the_launch_that_began_it(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(TASKS)
    async with host.running() as agent:
        plane.give(project.spec("quick"))
        await eventually(lambda: host.held() == ["1"])
        plane.launches[1].current = False
        plane.give(project.spec("quick"))
        agent._launches[1].forget("its run was deleted")
        assert (await plane.finished(2)).outcome == wire.SUCCESS
    assert plane.output(2) == ["quick"]


async def test_one_that_comes_while_the_agent_leaves_is_given_back(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(TASKS)
    async with host.running():
        plane.give(project.spec("waiting"))
        await plane.until(lambda: plane.output(1) == ["ready"])
        plane.command(shutdown=wire.Shutdown())
        plane.give(project.spec("quick"))
        report = await plane.finished(2)
    assert report.outcome == wire.SHUT_DOWN
    assert plane.output(2) == []


async def test_a_log_that_cannot_be_stored_with_the_report_follows_it(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(TASKS)
    async with host.running():
        plane.log_outage = True
        plane.give(project.spec("quick"))
        await plane.until(lambda: plane.launches[1].reports)
        plane.log_outage = False
        await plane.finished(1)
        await host.emptied()
    assert plane.output(1) == ["quick"]
