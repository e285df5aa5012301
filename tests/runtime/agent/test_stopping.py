"""Timeouts, cancellation, and launches that are no longer current."""

from __future__ import annotations

import os
from typing import Any

import pytest

from leoflow_runtime.wire import agent_pb2 as wire

from .conftest import Host, Project, eventually
from .fake_control_plane import FakeControlPlane

pytestmark = pytest.mark.anyio

SLEEPER = """
import os, signal, subprocess, time
def polite(launch, directory):
    def leave(*_):
        print("asked to leave")
        os._exit(0)
    signal.signal(signal.SIGTERM, leave)
    print("ready", flush=True)
    time.sleep(600)

def chatty(launch, directory):
    while True:
        print("ready", flush=True)
        time.sleep(0.05)

def stubborn(launch, directory):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    escaped = subprocess.Popen(["sleep", "600"], start_new_session=True)
    print("ready", escaped.pid, flush=True)
    time.sleep(600)
"""


def gone(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def ready(plane: FakeControlPlane, launch_id: int = 1) -> None:
    await plane.until(lambda: any(line.startswith("ready") for line in plane.output(launch_id)))


async def test_a_task_beyond_its_timeout_is_asked_and_fails(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(SLEEPER)
    async with host.running():
        plane.launch(project.spec("polite", execution_timeout_seconds=0.3))
        report = await plane.finished(1)
    assert report.outcome == wire.FAILED
    assert report.message == "The task exceeded its execution timeout of 0.3 seconds."
    assert plane.lines(1)[-1]["level"] == "error"


async def test_the_import_in_a_fresh_interpreter_is_not_the_tasks_time(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import threading, time
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        time.sleep(0.4)
        def work(launch, directory): pass
        def lazy(launch, directory): time.sleep(600)
        """
    )
    async with host.running():
        plane.launch(project.spec("work", execution_timeout_seconds=0.3))
        plane.launch(project.spec("lazy", execution_timeout_seconds=0.3))
        done, late = await plane.finished(1), await plane.finished(2)
    assert (done.outcome, done.message) == (wire.SUCCESS, "")
    assert (late.outcome, late.message) == (
        wire.FAILED,
        "The task exceeded its execution timeout of 0.3 seconds.",
    )


async def test_a_stubborn_task_is_killed_with_all_its_family(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(SLEEPER)
    async with host.running():
        plane.launch(project.spec("stubborn"))
        await ready(plane)
        plane.command(stop=wire.StopLaunch(launch_id=1, reason="marked failed"))
        report = await plane.finished(1)
        escaped = int(plane.output(1)[0].split()[1])
        await eventually(lambda: gone(escaped))
    assert report.outcome == wire.CANCELLED
    assert report.message == "The task was stopped: marked failed."
    assert report.signal == 9


async def test_a_heartbeat_covers_all_launches_and_its_answer_stops_them(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(SLEEPER)
    async with host.running():
        plane.launch(project.spec("polite"))
        plane.launch(project.spec("polite"))
        await plane.until(lambda: [1, 2] in plane.heartbeats)
        plane.to_stop[2] = "cleared"
        report = await plane.finished(2)
        assert report.outcome == wire.CANCELLED
        await plane.until(lambda: plane.heartbeats[-1] == [1])
        assert plane.launches[1].reports == []
        plane.command(stop=wire.StopLaunch(launch_id=1))
        await plane.finished(1)


async def test_a_launch_that_is_no_longer_current_is_stopped_and_its_end_reported(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    """The report changes nothing there, but it is the proof of death that the next try waits for."""
    project.write(SLEEPER)
    async with host.running():
        known = plane.launch(project.spec("chatty"))
        await ready(plane)
        await plane.until(lambda: known.started)
        known.current = False
        await host.emptied()
    assert gone(known.started[0].child_pid)
    assert known.reports == []
    assert [report.outcome for report in plane.refused] == [wire.CANCELLED]


async def test_a_stop_during_a_long_import_needs_no_process(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os, time
        print("importing", os.getpid(), flush=True)
        time.sleep(1.5)
        def work(launch, directory): print("never")
        """
    )
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.until(lambda: plane.output(1))
        plane.command(stop=wire.StopLaunch(launch_id=1, reason="cleared"))
        report = await plane.finished(1)
    assert report.outcome == wire.CANCELLED
    assert report.cpu_seconds == 0
    assert "never" not in plane.output(1)


async def test_shutdown_stops_reports_and_leaves(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(SLEEPER)
    async with host.running() as agent:
        plane.launch(project.spec("polite"))
        await ready(plane)
        plane.command(shutdown=wire.Shutdown())
        report = await plane.finished(1)
        assert report.outcome == wire.SHUT_DOWN
        assert report.message == "The task was stopped: Leoflow is shutting down."
        await agent._leaving.wait()
    assert host.held() == []


async def test_work_that_was_complete_before_the_stop_counts(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os, time
        def work(launch, directory):
            with open(directory + "/result.json", "w") as file:
                file.write('{"outcome": "success"}')
            print("ready", flush=True)
            time.sleep(600)
        """
    )
    async with host.running():
        plane.launch(project.spec("work"))
        await ready(plane)
        plane.command(stop=wire.StopLaunch(launch_id=1))
        report: Any = await plane.finished(1)
    assert report.outcome == wire.SUCCESS
    assert os.WTERMSIG(report.signal) == 15
