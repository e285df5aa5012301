"""`python -I -m leoflow_runtime.agent`, from outside."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.agent.spool import Spool

from .conftest import Host, Project, eventually
from .fake_control_plane import HOST_TOKEN, FakeControlPlane

pytestmark = pytest.mark.anyio


def start(*arguments: str, settings: Any = None, environment: dict[str, str] | None = None) -> Any:
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "leoflow_runtime.agent", *arguments],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdin is not None
    process.stdin.write(settings if isinstance(settings, str) else json.dumps(settings) + "\n")
    process.stdin.close()
    return process


async def ended(process: Any) -> tuple[int, list[str]]:
    """Exit status and the sentences it left."""
    try:
        error: str = await asyncio.wait_for(asyncio.to_thread(process.stderr.read), 60)
        status = await asyncio.to_thread(process.wait, 60)
    finally:
        process.kill()
        process.stderr.close()
    return status, [json.loads(line)["event"] for line in error.splitlines()]


def settings_for(host: Host, **overrides: Any) -> dict[str, Any]:
    return {
        "server": host.plane.address,
        "host_token": HOST_TOKEN,
        "spool": str(host.spool),
        **overrides,
    }


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("not json\n", "The agent's settings must be one line of JSON on standard input."),
        ([1], "The agent's settings must be a JSON object."),
        (
            {"server": "h:1", "spool": "s"},
            "The agent's setting 'host_token' must be a text that is not empty.",
        ),
        (
            {"server": "h:1", "host_token": "t", "spool": "s", "capacity": "many"},
            "The agent's setting 'capacity' must be a number above zero.",
        ),
        (
            {"server": "h:1", "host_token": "t", "spool": "s", "color": 1},
            "The agent does not know the setting 'color'.",
        ),
        (
            {"server": "h:1", "host_token": "t", "spool": "/proc/nowhere"},
            "The agent cannot use /proc/nowhere: No such file or directory.",
        ),
    ],
)
async def test_wrong_settings_are_one_sentence(settings: Any, sentence: str) -> None:
    assert await ended(start("host", settings=settings)) == (2, [sentence])


async def test_wrong_use_is_one_sentence() -> None:
    assert await ended(start("guest")) == (2, ["Say which agent this is: host or pod."])
    environment = {"LEOFLOW_SERVER": "127.0.0.1:1"}
    status, sentences = await ended(start("pod", environment=environment))
    assert status == 2
    assert sentences == ["LEOFLOW_LAUNCH_TOKEN or LEOFLOW_LAUNCH_TOKEN_FILE must give a launch token."]


async def test_a_second_agent_on_a_spool_leaves(host: Host) -> None:
    spool = Spool(host.spool)
    try:
        status, sentences = await ended(start("host", settings=settings_for(host)))
    finally:
        spool.close()
    assert (status, sentences) == (3, [f"Another agent already works in {host.spool}."])


async def test_an_unknown_host_token_ends_the_agent(host: Host) -> None:
    status, sentences = await ended(start("host", settings=settings_for(host, host_token="old")))
    assert (status, sentences) == (4, ["The control plane does not accept this agent's host token."])


async def test_an_agent_that_nobody_needs_leaves(plane: FakeControlPlane, host: Host) -> None:
    process = start("host", settings=settings_for(host, orphan_seconds=0.4))
    await plane.until(lambda: plane.attachments)
    await plane.vanish()
    status, sentences = await ended(process)
    assert (status, sentences) == (0, ["The control plane is gone and nothing is left to do."])
    await plane.start()


async def test_a_host_agent_runs_a_real_task_and_leaves_on_sigterm(
    plane: FakeControlPlane, host: Host, project: Project
) -> None:
    """No stand-ins on this side: the façade, the child, the interpreter and its environment are real."""
    project.write(
        """
        from airflow.sdk import DAG, task

        with DAG("d", schedule=None):
            @task
            def add(x: int) -> int:
                print("adding")
                return x + 1

            add(41)
        """
    )
    document = {
        "dag_id": "d",
        "tasks": [{"task_id": "add", "type": "python", "entrypoint": "dag:add", "call_args": {"x": 41}}],
    }
    process = start("host", settings=settings_for(host))
    await plane.until(lambda: plane.attachments)
    plane.launch(project.spec("add", document=document))
    report = await plane.finished(1)
    assert [(x.key, x.value_json) for x in report.xcoms] == [("return_value", b"42")], plane.lines(1)
    assert "adding" in plane.output(1)
    await eventually(lambda: not host.held())
    process.terminate()
    assert await ended(process) == (0, [])


def test_tasks_cannot_read_the_agents_memory(tmp_path: Path) -> None:
    code = (
        "from leoflow_runtime.agent.processes import become_unreadable; import ctypes;"
        "become_unreadable(); print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "0"
