"""A real agent with real zygotes and processes, between strict fakes of control plane and child."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

import leoflow_runtime
from leoflow_runtime.agent.host import HostAgent
from leoflow_runtime.agent.settings import Bounds, HostSettings
from leoflow_runtime.agent.spool import Spool
from leoflow_runtime.wire import agent_pb2 as wire

from .fake_control_plane import HOST_TOKEN, FakeControlPlane

RUNTIME = Path(leoflow_runtime.__file__).parent


@pytest.fixture(scope="package")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="package", autouse=True)
async def one_event_loop(anyio_backend: str) -> AsyncIterator[asyncio.AbstractEventLoop]:
    """gRPC's poller is one per process and speaks late to the loop that it knew; so there is only one."""
    yield asyncio.get_running_loop()
    await asyncio.sleep(0)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The zygote program in a package root of its own, with the fake child beside it."""
    root = tmp_path / "runtime"
    root.mkdir()
    (root / "zygote").symlink_to(RUNTIME / "zygote")
    (root / "child").symlink_to(Path(__file__).parent / "fake_child")
    (root / "facade").mkdir()
    return root / "zygote" / "program.py"


@pytest.fixture
async def plane(anyio_backend: str) -> AsyncIterator[FakeControlPlane]:
    plane = FakeControlPlane()
    await plane.start()
    yield plane
    await plane.vanish()
    assert plane.breaches == []


class Project:
    """A `dag.py` and launches of its functions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._next = 1

    def write(self, source: str) -> None:
        (self.path / "dag.py").write_text(textwrap.dedent(source))

    def spec(self, task_id: str, **fields: Any) -> wire.LaunchSpec:
        launch_id = fields.pop("launch_id", self._next)
        self._next = max(self._next, launch_id) + 1
        digest = hashlib.sha256((self.path / "dag.py").read_bytes()).hexdigest()
        document = fields.pop("document", {"dag_id": "d"})
        return wire.LaunchSpec(
            launch_id=launch_id,
            dag_id="d",
            run_id="r",
            task_id=task_id,
            map_index=-1,
            try_number=1,
            content_digest=f"sha256:{digest}",
            dag_json=json.dumps(document).encode(),
            code_path=str(self.path),
            **fields,
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    path = tmp_path / "project"
    path.mkdir()
    return Project(path)


BOUNDS = Bounds(heartbeat_seconds=0.1, tick_seconds=0.01, grace_seconds=0.5, stuck_seconds=10.0)


async def eventually(condition: Callable[[], Any], *, seconds: float = 60.0) -> None:
    """For what other processes do, which nobody tells us: looks until it holds, or the time is up."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class Host:
    """Starts agents on one spool."""

    def __init__(self, plane: FakeControlPlane, spool: Path, program: Path) -> None:
        self.plane = plane
        self.spool = spool
        self.program = program

    def settings(self, **overrides: Any) -> HostSettings:
        return HostSettings(server=self.plane.address, host_token=HOST_TOKEN, spool=self.spool, **overrides)

    def held(self) -> list[str]:
        return sorted(entry.name for entry in self.spool.iterdir() if entry.name.isdecimal())

    async def emptied(self) -> None:
        await eventually(lambda: not self.held())

    @contextlib.asynccontextmanager
    async def running(self, *, bounds: Bounds = BOUNDS, **overrides: Any) -> AsyncIterator[HostAgent]:
        spool = Spool(self.spool)
        settings = self.settings(**overrides)
        agent = HostAgent(settings, spool, agent_version="test", bounds=bounds, program=self.program)
        attached = len(self.plane.attachments)
        running = asyncio.create_task(agent.run())
        await self.plane.until(lambda: len(self.plane.attachments) > attached)
        try:
            yield agent
        finally:
            agent.leave()
            await running
            spool.close()


@pytest.fixture
def host(plane: FakeControlPlane, tmp_path: Path, program: Path) -> Host:
    return Host(plane, tmp_path / "spool", program)
