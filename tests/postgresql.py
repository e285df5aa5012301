"""A PostgreSQL of our own: Debian's binaries, a free loopback port, gone at the end.

PostgreSQL refuses to run as root, so root runs it as the user that Debian's package made.
"""

from __future__ import annotations

import ctypes
import getpass
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests.acceptance.driving import free_port

PASSWORD = "p@ss/word"
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def program(name: str) -> str:
    """A program of PostgreSQL's newest version here. Skips the test where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: path.parts[4])
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed (Debian: postgresql)")
    return path


def unprivileged() -> Mapping[str, str]:
    """What `subprocess` needs to run a program that refuses root."""
    if os.getuid() != 0:
        return {}
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL cannot run as root, and there is no user 'postgres'")
    return {"user": "postgres", "group": "postgres"}


def die_with_parent() -> None:
    """In the child: no daemon outlives the tests, however they end."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGQUIT)


@contextmanager
def private_folder(name: str) -> Iterator[Path]:
    """Not below pytest's: that one is root's alone, and a socket's path must be short."""
    folder = Path(tempfile.mkdtemp(prefix=f"leoflow-{name}-"))
    if user := unprivileged().get("user"):
        shutil.chown(folder, user, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class PostgreSqlServer:
    """`new_database` gives a fresh one; its URL holds the password, as a setting would."""

    folder: Path
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def url(self, database: str, *, password: bool = True, port: int | None = None) -> str:
        secret = f":{quote(PASSWORD, safe='')}" if password else ""
        return f"postgresql://leoflow{secret}@127.0.0.1:{port or self.port}/{database}"

    def socket_url(self, database: str) -> str:
        """Over the unix socket, which asks for no password."""
        return f"postgresql://leoflow@/{database}?host={self.folder}&port={self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def create(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        arguments = ["-D", str(self.folder / "data"), "-U", "leoflow", f"--pwfile={secret}", "-E", "UTF8"]
        arguments += ["--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync"]
        done = subprocess.run(
            [program("initdb"), *arguments], capture_output=True, text=True, check=False, **unprivileged()
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        given = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": os.environ.get("LEOFLOW_TEST_FSYNC", "off"),
            "shared_buffers": "32MB",
            "max_connections": "100",
            **self.settings,
        }
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program("postgres"), "-D", str(self.folder / "data"), *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                preexec_fn=die_with_parent,
                **unprivileged(),
            )
        self._until_ready()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends every session at once, and the server in order; SIGQUIT is its crash."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(30)

    def new_database(self, template: str = "template0") -> str:
        """The URL of an empty database, or of a copy of `template`."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError as error:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError((self.folder / "log").read_text()) from error
                time.sleep(0.02)


@contextmanager
def running_postgresql(**settings: str) -> Iterator[PostgreSqlServer]:
    """`settings` are the server's own, beside the defaults for tests."""
    program("postgres")
    with private_folder("pg") as folder:
        server = PostgreSqlServer(folder, free_port(), settings)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def whoami() -> str:
    return unprivileged().get("user") or getpass.getuser()
