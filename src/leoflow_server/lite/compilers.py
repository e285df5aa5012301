"""The compiler in processes of its own: a few, warm while there is work, gone when there is none."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 90.0  # more than the compiler allows itself for one project
IDLE_SECONDS = 20.0
# A reply is one line, and holds the whole source of the DAG file.
_LINE_BYTES = 64 << 20
# `-P`: a file of the current folder must never be taken for one of the compiler's modules.
COMPILER = (sys.executable, "-P", "-m", "leoflow_compiler.cli.service")


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    document: dict[str, Any]
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """What the compiler said instead of a document, as people read it."""

    text: str
    seconds: float


@dataclass(kw_only=True, slots=True)
class CompilerPool:
    """Compiles projects, at most `size` at a time.

    Processes start on demand, are kept warm for `idle_seconds`, and are replaced when they die.
    """

    size: int
    timeout: float = TIMEOUT_SECONDS
    idle_seconds: float = IDLE_SECONDS
    command: tuple[str, ...] = COMPILER
    _idle: list[asyncio.subprocess.Process] = field(default_factory=list)
    _slots: asyncio.Semaphore = field(init=False)
    _retirement: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.size)

    async def compile(self, workspace: Path, folder: str) -> Compiled | Refused:
        """The project's `dag.json`, or the compiler's diagnostics, whose paths are relative to the workspace.

        Never raises for what is in the project.
        """
        async with self._slots:
            begin = time.monotonic()
            process = self._take_idle() or await self._start()
            try:
                async with asyncio.timeout(self.timeout):
                    line = await _ask(process, workspace, folder)
            except TimeoutError:
                await _end(process)
                return Refused(
                    text=f"Compiling took more than {self.timeout:.0f} s.", seconds=time.monotonic() - begin
                )
            except BaseException:
                await _end(process)
                raise
            seconds = time.monotonic() - begin
            if not line.endswith(b"\n"):
                return Refused(text=_ended(await process.wait()), seconds=seconds)
            self._keep(process)
        reply = json.loads(line)
        if reply["document"] is None:
            return Refused(text=reply["text"].strip(), seconds=seconds)
        return Compiled(document=reply["document"], seconds=seconds)

    async def close(self) -> None:
        """Ends the idle processes; those at work end with their caller."""
        if self._retirement is not None:
            self._retirement.cancel()
        idle, self._idle = self._idle, []
        for process in idle:
            await _end(process)

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "NO_COLOR": "1"},
            start_new_session=True,
            limit=_LINE_BYTES,
        )

    def _take_idle(self) -> asyncio.subprocess.Process | None:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        return None

    def _keep(self, process: asyncio.subprocess.Process) -> None:
        self._idle.append(process)
        if self._retirement is not None:
            self._retirement.cancel()
        self._retirement = asyncio.get_running_loop().call_later(self.idle_seconds, self._retire)

    def _retire(self) -> None:
        """End of input is how the service is told to leave."""
        idle, self._idle = self._idle, []
        for process in idle:
            assert process.stdin is not None
            process.stdin.close()


async def _ask(process: asyncio.subprocess.Process, workspace: Path, folder: str) -> bytes:
    """The reply's line; shorter than a line where the process died."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"workspace": str(workspace), "folder": folder}).encode() + b"\n")
    try:
        await process.stdin.drain()
    except ConnectionError:
        return b""
    return await process.stdout.readline()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _ended(code: int) -> str:
    if code < 0:
        return f"The compiler was killed by {signal.Signals(-code).name}."
    return f"The compiler ended with exit code {code} and said nothing."
