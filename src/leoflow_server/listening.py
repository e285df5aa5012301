"""Ports and the home folder: taken before anything starts, so that a refusal is one sentence."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn


class CannotStart(Exception):
    """The control plane cannot start here; the message is one sentence for people."""


class PortInUse(CannotStart):
    def __init__(self, host: str, port: int, reason: str = "it is in use") -> None:
        self.host, self.port = host, port
        super().__init__(f"Port {port} of {host} cannot be listened on: {reason}.")


class HomeInUse(CannotStart):
    def __init__(self, home: Path, pid: int) -> None:
        self.home, self.pid = home, pid
        by = f" (process {pid})" if pid else ""
        super().__init__(f"Another Leoflow server{by} is running on {home}.")


class HomeUnusable(CannotStart):
    def __init__(self, home: Path, reason: str) -> None:
        self.home = home
        super().__init__(f"The folder {home} cannot be used: {reason}.")


@contextlib.contextmanager
def held_home(home: Path) -> Iterator[None]:
    """Makes the folder (0700) and holds its lock. Raises HomeInUse and HomeUnusable."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(home / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HomeUnusable(home, error.strerror or str(error)) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            raise HomeInUse(home, int(pid) if pid.isdecimal() else 0) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortInUse."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise PortInUse(host, port, "the host name is unknown") from error
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
        bound.listen(2048)
    except OSError as error:
        bound.close()
        reason = "it is in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
        raise PortInUse(host, port, reason) from error
    bound.setblocking(False)
    return bound


class HttpServer(uvicorn.Server):
    """uvicorn without signal handlers: the application decides when it ends."""

    def __init__(self, app: Any) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
