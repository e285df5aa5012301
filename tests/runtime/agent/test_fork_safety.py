"""Versions that must not be forked are found out and run in fresh interpreters."""

from __future__ import annotations

import dataclasses

import pytest

from leoflow_runtime.wire import agent_pb2 as wire

from .conftest import BOUNDS, Host, Project
from .fake_control_plane import FakeControlPlane

pytestmark = pytest.mark.anyio


async def test_a_thread_started_by_the_import_is_observed_and_named(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import threading, os
        worker = threading.Thread(target=threading.Event().wait, name="poller", daemon=True)
        worker.start()
        def work(launch, directory):
            print("alive" if worker.is_alive() else "dead", os.getppid() == os.getsid(os.getppid()))
        """
    )
    async with host.running():
        plane.launch(project.spec("work"))
        report = await plane.finished(1)
    text = [line["event"] for line in plane.lines(1)]
    assert report.outcome == wire.SUCCESS
    assert "in a fresh interpreter" in text[0]
    assert text[1] == "Not forked: importing the DAG started the thread 'poller'."
    assert plane.output(1) == ["alive True"]


async def test_threads_that_end_for_a_fork_are_no_reason_against_one(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    """As numerical libraries do with their pools."""
    project.write(
        """
        import os, threading
        fork = threading.Event()
        worker = threading.Thread(target=fork.wait, daemon=True)
        worker.start()
        def end_worker():
            fork.set()
            worker.join()
        os.register_at_fork(before=end_worker)
        def work(launch, directory): pass
        """
    )
    async with host.running():
        plane.launch(project.spec("work"))
        report = await plane.finished(1)
    assert report.outcome == wire.SUCCESS
    assert ", forked, " in plane.lines(1)[0]["event"]


async def test_an_open_socket_is_observed(plane: FakeControlPlane, project: Project, host: Host) -> None:
    project.write("import socket\nconnection = socket.socket()\ndef work(launch, directory): pass")
    async with host.running():
        plane.launch(project.spec("work"))
        report = await plane.finished(1)
    assert report.outcome == wire.SUCCESS
    assert plane.lines(1)[1]["event"].startswith("Not forked: importing the DAG opened a socket")


async def test_a_child_stuck_before_its_first_line_starts_again_in_a_fresh_interpreter(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os, time
        importer = os.getpid()
        def work(launch, directory):
            if os.getpid() != importer:
                time.sleep(600)
            print("worked")
        work.never_starts = True
        """
    )
    async with host.running(bounds=dataclasses.replace(BOUNDS, stuck_seconds=0.2)):
        plane.launch(project.spec("work"))
        report = await plane.finished(1)
        plane.launch(project.spec("work"))
        second = await plane.finished(2)
    assert report.outcome == second.outcome == wire.SUCCESS
    assert plane.output(1) == ["worked"]
    reason = "a task process did not reach its first line within 0.2 s"
    assert any(reason in line["event"] for line in plane.lines(1))
    assert plane.lines(2)[1]["event"] == f"Not forked: {reason}."


async def test_an_import_error_in_a_fresh_interpreter_fails_the_try(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os, socket
        connection = socket.socket()
        if os.path.exists("broken"):
            raise ValueError("broken now")
        def work(launch, directory): pass
        """
    )
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.finished(1)
        (project.path / "broken").touch()
        plane.launch(project.spec("work"))
        report = await plane.finished(2)
    assert report.outcome == wire.FAILED
    assert report.message == "The DAG could not be imported: ValueError: broken now"
    assert "ValueError: broken now" in plane.output(2)
