"""What a running task asks for."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from leoflow_runtime.agent.spool import Spool
from leoflow_runtime.wire import agent_pb2 as wire

from .conftest import Host, Project
from .fake_control_plane import FakeControlPlane

pytestmark = pytest.mark.anyio

ASKER = """
import json, os, socket, time
def ask(launch, *requests, **overrides):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(launch["socket"])
        lines = connection.makefile("r")
        for request in requests:
            who = {"launch_id": launch["launch_id"], "nonce": launch["nonce"], **overrides}
            connection.sendall(json.dumps({**who, **request}).encode() + b"\\n")
            yield json.loads(lines.readline())

def work(launch, directory):
    for answer in ask(launch,
        {"op": "get_variable", "key": "region"},
        {"op": "set_variable", "key": "region", "value": "us", "description": None},
        {"op": "get_variable", "key": "region"},
        {"op": "set_variable", "key": "region", "value": None},
        {"op": "get_variable", "key": "region"},
        {"op": "get_connection", "conn_id": "db"},
        {"op": "pull_xcom", "task_ids": ["a", "b", "c"], "key": "k", "map_index": None},
        {"op": "launch_missiles"},
        {"op": "get_variable"},
    ):
        print(json.dumps(answer))

def stranger(launch, directory):
    for answer in ask(launch, {"op": "get_variable", "key": "region"}, nonce="guessed"):
        print(json.dumps(answer))
    for answer in ask(launch, {"op": "get_variable", "key": "region"}, launch_id=99):
        print(json.dumps(answer))

def teller(launch, directory):
    (answer,) = ask(launch, {"op": "get_variable", "key": "db_password"})
    print("it is", answer["value"], flush=True)
    said = "no entry with " + answer["value"]
    return {"outcome": "failed", "message": said, "note": said, "rendered_fields": {"command": [said]}}

def waiting(launch, directory):
    for answer in ask(launch,
        {"op": "set_deferred", "is_deferred": True, "waits_for": "FileTrigger"},
        {"op": "set_deferred", "is_deferred": False, "waits_for": ""},
    ):
        print(json.dumps(answer))
    return {"outcome": "success"}

def patient(launch, directory):
    print("ready", flush=True)
    while not os.path.exists("/proc/self/cwd/go"):
        time.sleep(0.005)
    for answer in ask(launch, {"op": "get_variable", "key": "region"}):
        print(json.dumps(answer))
"""


def answers(plane: FakeControlPlane) -> list[dict[str, Any]]:
    return [json.loads(line) for line in plane.output(1) if line.startswith("{")]


async def test_each_request_has_its_answer(plane: FakeControlPlane, project: Project, host: Host) -> None:
    plane.variables["region"] = "eu"
    plane.xcoms = [
        wire.Input(task_id="a", key="k", map_index=-1, value_json=b"[1]"),
        wire.Input(task_id="b", key="k", map_index=-1),
    ]
    project.write(ASKER)
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.finished(1)
    assert answers(plane) == [
        {"ok": True, "value": "eu"},
        {"ok": True},
        {"ok": True, "value": "us"},
        {"ok": True},
        {"ok": True, "value": None},
        {"ok": True, "uri": None},
        {
            "ok": True,
            "values": [
                {"task_id": "a", "key": "k", "map_index": -1, "value": [1]},
                {"task_id": "b", "key": "k", "map_index": -1},
            ],
        },
        {"ok": False, "error": "There is no request named 'launch_missiles'."},
        {"ok": False, "error": "The request 'get_variable' lacks or mistypes 'key'."},
    ]


async def test_a_task_says_that_it_waits_for_a_trigger(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(ASKER)
    async with host.running():
        known = plane.launch(project.spec("waiting", execution_timeout_seconds=30))
        report = await plane.finished(1)
    assert known.deferred == [(True, "FileTrigger"), (False, "")]
    assert report.outcome == wire.SUCCESS


async def test_a_request_needs_the_nonce_of_its_launch(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(ASKER)
    async with host.running():
        plane.launch(project.spec("stranger"))
        await plane.finished(1)
    assert answers(plane) == [
        {"ok": False, "error": "The request does not carry its launch's nonce."},
        {"ok": False, "error": "There is no launch 99."},
    ]


async def test_a_secret_that_was_asked_for_is_masked_wherever_people_look(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    plane.variables["db_password"] = 'hunter"2'
    project.write(ASKER)
    async with host.running():
        plane.launch(project.spec("teller"))
        report = await plane.finished(1)
        await host.emptied()
    assert plane.output(1) == ["it is ***"]
    assert (report.message, report.note) == ("no entry with ***", "no entry with ***")
    assert json.loads(report.rendered_fields_json) == {"command": ["no entry with ***"]}
    assert plane.lines(1)[-1]["event"].endswith("no entry with ***")


async def test_a_request_waits_for_the_control_plane_to_come_back(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    plane.variables["region"] = "eu"
    project.write(ASKER)
    async with host.running():
        plane.launch(project.spec("patient"))
        await plane.until(lambda: "ready" in plane.output(1))
        await plane.vanish()
        (project.path / "go").touch()
        await plane.start()
        await plane.finished(1)
    assert answers(plane) == [{"ok": True, "value": "eu"}]


async def test_nonsense_is_refused_and_the_socket_is_private(
    plane: FakeControlPlane, host: Host, project: Project
) -> None:
    async with host.running():
        path = host.spool / "a.sock"
        assert path.stat().st_mode & 0o777 == 0o600
        replies = await anyio.to_thread.run_sync(_send, path, b'nonsense\n[]\n{"launch_id": "x"}\n')
    assert [reply["ok"] for reply in replies] == [False, False, False]


def _send(path: Path, data: bytes) -> list[dict[str, Any]]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(data)
        lines = connection.makefile("r")
        return [json.loads(lines.readline()) for _ in range(data.count(b"\n"))]


def test_a_spool_too_deep_for_a_socket_gets_a_short_one_always_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    spool = Spool(deep)
    spool.close()
    again = Spool(deep)
    again.close()
    assert len(str(spool.socket_path)) < 100
    assert spool.socket_path == again.socket_path
    assert spool.socket_path.parent.stat().st_mode & 0o777 == 0o700
    spool.socket_path.parent.rmdir()
