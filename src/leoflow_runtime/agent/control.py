"""The control plane from the agent's side: sessions of launches, and calls that outlive outages."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import grpc.aio

from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_runtime.wire import agent_pb2_grpc

_CALL_SECONDS = 15.0
_BACKOFF_FIRST = 0.05
_BACKOFF_LAST = 1.0
_CHANNEL_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A replica that is there and does not answer is left after ten seconds.
    ("grpc.keepalive_time_ms", 6_000),
    ("grpc.keepalive_timeout_ms", 4_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_receive_message_length", 256 * 1024 * 1024),
    # The control plane is named by the one who started the agent; a proxy for the web has no part in it.
    ("grpc.enable_http_proxy", 0),
]
Metadata = tuple[tuple[str, str], ...]


class LaunchGone(Exception):
    """The control plane no longer counts this launch: its process is to be ended and nothing reported."""

    def __init__(self, launch_id: int, reason: str) -> None:
        super().__init__(f"Launch {launch_id} is no longer current: {reason}")
        self.launch_id = launch_id
        self.reason = reason


def backoff() -> Iterator[float]:
    """Seconds to wait before each further attempt: 50 ms doubling to 1 s, each shortened by up to half."""
    delay = _BACKOFF_FIRST
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 (jitter, not a secret)
        delay = min(delay * 2, _BACKOFF_LAST)


def bearer(token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"),)


class ControlPlane:
    """The replicas of the control plane, one of which is spoken to until it cannot serve.

    `servers`: host:port of each, with commas.
    """

    def __init__(self, servers: str, *, agent_version: str, begin: int = 0) -> None:
        """`begin`: which of them is tried first."""
        self._servers = [server.strip() for server in servers.split(",") if server.strip()]
        self._current = begin % len(self._servers)
        self._leaving: set[asyncio.Task[None]] = set()
        self.agent_version = agent_version
        self.hostname = socket.gethostname()
        self._connect()

    @property
    def server(self) -> str:
        return self._servers[self._current]

    async def open(self, launch_token: str, metadata: Metadata = ()) -> wire.OpenReply:
        """Exchanges a launch token. Raises `grpc.aio.AioRpcError`."""
        request = wire.OpenRequest(
            launch_token=launch_token,
            agent_version=self.agent_version,
            hostname=self.hostname,
            pid=os.getpid(),
        )
        reply: wire.OpenReply = await self.stub.Open(request, timeout=_CALL_SECONDS, metadata=metadata)
        return reply

    def turn_from(self, stub: Any, error: grpc.aio.AioRpcError) -> None:
        """Whoever `stub` leads to did not serve: the next one is tried, unless somebody has turned already.

        Calls that are under way on the old connection may end there.
        """
        if error.code() in _ELSEWHERE and stub is self.stub and len(self._servers) > 1:
            old = self.channel
            self._current = (self._current + 1) % len(self._servers)
            self._connect()
            leaving = asyncio.ensure_future(old.close(_CALL_SECONDS))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        await self.channel.close(None)
        for leaving in list(self._leaving):
            leaving.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def _connect(self) -> None:
        self.channel = grpc.aio.insecure_channel(self.server, options=_CHANNEL_OPTIONS)
        self.stub: Any = agent_pb2_grpc.AgentServiceStub(self.channel)  # type: ignore[no-untyped-call]


# What another replica may be able to do.
_ELSEWHERE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
_GONE = {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED}
# What no repetition can mend: the request itself is wrong, or the other side does not know the call.
_HOPELESS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


class CallRefused(Exception):
    """The control plane refuses a request for what is in it."""


class LaunchSession:
    """The session of one launch, renewable by a fresh token after the control plane has restarted."""

    def __init__(
        self,
        control: ControlPlane,
        launch_id: int,
        session: str,
        session_lost: Callable[[LaunchSession, str], None],
    ) -> None:
        """`session_lost` is told when the session is unknown; it brings about `renew` or `abandon`."""
        self._control = control
        self._launch_id = launch_id
        self._session: str | None = session
        self._session_lost = session_lost
        self._changed = asyncio.Event()
        self._gone: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a session that has not been refused yet."""
        return self._session is not None and self._gone is None

    def renew(self, session: str) -> None:
        self._session = session
        self._announce()

    def abandon(self, reason: str) -> None:
        """From now on every call raises `LaunchGone`."""
        self._gone = reason
        self._announce()

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def call(self, method: str, request: Any) -> Any:
        """Calls until answered, through outages and restarts.

        Raises `LaunchGone` when the launch is no longer current, `CallRefused` when the request is wrong.
        """
        waits = backoff()
        while True:
            session = await self._current()
            stub = self._control.stub
            try:
                return await getattr(stub, method)(request, metadata=bearer(session), timeout=_CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                code = error.code()
                self._control.turn_from(stub, error)
                if code in _GONE:
                    self.abandon(error.details() or code.name)
                elif code in _HOPELESS:
                    raise CallRefused(error.details() or code.name) from error
                elif code is grpc.StatusCode.UNAUTHENTICATED:
                    if self._session == session:
                        self._session = None
                        self._session_lost(self, error.details() or "the session is unknown")
                else:
                    await self._pause(next(waits))

    async def _current(self) -> str:
        while True:
            if self._gone is not None:
                raise LaunchGone(self._launch_id, self._gone)
            if self._session is not None:
                return self._session
            await self._changed.wait()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
