"""A control plane with a real store, engine and gRPC port, and an agent that does what a test says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from leoflow_runtime.engine import Engine, operations
from leoflow_runtime.engine.rows import LaunchRow, RunRow, TaskRow
from leoflow_runtime.executors.host_desk import HostDesk
from leoflow_runtime.executors.subprocess import SubprocessExecutor
from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_runtime.wire import agent_pb2_grpc
from leoflow_server.access import Cipher
from leoflow_server.agents import LOCAL_HOST, AgentService, start_agents_server
from leoflow_server.logs import FileLogs, LogStore
from leoflow_server.observe import Metrics
from leoflow_server.store import SqlStore, migrate

KEY = base64.b64encode(b"k" * 32).decode()
SECRET = b"launch secret of the tests"
SOURCE = "# dag.py of the tests\n"
DEADLINE = 10.0


def document(*tasks: Mapping[str, Any], dag_id: str = "shop", **more: Any) -> dict[str, Any]:
    digest = "sha256:" + hashlib.sha256(SOURCE.encode()).hexdigest()
    base = {"schema_version": "1.0", "dag_id": dag_id, "source": SOURCE, "files": {"dag.py": digest}}
    return {**base, "tasks": [{"type": "python", **task} for task in tasks], **more}


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    store: SqlStore
    engine: Engine
    logs: LogStore
    service: AgentService
    desk: HostDesk
    port: int
    home: Path
    cipher: Cipher
    metrics: Metrics

    async def trigger(self, described: Mapping[str, Any], **how: Any) -> RunRow:
        def body(tx: Any) -> RunRow:
            registered = operations.register_version(tx, described, tenant_id=1, created_by="test", meta={})
            return operations.trigger_run(tx, tenant_id=1, dag_id=registered.dag.dag_id, **how)

        return await self.engine.apply(body)

    async def task(self, run: RunRow, task_id: str) -> TaskRow:
        tasks = await self.store.read(lambda tx: tx.tasks(run.pk))
        return next(task for task in tasks if task.task_id == task_id)

    async def launch(self, launch_id: int) -> LaunchRow:
        row = await self.store.read(lambda tx: tx.launch(launch_id))
        assert row is not None
        return row

    async def until(self, condition: Any) -> Any:
        """Looks again until `condition` holds, within a deadline."""
        async with asyncio.timeout(DEADLINE):
            while not (found := await condition()):
                await asyncio.sleep(0.01)
            return found


class ScriptedAgent:
    """Speaks the wire, one call at a time, as a host agent with `token` and `pid`."""

    def __init__(self, plane: ControlPlane, token: str, *, pid: int = 1001) -> None:
        self.plane = plane
        self.token = token
        self.pid = pid
        self.channel = grpc.aio.insecure_channel(
            f"127.0.0.1:{plane.port}",
            options=[("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", 1 << 26)],
        )
        self.stub: Any = agent_pb2_grpc.AgentServiceStub(self.channel)
        self.stream: Any = None

    async def attach(self, *held: int, takes_opened: bool = False, capacity: int = 8) -> wire.Attached:
        request = wire.AttachRequest(
            agent_version="test",
            hostname="here",
            pid=self.pid,
            held_launches=held,
            capacity=capacity,
            takes_opened=takes_opened,
        )
        self.stream = self.stub.Attach(request, metadata=bearer(self.token))
        first = await self.command()
        assert first.WhichOneof("command") == "attached"
        return first.attached

    async def command(self) -> wire.HostCommand:
        async with asyncio.timeout(DEADLINE):
            return await self.stream.read()

    async def next_start(self) -> wire.StartLaunch:
        command = await self.command()
        assert command.WhichOneof("command") == "start", command
        return command.start

    async def open(self, token: str) -> wire.OpenReply:
        return await self.stub.Open(
            wire.OpenRequest(launch_token=token, agent_version="test", hostname="here", pid=self.pid)
        )

    async def call(self, method: str, request: Any, session: str) -> Any:
        return await getattr(self.stub, method)(request, metadata=bearer(session))

    async def started(self, reply: wire.OpenReply) -> wire.ReportReply:
        request = wire.StartedRequest(
            launch_id=reply.launch.launch_id, child_pid=77, started_at="2026-01-02T03:04:05+00:00"
        )
        return await self.call("ReportStarted", request, reply.session)

    async def finished(
        self,
        reply: wire.OpenReply,
        outcome: int = wire.SUCCESS,
        *,
        map_length: int | None = None,
        **values: bytes,
    ) -> wire.ReportReply:
        request = wire.FinishedRequest(
            launch_id=reply.launch.launch_id,
            outcome=outcome,  # type: ignore[arg-type]
            started_at="2026-01-02T03:04:05+00:00",
            finished_at="2026-01-02T03:04:06+00:00",
            xcoms=[wire.XCom(key=key, value_json=value) for key, value in values.items()],
            map_length=map_length,
        )
        return await self.call("ReportFinished", request, reply.session)

    async def leave(self) -> None:
        """The connection breaks, as when the process is killed."""
        await self.channel.close()


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


@asynccontextmanager
async def control_plane(home: Path, *, in_pods: bool = False) -> AsyncIterator[ControlPlane]:
    url = f"sqlite:///{home}/leoflow.db"
    migrate(url)
    store, logs, metrics = SqlStore(url), FileLogs(home / "logs"), Metrics()
    desk = HostDesk()
    engine = Engine(store, SubprocessExecutor(desk), owner="test", observer=metrics)
    cipher = Cipher.from_text(KEY)
    service = AgentService(
        store=store,
        engine=engine,
        logs=logs,
        cipher=cipher,
        desk=desk,
        metrics=metrics,
        launch_secret=SECRET,
        bundles=None if in_pods else home / "bundles",
    )
    server, port = await start_agents_server(service, "127.0.0.1", 0)
    planning = asyncio.create_task(engine.run())
    try:
        await asyncio.wait_for(engine.wait_until_planning(), DEADLINE)
        yield ControlPlane(
            store=store,
            engine=engine,
            logs=logs,
            service=service,
            desk=desk,
            port=port,
            home=home,
            cipher=cipher,
            metrics=metrics,
        )
    finally:
        await server.stop(0)
        planning.cancel()
        await asyncio.gather(planning, return_exceptions=True)
        store.close()
        logs.close()


@asynccontextmanager
async def attached_agent(home: Path) -> AsyncIterator[tuple[ControlPlane, ScriptedAgent]]:
    async with control_plane(home) as plane:
        await plane.service.enrol_host(LOCAL_HOST, "host-token")
        agent = ScriptedAgent(plane, "host-token")
        await agent.attach()
        try:
            yield plane, agent
        finally:
            await agent.leave()
