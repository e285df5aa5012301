"""Zygotes from the agent's side: started on first use, kept while busy or warm, retired when idle."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_runtime.zygote import records

PROGRAM = Path(__file__).resolve().parent.parent / "zygote" / "program.py"
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME")
# A traceback is one line of the protocol.
_EVENT_LIMIT = 16 * 1024 * 1024


class ImportFailed(Exception):
    """The DAG's code could not be imported: its author's mistake. `traceback` is what they should read."""

    def __init__(self, summary: str, traceback: str) -> None:
        super().__init__(summary)
        self.summary = summary
        self.traceback = traceback


def _output(directory: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    return open(os.open(directory / "output", flags, 0o600), "ab", buffering=0)


class ZygoteDied(Exception):
    """A zygote ended without having been told to."""


class LaunchRefused(Exception):
    """A zygote could not, or may not, make a process for a launch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """What a zygote serves: one DAG version, where its code lies, on one interpreter."""

    content_digest: str
    code_path: str
    python: str

    @classmethod
    def of(cls, launch: wire.LaunchSpec) -> Version:
        return cls(
            content_digest=launch.content_digest,
            code_path=launch.code_path or os.getcwd(),
            python=launch.python or sys.executable,
        )


def clean_environment(
    inherited: Mapping[str, str], python: str, evaluated: Mapping[str, str | None]
) -> dict[str, str]:
    """A task's environment before anything of its own: a small base and what the structure was built with.

    The interpreter's folder leads `PATH`, so that `python` in a shell command is the DAG's; in an image the
    scripts of the DAG's packages come before it.
    """
    environment = {name: inherited[name] for name in _INHERITED if name in inherited}
    environment |= _given_by_pod(inherited)
    here = os.path.dirname(python)
    packages = inherited.get("LEOFLOW_PACKAGES", "")
    scripts = os.path.join(packages, "bin") if packages else ""
    environment["PATH"] = os.pathsep.join(filter(None, (scripts, here, environment.get("PATH", os.defpath))))
    if packages:  # for the zygote, and for programs that a task starts
        environment["LEOFLOW_PACKAGES"] = environment["PYTHONPATH"] = packages
    for name, value in evaluated.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    return environment


def _given_by_pod(inherited: Mapping[str, str]) -> dict[str, str]:
    """What a task's `pod_override` puts into its container; `*`: all of its variables but the agent's own."""
    passed = inherited.get("LEOFLOW_TASK_ENVIRONMENT", "")
    names = inherited if passed == "*" else passed.split(",")
    return {name: inherited[name] for name in names if name in inherited and not name.startswith("LEOFLOW_")}


@dataclass(kw_only=True, slots=True)
class Child:
    """A task's process, as its zygote reports it."""

    pid: int
    start_time: int | None
    mode: str
    # The contents of exit.json; `ZygoteDied` if nobody could tell.
    ended: asyncio.Future[dict[str, Any]]


class Zygote:
    """One running zygote."""

    def __init__(self, version: Version, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self.version = version
        self.process = process
        self.mode = "fork"
        self.reasons: list[str] = []
        self.users = 0
        self.idle_since = 0.0
        self.failed: Exception | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._control = control
        self._loaded_for: Path | None = None
        self._launching: dict[int, asyncio.Future[Child]] = {}
        self._children: dict[int, Child] = {}
        self._listening: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    async def start(cls, version: Version, directory: Path, program: Path) -> Zygote:
        """Starts it under what the compiler evaluated the DAG with. Raises OSError.

        What the interpreter has to say before it runs goes to the output of the launch in `directory`.
        """
        evaluated = records.load_launch(str(directory))["dag_json"].get("evaluated_with", {}).get("env", {})
        ours, theirs = socket.socketpair()
        with theirs, _output(directory) as output:
            try:
                process = subprocess.Popen(  # noqa: ASYNC220 (posix_spawn-like: under a millisecond)
                    [version.python, "-I", str(program), "serve", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=version.code_path,
                    env=clean_environment(os.environ, version.python, evaluated),
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                raise
        zygote = cls(version, process, ours)
        reader, zygote._writer = await asyncio.open_connection(sock=ours, limit=_EVENT_LIMIT)
        zygote._listening = asyncio.create_task(zygote._listen(reader))
        return zygote

    def load(self, directory: Path) -> None:
        """Has it import the DAG of that launch; `ready` tells the end of it."""
        self._loaded_for = directory
        self._send({"op": "load", "directory": str(directory)})

    @property
    def lost_its_launch(self) -> bool:
        """Whether the launch for which it was to import has ended meanwhile, and its folder is gone."""
        return self._loaded_for is not None and not self._loaded_for.exists()

    def skip_load(self, reasons: list[str]) -> None:
        """For a version that is known not to survive forking: every launch imports for itself."""
        self.mode, self.reasons = "spawn", reasons
        self.ready.set_result(None)

    async def launch(self, launch_id: int, directory: Path, *, mode: str | None = None) -> Child:
        """Has it make a process. Raises `LaunchRefused` and `ZygoteDied`."""
        answer: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._launching[launch_id] = answer
        chosen = mode or self.mode
        self._send({"op": "launch", "launch_id": launch_id, "directory": str(directory), "mode": chosen})
        child = await answer
        child.mode = chosen
        return child

    def retire(self) -> None:
        """Takes its control away: it ends when its last child has, or at once if it is still importing."""
        if not self.ready.done():
            self.kill()
        if self._writer is not None:
            self._writer.close()

    def kill(self) -> None:
        """Ends it now with what its import started, and with it every child."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:  # it has ended by itself
            return

    def _send(self, command: dict[str, Any]) -> None:
        if self.failed is not None:
            raise self.failed
        assert self._writer is not None
        self._writer.write(json.dumps(command).encode() + b"\n")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._heard(json.loads(line))
        except (ConnectionError, ValueError):
            pass  # the same as its end: settled below
        await self._collect()
        if self.ready.done():
            self._settle(ZygoteDied("The process that starts the tasks of this DAG version ended."))
        else:
            ended = f"the interpreter ended in the middle of it ({_status(self.process.returncode)})"
            self._settle(ImportFailed(ended, ""))

    def _heard(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "ready":
            self.mode, self.reasons = event["mode"], event["reasons"]
            if not self.ready.done():
                self.ready.set_result(None)
        elif kind == "failed":
            self._settle(ImportFailed(event["summary"], event["traceback"]))
        elif kind == "exit":
            child = self._children.pop(event["launch_id"])
            child.ended.set_result(event)
        elif kind == "refused":
            self._launching.pop(event["launch_id"]).set_exception(LaunchRefused(event["reason"]))
        else:
            ended: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
            child = Child(pid=event["pid"], start_time=event["start_time"], mode=self.mode, ended=ended)
            self._children[event["launch_id"]] = child
            self._launching.pop(event["launch_id"]).set_result(child)

    def _settle(self, error: Exception) -> None:
        """Nothing more will be heard: everyone who waits is told why."""
        if self.failed is None:
            self.failed = error
        waiting: list[asyncio.Future[Any]] = [
            self.ready,
            *self._launching.values(),
            *(child.ended for child in self._children.values()),
        ]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()  # seen: not everyone is waited for
        self._launching.clear()
        self._children.clear()

    async def _collect(self) -> None:
        if self._writer is not None:
            self._writer.close()
        while self.process.poll() is None:
            await asyncio.sleep(0.01)


def _status(returncode: int) -> str:
    """How a process ended, in words."""
    if returncode >= 0:
        return f"exit status {returncode}"
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return f"signal {-returncode}"


@dataclass(kw_only=True, slots=True)
class ZygotePool:
    """All zygotes of an agent.

    `limit` bounds the idle ones together with the busy ones, but a launch never waits for another DAG to
    finish: what is above the limit is retired as soon as it is idle.
    """

    limit: int
    idle_seconds: float
    clock: Callable[[], float]
    # What the zygotes run, by its path: their interpreter may not have Leoflow installed.
    program: Path = PROGRAM
    _zygotes: dict[Version, Zygote] = field(default_factory=dict)
    # Versions that must not be forked, and why.
    _spawning: dict[Version, list[str]] = field(default_factory=dict)

    async def acquire(self, version: Version, directory: Path) -> Zygote:
        """The zygote of a version, ready or not yet; give it back with `release`. Raises OSError."""
        zygote = self._zygotes.get(version)
        if zygote is None or zygote.failed is not None:
            zygote = await Zygote.start(version, directory, self.program)
            raced = self._zygotes.get(version)
            if raced is not None and raced.failed is None:
                zygote.retire()
                zygote = raced
            else:
                self._zygotes[version] = zygote
                if version in self._spawning:
                    zygote.skip_load(self._spawning[version])
                elif sys.platform == "linux":
                    zygote.load(directory)
                else:
                    zygote.skip_load(["forking is not used on this platform"])
        zygote.users += 1
        return zygote

    def release(self, zygote: Zygote) -> None:
        zygote.users -= 1
        zygote.idle_since = self.clock()
        self.retire_idle()

    def stop_forking(self, version: Version, reason: str) -> None:
        """From now on each launch of this version gets a fresh interpreter."""
        self._spawning[version] = [reason]
        zygote = self._zygotes.get(version)
        if zygote is not None:
            zygote.mode, zygote.reasons = "spawn", [reason]

    def retire_idle(self) -> None:
        """Retires the dead, those idle for too long, and the longest idle above the limit."""
        idle = sorted((z for z in self._zygotes.values() if z.users == 0), key=lambda z: z.idle_since)
        surplus = len(self._zygotes) - self.limit
        now = self.clock()
        for zygote in idle:
            if surplus > 0 or zygote.failed is not None or now - zygote.idle_since >= self.idle_seconds:
                del self._zygotes[zygote.version]
                zygote.retire()
                surplus -= 1

    def retire_all(self) -> None:
        for zygote in self._zygotes.values():
            zygote.retire()
        self._zygotes.clear()

    @property
    def count(self) -> int:
        return len(self._zygotes)
