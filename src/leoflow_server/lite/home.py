"""The state folder of one Lite: where things are, and that only one process uses it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leoflow_server.lite.errors import HomeTaken, HomeUnusable


@dataclass(frozen=True, kw_only=True, slots=True)
class LiteHome:
    """`LEOFLOW_HOME` and the folder `lite/` below it."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "lite"

    @property
    def ui(self) -> Path:
        return self.root / "ui"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets.json"

    @property
    def lock(self) -> Path:
        return self.state / "lite.lock"

    @property
    def bundles(self) -> Path:
        return self.state / "bundles"

    def prepare(self) -> None:
        """Makes the folders, readable by their owner only. Raises HomeUnusable."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.state, self.bundles, self.state / "logs", self.state / "spool"):
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)
            if not os.access(self.state, os.W_OK | os.X_OK):
                raise HomeUnusable(self.state, "it is not writable")
        except FileExistsError as error:
            raise HomeUnusable(Path(error.filename), "it is a file, not a folder") from None
        except NotADirectoryError as error:
            raise HomeUnusable(Path(error.filename), "a part of its path is a file") from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise HomeUnusable(Path(error.filename or self.state), reason) from None


@contextmanager
def exclusive(home: LiteHome, *, port: int) -> Iterator[None]:
    """Holds the state folder for this process. Raises HomeTaken with who holds it."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, taken_port = _holder(descriptor)
            raise HomeTaken(home.state, pid, taken_port) from None
        _write_holder(descriptor, port)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)  # the lock goes with it, as it does when the process is killed


def note_port(home: LiteHome, port: int) -> None:
    """Records the port that was really bound (the flag may have asked for a free one)."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        _write_holder(descriptor, port)
    finally:
        os.close(descriptor)


def _write_holder(descriptor: int, port: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "port": port}).encode(), 0)


def _holder(descriptor: int) -> tuple[int | None, int | None]:
    """Who wrote the lock file; (None, None) while it is still being written."""
    try:
        content = json.loads(os.pread(descriptor, 200, 0))
        return int(content["pid"]), int(content["port"]) or None
    except (ValueError, KeyError, TypeError):
        return None, None
