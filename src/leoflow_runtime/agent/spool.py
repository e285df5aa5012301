"""The directory that outlives the agent: one folder per launch held, one file per DAG version in use."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_runtime.zygote import records

# What the address of a unix socket may be long, with room to spare (the kernel takes 108, macOS 104).
_SOCKET_PATH_LIMIT = 100
_LOCK_SECONDS = 0.5


class SpoolInUse(Exception):
    """Another agent holds this spool."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"Another agent already works in {path}.")
        self.path = path


class SpoolUnusable(Exception):
    """The spool cannot be written; the text is one sentence that says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchDirectory:
    """One launch's folder in the spool; see `leoflow_runtime.zygote.records` for the files in it."""

    path: Path
    launch_id: int

    def read(self, name: str) -> dict[str, Any] | None:
        """The JSON object in a file of this launch; None if it is missing or is not one."""
        try:
            return records.read_json(f"{self.path}/{name}")
        except ValueError:
            return None

    def has(self, name: str) -> bool:
        return os.path.exists(f"{self.path}/{name}")

    def write(self, name: str, value: Any) -> None:
        records.write_json(f"{self.path}/{name}", value)

    def claim(self) -> bool:
        """Takes the launch away from any zygote that has not started it yet."""
        return records.claim(str(self.path))

    def started_at(self) -> float | None:
        """When the user's first line was next, in seconds since the epoch."""
        try:
            return os.stat(f"{self.path}/started").st_mtime
        except FileNotFoundError:
            return None

    def prepare_again(self) -> None:
        """Forgets a process that never got to the user's first line, so that another can be made."""
        for name in ("process.json", "exit.json", "result.json", "stop.json", "claim"):
            (self.path / name).unlink(missing_ok=True)

    def remove(self) -> None:
        try:
            for name in os.listdir(self.path):
                os.unlink(f"{self.path}/{name}")
            os.rmdir(self.path)
        except OSError:  # a folder in it, or a process that still writes
            shutil.rmtree(self.path, ignore_errors=True)


class Spool:
    """Holds the spool's lock as long as it is open."""

    def __init__(self, path: Path) -> None:
        """Raises `SpoolInUse` and `SpoolUnusable`."""
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            (path / "versions").mkdir(exist_ok=True, mode=0o700)
            self._lock = os.open(path / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SpoolUnusable(f"The agent cannot use {path}: {error.strerror}.") from error
        if not _locked(self._lock):
            os.close(self._lock)
            raise SpoolInUse(path)
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        self.socket_path = _socket_path(path)
        self._documents: dict[str, Path] = {}  # content digest -> where its dag.json is kept
        if not self.held():  # else their documents may be among them
            for left in [*(path / "versions").iterdir(), *path.glob("zygote-*.json")]:
                left.unlink()

    def close(self) -> None:
        os.close(self._lock)

    def held(self) -> list[LaunchDirectory]:
        """Every launch that is not yet reported, oldest first."""
        numbers = sorted(int(entry.name) for entry in self.path.iterdir() if entry.name.isdecimal())
        return [self.directory(number) for number in numbers]

    def directory(self, launch_id: int) -> LaunchDirectory:
        return LaunchDirectory(path=self.path / str(launch_id), launch_id=launch_id)

    def knows(self, spec: wire.LaunchSpec) -> bool:
        """Whether there is a document for it, its own or one that came with another launch."""
        return bool(spec.dag_json) or spec.content_digest in self._documents

    def take(self, spec: wire.LaunchSpec) -> LaunchDirectory | None:
        """Makes the folder of a new launch, which it `knows`; None if it is held already."""
        directory = self.directory(spec.launch_id)
        try:
            directory.path.mkdir(mode=0o700)
        except FileExistsError:
            return None
        document = self._keep_document(spec)
        text = launch_json(spec, document, self.socket_path, secrets.token_urlsafe(24))
        descriptor = os.open(directory.path / "launch.json", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(text)
        return directory

    def _keep_document(self, spec: wire.LaunchSpec) -> Path:
        known = self._documents.get(spec.content_digest)
        if known is not None:
            return known
        name = hashlib.sha256(spec.dag_json).hexdigest() + ".json"
        path = (self.path / "versions" / name).resolve()
        if not path.exists():
            temporary = path.with_suffix(".tmp")
            temporary.write_bytes(spec.dag_json)
            temporary.rename(path)
        self._documents[spec.content_digest] = path
        return path


def _locked(descriptor: int) -> bool:
    """Tries for a moment: whoever asks if an agent lives holds the lock for an instant."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        else:
            return True


def _socket_path(spool: Path) -> Path:
    """Where children ask: in the spool, or, if that is too long for a socket, in a short place of its own.

    The same spool always gives the same place, so that children find the next agent there.
    """
    path = spool.resolve() / "a.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"leoflow-{os.getuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    owner = short.lstat()
    if owner.st_uid != os.getuid() or owner.st_mode & 0o077:
        raise SpoolUnusable(f"The agent needs {short} for itself, but others can reach it.")
    return short / "a.sock"


def listen(path: Path) -> socket.socket:
    """A listening unix socket that only this user can reach. The spool's lock makes the path ours."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(64)
    listener.setblocking(False)
    return listener


_CONTEXT_FIELDS = [field.name for field in wire.RunContext.DESCRIPTOR.fields]


def launch_json(spec: wire.LaunchSpec, document: Path, socket_path: Path, nonce: str) -> bytes:
    """What the child is given. Values of inputs are JSON already and are put in as they are."""
    head = json.dumps(
        {
            "launch_id": spec.launch_id,
            "dag_id": spec.dag_id,
            "run_id": spec.run_id,
            "task_id": spec.task_id,
            "map_index": spec.map_index,
            "try_number": spec.try_number,
            "max_tries": spec.max_tries,
            "content_digest": spec.content_digest,
            "dag_version": spec.dag_version,
            "dag_json_path": str(document),
            "code_path": spec.code_path or os.getcwd(),
            "env": dict(spec.env),
            "variables": dict(spec.variables),
            "connections": dict(spec.connections),
            "context": {name: getattr(spec.context, name) for name in _CONTEXT_FIELDS},
            "execution_timeout_seconds": spec.execution_timeout_seconds,
            "socket": str(socket_path),
            "nonce": nonce,
            "callback": _callback(spec),
        }
    )
    inputs = b", ".join(input_json(item) for item in spec.inputs)
    return head.encode()[:-1] + b', "inputs": [' + inputs + b"]}"


def _callback(spec: wire.LaunchSpec) -> dict[str, str] | None:
    if not spec.HasField("callback"):
        return None
    return {"kind": spec.callback.kind, "reason": spec.callback.reason}


def input_json(item: wire.Input) -> bytes:
    """An upstream value as the child reads it; without `value` if the upstream produced nothing."""
    head = json.dumps({"task_id": item.task_id, "key": item.key, "map_index": item.map_index}).encode()
    if not item.HasField("value_json"):
        return head
    return head[:-1] + b', "value": ' + item.value_json + b"}"
