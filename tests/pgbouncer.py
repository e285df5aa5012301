"""A PgBouncer of our own, Debian's, that gives each transaction another connection."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.acceptance.driving import free_port
from tests.postgresql import PASSWORD, PostgreSqlServer, die_with_parent, private_folder, unprivileged

_SETTINGS = """
[databases]
* = host=127.0.0.1 port={server} user=leoflow password='{password}'

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {folder}
auth_type = plain
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
logfile = {folder}/bouncer.log
ignore_startup_parameters = extra_float_digits
"""


@dataclass(frozen=True)
class PgBouncer:
    server: PostgreSqlServer
    port: int

    def url(self, direct_url: str) -> str:
        """The same database through the pooler."""
        return direct_url.replace(f":{self.server.port}/", f":{self.port}/")


@contextmanager
def running_pgbouncer(server: PostgreSqlServer, *, pool_size: int = 4) -> Iterator[PgBouncer]:
    """`pool_size`: connections to the server, fewer than there are clients."""
    path = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if path is None:
        pytest.skip("pgbouncer is not installed (Debian: pgbouncer)")
    with private_folder("bouncer") as folder:
        port = free_port()
        (folder / "users").write_text(f'"leoflow" "{PASSWORD}"\n')
        (folder / "pgbouncer.ini").write_text(
            _SETTINGS.format(
                server=server.port, port=port, folder=folder, password=PASSWORD, size=pool_size
            ).lstrip()
        )
        process = subprocess.Popen(
            [path, "-q", str(folder / "pgbouncer.ini")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
            **(unprivileged()),
        )
        try:
            _until_listening(process, port)
            yield PgBouncer(server, port)
        finally:
            process.terminate()
            process.wait(10)


def _until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None, f"pgbouncer ended with {process.returncode}"
            assert time.monotonic() < deadline, "pgbouncer does not listen"
            time.sleep(0.02)
