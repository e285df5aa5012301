"""Keeps one host agent alive, and leaves a surviving one alone."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_log = logging.getLogger("leoflow.executor")

# All that an agent, and through it a task, gets to see of the server's environment.
BASE_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME")
_FIRST_DELAY, _LAST_DELAY = 0.1, 5.0
_HEALTHY_SECONDS = 30.0
_LOCK_POLL_SECONDS = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentOptions:
    """How a host agent is started. `server` is `host:port` of the agents' service."""

    server: str
    spool: Path
    log: Path  # where its own lines go
    capacity: int = 32
    heartbeat_seconds: float = 5.0
    idle_zygote_seconds: float = 300.0
    max_zygotes: int = 16
    orphan_seconds: float = 120.0
    python: str = sys.executable


class AgentProcess:
    """`enrol` is told each new agent's host token before that agent starts."""

    def __init__(
        self,
        options: AgentOptions,
        enrol: Callable[[str], Awaitable[None]],
        *,
        environ: Mapping[str, str] = os.environ,
        started: Callable[[], None] = lambda: None,
    ) -> None:
        self._options = options
        self._enrol = enrol
        self._environ = environ
        self._started = started
        self._ending = asyncio.Event()

    async def keep_alive(self) -> None:
        """Starts an agent whenever none holds the spool; ends only by cancellation or `expect_end`."""
        delay = _FIRST_DELAY
        while not self._ending.is_set():
            holder = lock_holder(self._options.spool)
            if holder is not None:
                self._dismiss_stranger(holder)
                await self.until_gone()
                continue
            began = time.monotonic()
            code = await self._run()
            if self._ending.is_set():
                return
            delay = _FIRST_DELAY if time.monotonic() - began > _HEALTHY_SECONDS else delay
            _log.warning("the host agent ended", extra={"exit_code": code, "again_in_seconds": delay})
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LAST_DELAY)

    def expect_end(self) -> None:
        """The agent was told to leave: it is not started again."""
        self._ending.set()

    async def until_gone(self) -> None:
        """Waits until no agent holds the spool."""
        while lock_holder(self._options.spool) is not None:
            await asyncio.sleep(_LOCK_POLL_SECONDS)

    async def _run(self) -> int:
        token = secrets.token_urlsafe(32)
        await self._enrol(token)
        options = self._options
        line = json.dumps(
            {
                "server": options.server,
                "host_token": token,
                "spool": str(options.spool),
                "capacity": options.capacity,
                "heartbeat_seconds": options.heartbeat_seconds,
                "idle_zygote_seconds": options.idle_zygote_seconds,
                "max_zygotes": options.max_zygotes,
                "orphan_seconds": options.orphan_seconds,
            }
        )
        self._remember_server()
        process = self._spawn(line.encode() + b"\n")
        self._started()
        return await _exit_of(process)

    def _spawn(self, settings: bytes) -> subprocess.Popen[bytes]:
        with _append_only(self._options.log) as log:
            # Not asyncio's: that one kills its child when the event loop goes, and this one is to survive.
            process = subprocess.Popen(
                [self._options.python, "-I", "-m", "leoflow_runtime.agent", "host"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={name: self._environ[name] for name in BASE_ENVIRONMENT if name in self._environ},
                cwd=self._options.spool,
                start_new_session=True,
                close_fds=True,
            )
        assert process.stdin is not None
        # Where it died at once, its exit code tells.
        with contextlib.suppress(ConnectionError), process.stdin as pipe:
            pipe.write(settings)
        return process

    def _remember_server(self) -> None:
        path = self._options.spool / "server"
        path.write_text(self._options.server, "utf-8")

    def _dismiss_stranger(self, pid: int) -> None:
        """An agent that knows another address would never attach: it leaves, its tasks are adopted."""
        try:
            known = (self._options.spool / "server").read_text("utf-8")
        except FileNotFoundError:
            known = ""
        if known and known != self._options.server and pid:
            _log.info("the surviving host agent knows another address", extra={"agent_pid": pid})
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        elif pid:
            _log.info("a host agent is alive and will attach", extra={"agent_pid": pid})


def lock_holder(spool: Path) -> int | None:
    """The pid of the agent that holds the spool (0: not said yet); None when there is none."""
    try:
        descriptor = os.open(spool / "agent.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        return int(text) if text.isdecimal() else 0
    finally:
        os.close(descriptor)
    return None


def _append_only(path: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    return open(os.open(path, flags, 0o600), "ab", buffering=0)


async def _exit_of(process: subprocess.Popen[bytes]) -> int:
    """Waits on a thread that nobody has to wait for in turn."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def tell(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    def wait() -> None:
        code = process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed: the server has gone before the agent
            loop.call_soon_threadsafe(tell, code)

    threading.Thread(target=wait, name="host-agent-exit", daemon=True).start()
    return await ended
