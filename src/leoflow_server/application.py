"""The server process: everything started in order, and stopped in the opposite one.

    home lock → database → agents' port → engine → metrics port → executor → API port → what runs beside

A role leaves some of it out: `api` has no engine and no executor, `planner` no API port.

The agents' service and the engine outlive the executor, so that the last reports are on record.
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
from leoflow_runtime.executors.protocol import Executor
from leoflow_server.access import Access
from leoflow_server.agents import AgentService, PortTaken, start_agents_server
from leoflow_server.api import create_api
from leoflow_server.cleaning import Cleaner, Policy
from leoflow_server.execution import Execution, execution_of, replica_name
from leoflow_server.listening import CannotStart, HomeInUse, HttpServer, PortInUse, held_home, listen
from leoflow_server.logs import FileLogs, LogStore
from leoflow_server.logs.objects import LogsUnavailable, ObjectLogs
from leoflow_server.observe import Metrics, MetricsEndpoint
from leoflow_server.planning import take_turns
from leoflow_server.services import Services
from leoflow_server.settings import Settings
from leoflow_server.store import SqlStore, StoreError, migrate
from leoflow_server.store.dialects import database
from leoflow_server.store.xcom_values import DatabaseValues, RedisValues, XComStoreInvalid, XComValues

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
        has_api, may_plan = settings.role != "planner", settings.role != "api"
        api_socket = (
            stack.enter_context(contextlib.closing(listen(settings.host, settings.port))) if has_api else None
        )
        metrics_socket = stack.enter_context(
            contextlib.closing(listen(settings.metrics_host, settings.metrics_port))
        )
        execution = execution_of(settings)
        services = await _services(settings, execution.executor, stack)
        services.ports.http = api_socket.getsockname()[1] if api_socket is not None else 0
        services.ports.metrics = metrics_socket.getsockname()[1]
        agents = _agent_service(services, execution)
        server, services.ports.grpc = await _agents_port(agents, settings)
        stack.push_async_callback(server.stop, 1.0)
        parts = _Parts()
        if may_plan:
            await stack.enter_async_context(parts.keep("engine", services.engine.run()))
        endpoint = MetricsEndpoint(services.metrics, lambda: _why_not_ready(services))
        await stack.enter_async_context(_http(parts, "metrics", endpoint, metrics_socket))
        if may_plan:
            stack.push_async_callback(execution.stop)
            await execution.start(services, agents)
            await stack.enter_async_context(parts.keep("planning", take_turns(services, execution)))
        if api_socket is not None:
            await stack.enter_async_context(_http(parts, "api", create_api(services), api_socket))
        if services.store.is_shared and not settings.lite:
            # The first thing on the way out: another replica need not wait for the rest.
            stack.push_async_callback(_hand_over, services)
        ports = services.ports
        _log.info("ready", extra={"http": ports.http, "grpc": ports.grpc, "metrics": ports.metrics})
        yield services, parts.ended


def clean_once(settings: Settings, *, dry_run: bool, told: Callable[[str, int], None]) -> dict[str, int]:
    """One pass of retention beside whatever runs. Returns what went (or would go), by kind.

    Raises CannotStart, StoreError and OSError.
    """

    async def once() -> dict[str, int]:
        async with AsyncExitStack() as stack:
            store = SqlStore(settings.database_url)
            stack.push_async_callback(asyncio.to_thread, store.close)
            logs = await _logs(settings)
            stack.push_async_callback(asyncio.to_thread, logs.close)
            cleaner = Cleaner(store, logs, Policy.of(settings), told=told)
            return dict(await (cleaner.count() if dry_run else cleaner.clean()))

    return asyncio.run(once())


async def _hand_over(services: Services) -> None:
    with contextlib.suppress(StoreError):  # the lease ends by itself
        await services.engine.hand_over()


async def _services(settings: Settings, executor: Executor, stack: AsyncExitStack) -> Services:
    for folder in (settings.logs_dir, settings.bundles_dir, settings.spool_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    metrics = Metrics()
    if settings.lite or not database(settings.database_url).is_shared:
        # What replicas share is brought up by whoever operates them: `leoflow server migrate`.
        await asyncio.to_thread(migrate, settings.database_url)
    store = SqlStore(settings.database_url, on_group=metrics.commit_group)
    stack.push_async_callback(asyncio.to_thread, store.close)
    logs = await _logs(settings)
    stack.push_async_callback(asyncio.to_thread, logs.close)
    access = Access.create(store=store, settings=settings)
    if settings.admin_password is not None:
        await access.bootstrap(settings.admin_username, settings.admin_password)
    silence = EngineSettings(
        heartbeat_silence=settings.heartbeat_lost_seconds, max_map_length=settings.max_map_length
    )
    engine = Engine(store, executor, owner=replica_name(settings), observer=metrics, settings=silence)
    store.changed.append(engine.poke)
    xcoms = await _xcoms(settings)
    return Services(
        settings=settings,
        store=store,
        engine=engine,
        logs=logs,
        access=access,
        metrics=metrics,
        xcoms=xcoms,
    )


async def _logs(settings: Settings) -> LogStore:
    """Raises CannotStart."""
    if not settings.logs_url:
        return FileLogs(settings.logs_dir)
    try:
        logs = ObjectLogs(settings.logs_url)
        await logs.check()
    except LogsUnavailable as error:
        raise CannotStart(str(error)) from error
    return logs


async def _xcoms(settings: Settings) -> XComValues:
    """Raises CannotStart."""
    if not settings.xcom_url:
        return DatabaseValues()
    try:
        values = RedisValues(settings.xcom_url, seconds=settings.xcom_seconds)
        await asyncio.to_thread(values.check)
    except XComStoreInvalid as error:
        raise CannotStart(str(error)) from error
    return values


def _agent_service(services: Services, execution: Execution) -> AgentService:
    settings = services.settings
    return AgentService(
        store=services.store,
        engine=services.engine,
        logs=services.logs,
        cipher=services.access.cipher,
        desk=execution.desk,
        metrics=services.metrics,
        launch_secret=settings.launch_secret,
        bundles=execution.bundles,
        ended=execution.ended,
        heartbeat_seconds=settings.heartbeat_seconds,
        heartbeat_lost_seconds=settings.heartbeat_lost_seconds,
        native_apart=settings.native_tasks,
        xcoms=services.xcoms,
        plans=lambda: services.engine.is_planning,
    )


async def _agents_port(agents: AgentService, settings: Settings) -> tuple[grpc.aio.Server, int]:
    try:
        return await start_agents_server(agents, settings.grpc_host, settings.grpc_port)
    except PortTaken as error:
        raise PortInUse(error.host, error.port) from error


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
    if services.settings.role == "api":
        return None  # the database has answered, or it would not have started
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
