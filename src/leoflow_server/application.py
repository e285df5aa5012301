"""The server process: everything started in order, and stopped in the opposite one.

    home lock → database → agents' port → engine → metrics port → host agent → API port → what runs beside

The agents' service and the engine outlive the host agent, so that its last reports are on record.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc.aio
import uvloop

from leoflow_runtime.engine import Engine, EngineSettings
from leoflow_runtime.executors.agent_process import AgentOptions, AgentProcess
from leoflow_runtime.executors.host_desk import HostDesk
from leoflow_runtime.executors.subprocess import SubprocessExecutor
from leoflow_server.access import Access
from leoflow_server.agents import LOCAL_HOST, AgentService, PortTaken, start_agents_server
from leoflow_server.api import create_api
from leoflow_server.listening import CannotStart, HomeInUse, HttpServer, PortInUse, held_home, listen
from leoflow_server.logs import LogStore
from leoflow_server.observe import Metrics, MetricsEndpoint
from leoflow_server.registry.following import follow_channels
from leoflow_server.services import Services
from leoflow_server.settings import Settings
from leoflow_server.store import SqlStore, migrate

__all__ = ["CannotStart", "HomeInUse", "PortInUse", "run", "running", "serve"]

_log = logging.getLogger("leoflow.server")
Beside = Callable[[Services], Awaitable[None]]


def run(settings: Settings, *, beside: Beside | None = None) -> None:
    """`serve` in an event loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, beside=beside))


async def serve(settings: Settings, *, beside: Beside | None = None) -> None:
    """Runs a control plane until SIGINT, SIGTERM or the failure of one of its parts.

    `beside` is started once everything listens, and cancelled on the way out; its exception ends the
    server politely and is raised from here. Raises CannotStart and StoreError, one sentence each.
    """
    stop = asyncio.Event()
    with _on_signals(stop), held_home(settings.home):
        async with running(settings) as (services, ended):
            waits: list[asyncio.Future[Any]] = [ended, asyncio.ensure_future(stop.wait())]
            if beside is not None:
                waits.append(asyncio.ensure_future(beside(services)))
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            _log.info("stopping")
            for wait in waits[1:]:
                wait.cancel()
            outcomes = await asyncio.gather(*waits[1:], return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if ended.done() and not ended.cancelled():
            failures = [error for error in [ended.exception()] if isinstance(error, Exception)] or failures
        if failures:
            raise failures[0]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[Services, asyncio.Future[None]]]:
    """A whole control plane, up inside the block. The future is done once one of its parts has ended."""
    async with AsyncExitStack() as stack:
        api_socket = stack.enter_context(contextlib.closing(listen(settings.host, settings.port)))
        metrics_socket = stack.enter_context(
            contextlib.closing(listen(settings.metrics_host, settings.metrics_port))
        )
        desk = HostDesk()
        executor = SubprocessExecutor(desk)
        services = await _services(settings, executor, stack)
        services.ports.http = api_socket.getsockname()[1]
        services.ports.metrics = metrics_socket.getsockname()[1]
        agents = _agent_service(services, desk)
        server, services.ports.grpc = await _agents_port(agents, settings)
        stack.push_async_callback(server.stop, 1.0)
        parts = _Parts()
        await stack.enter_async_context(parts.keep("engine", services.engine.run()))
        endpoint = MetricsEndpoint(services.metrics, lambda: _why_not_ready(services))
        await stack.enter_async_context(_http(parts, "metrics", endpoint, metrics_socket))
        await executor.start(_agent_process(services, agents))
        stack.push_async_callback(_stop_executor, executor, desk, settings)
        await stack.enter_async_context(_http(parts, "api", create_api(services), api_socket))
        await stack.enter_async_context(parts.keep("channels", follow_channels(services)))
        ports = services.ports
        _log.info("ready", extra={"http": ports.http, "grpc": ports.grpc, "metrics": ports.metrics})
        yield services, parts.ended


async def _services(settings: Settings, executor: SubprocessExecutor, stack: AsyncExitStack) -> Services:
    for folder in (settings.logs_dir, settings.bundles_dir, settings.spool_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    metrics = Metrics()
    await asyncio.to_thread(migrate, settings.database_url)
    store = SqlStore(settings.database_url, on_group=metrics.commit_group)
    stack.push_async_callback(asyncio.to_thread, store.close)
    logs = LogStore(settings.logs_dir)
    stack.push_async_callback(asyncio.to_thread, logs.close)
    access = Access.create(store=store, settings=settings)
    if settings.admin_password is not None:
        await access.bootstrap(settings.admin_username, settings.admin_password)
    # The home is locked, so the name may stay the same: after a crash the lease is ours at once.
    owner = f"{socket.gethostname()}:{settings.home}"
    silence = EngineSettings(heartbeat_silence=settings.heartbeat_lost_seconds)
    engine = Engine(store, executor, owner=owner, observer=metrics, settings=silence)
    store.changed.append(engine.poke)
    return Services(settings=settings, store=store, engine=engine, logs=logs, access=access, metrics=metrics)


def _agent_service(services: Services, desk: HostDesk) -> AgentService:
    settings = services.settings
    return AgentService(
        store=services.store,
        engine=services.engine,
        logs=services.logs,
        cipher=services.access.cipher,
        desk=desk,
        metrics=services.metrics,
        launch_secret=settings.launch_secret,
        bundles=settings.bundles_dir,
        heartbeat_seconds=settings.heartbeat_seconds,
        heartbeat_lost_seconds=settings.heartbeat_lost_seconds,
    )


def _agent_process(services: Services, agents: AgentService) -> AgentProcess:
    settings = services.settings
    host = "127.0.0.1" if settings.grpc_host in ("0.0.0.0", "::", "") else settings.grpc_host  # noqa: S104
    return AgentProcess(
        AgentOptions(
            server=f"{host}:{services.ports.grpc}",
            spool=settings.spool_dir,
            log=settings.agent_log,
            capacity=settings.capacity,
            heartbeat_seconds=settings.heartbeat_seconds,
            idle_zygote_seconds=settings.idle_zygote_seconds,
            max_zygotes=settings.max_zygotes,
            orphan_seconds=settings.orphan_seconds,
        ),
        enrol=lambda token: agents.enrol_host(LOCAL_HOST, token),
        started=services.metrics.agent_started,
    )


async def _agents_port(agents: AgentService, settings: Settings) -> tuple[grpc.aio.Server, int]:
    try:
        return await start_agents_server(agents, settings.grpc_host, settings.grpc_port)
    except PortTaken as error:
        raise PortInUse(error.host, error.port) from error


async def _stop_executor(executor: SubprocessExecutor, desk: HostDesk, settings: Settings) -> None:
    # A server that is restarted leaves running tasks to its successor; Lite ends them with itself.
    await executor.stop(dismiss=settings.lite or not desk.held())


class _Parts:
    """The long-running parts; `ended` is done when the first of them is, with its error if it has one."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def keep(self, name: str, work: Awaitable[None]) -> AsyncIterator[asyncio.Future[None]]:
        """Runs it for the time of the block, then cancels it."""
        part = asyncio.ensure_future(work)
        part.add_done_callback(lambda done: self._tell(name, done))
        try:
            yield part
        finally:
            part.cancel()
            await asyncio.gather(part, return_exceptions=True)

    def _tell(self, name: str, part: asyncio.Future[None]) -> None:
        if self.ended.done() or part.cancelled():
            return
        error = part.exception()
        if error is not None:
            _log.error("a part of the server failed", extra={"part": name}, exc_info=error)
            self.ended.set_exception(error)
            self.ended.exception()  # whoever leaves the block without looking has been told by the log
        else:
            self.ended.set_result(None)


@asynccontextmanager
async def _http(parts: _Parts, name: str, app: object, bound: socket.socket) -> AsyncIterator[None]:
    server = HttpServer(app)
    async with parts.keep(name, server.serve(sockets=[bound])) as part:
        while not server.started and not part.done():
            await asyncio.sleep(0.005)
        try:
            yield
        finally:
            server.should_exit = True
            await asyncio.wait([part], timeout=5.0)


def _why_not_ready(services: Services) -> str | None:
    if services.engine.last_beat is None:
        return "the engine has not reached the database yet"
    return None


@contextlib.contextmanager
def _on_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            os._exit(130)  # asked twice: tasks go on and are adopted by the next server
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
