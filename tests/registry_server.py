"""Debian's real registry on loopback, with and without a login, and a proxy that breaks connections."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

USER, PASSWORD = "alice", "secret"


@dataclass(frozen=True, slots=True)
class RegistryServer:
    """`host` is what references begin with."""

    host: str
    folder: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def registry_server(
    folder: Path,
    *,
    port: int | None = None,
    with_login: bool = False,
    http: Mapping[str, Any] | None = None,
    auth: Mapping[str, Any] | None = None,
) -> Iterator[RegistryServer]:
    """`docker-registry`, on a free port unless one is given; ends with the block. Skips where it is missing.

    What the folder holds from an earlier one is served again. `http` and `auth` are added to these sections
    of its configuration.
    """
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", **(http or {})},
        **({"auth": dict(auth)} if auth else {}),
    }
    if with_login:
        done = subprocess.run(
            ["htpasswd", "-Bbn", USER, PASSWORD], capture_output=True, text=True, timeout=30, check=True
        )
        (folder / "htpasswd").write_text(done.stdout)
        settings["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(json.dumps(settings))  # JSON is YAML
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")], stdout=log, stderr=log
        )
    try:
        _until_it_answers(port, process, folder / "log")
        yield RegistryServer(f"127.0.0.1:{port}", folder)
    finally:
        process.terminate()
        process.wait(10)


def _until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/v2/", timeout=1)
        except httpx.TransportError:
            threading.Event().wait(0.05)
        else:
            return
    raise RuntimeError(f"docker-registry does not start: {log.read_text()}")


@dataclass
class CuttingProxy:
    """Passes connections to a registry on, and breaks one for each of `cuts`: after so many bytes sent."""

    target: str
    cuts: list[int] = field(default_factory=list)
    host: str = ""
    broken: int = 0

    @contextmanager
    def running(self) -> Iterator[CuttingProxy]:
        listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            listener.close()
            thread.join(5)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            address, _, port = self.target.partition(":")
            server = socket.create_connection((address, int(port)))
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_upload: bool) -> None:
        passed = 0
        try:
            while data := source.recv(65536):
                passed += len(data)
                if is_upload and self.cuts and passed >= self.cuts[0]:
                    self.cuts.pop(0)
                    self.broken += 1
                    return
                # The registry knows itself by the name that it is asked by, so that uploads come here again.
                sink.sendall(data)
        except OSError:
            return
        finally:
            for end in (source, sink):
                with_shutdown(end)


def with_shutdown(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
    finally:
        end.close()
