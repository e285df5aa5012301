"""Several `leoflow server start` on one PostgreSQL, driven from outside."""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from tests.acceptance.driving import Lite, Machine, free_port, until
from tests.chaos.ledger import FanOut

PASSWORD = "correct horse battery"
_READY = re.compile(r"ready  http=(\d+)")


@dataclass(kw_only=True)
class Replica(Lite):
    """One of them: `api`, `trigger`, `finish` and the like speak to it."""

    name: str
    role: str = "all"
    http_port: int = field(default_factory=free_port)

    @property
    def output(self) -> Path:
        return self.machine.folder / f"{self.name}.out"

    @property
    def owner(self) -> str:
        """What the lease calls it ends so."""
        return str(self.machine.state / "server")

    def start(self, *, seconds: float = 120) -> None:
        with self.output.open("ab") as stream:
            begin = stream.tell()
            self._process = subprocess.Popen(
                [*self.machine.command, "server", "start"],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=self.machine.variables | {"PYTHONUNBUFFERED": "1"},
                cwd=self.machine.folder,
                start_new_session=True,
            )
        process = self._process

        def is_ready() -> bool:
            said = self.output.read_bytes()[begin:].decode("utf-8", "replace")
            assert process.poll() is None, f"{self.name} ended with {process.returncode}:\n{said}"
            return _READY.search(said) is not None

        until(is_ready, f"{self.name} is ready", seconds=seconds)
        self.url = f"http://127.0.0.1:{self.http_port}"

    def login(self) -> None:
        credentials = {"username": "admin", "password": PASSWORD}
        reply = httpx.post(f"{self.url}/auth/token", json=credentials, timeout=60)
        assert reply.status_code == 201, reply.text
        self.token = reply.json()["access_token"]

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def own_agent(self) -> psutil.Process:
        """The host agent that this replica has started, alive or not any more attached to it."""
        pid = int((self.machine.state / "server" / "spool" / "agent.lock").read_text())
        return psutil.Process(pid)

    def end(self) -> None:
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            self._started.append(self.own_agent())
            self._started += self.own_agent().children(recursive=True)
        self.signal(signal.SIGCONT)
        super().end()


@dataclass
class Replicas:
    """All of one database."""

    url: str
    members: list[Replica]
    folder: Path

    def planner(self) -> Replica | None:
        """Whoever holds the lease, by the database's time."""
        rows = self.query(
            "SELECT owner FROM lease WHERE expires_at > extract(epoch FROM clock_timestamp()) * 1000000"
        )
        return next((one for one in self.members if rows and rows[0][0].endswith(one.owner)), None)

    def epoch(self) -> int:
        return int(self.query("SELECT epoch FROM lease")[0][0])

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement, parameters).fetchall()

    def deploy(self, dag_id: str, dag: str) -> None:
        """Compiles a project of one file and pushes its document."""
        first = self.members[0]
        first.machine.project(dag_id, dag)
        done = first.machine.leoflow("compile", f"dags/{dag_id}", "-o", "-")
        assert done.returncode == 0, done.stderr
        reply = first.api("POST", f"/api/v2/dags/{dag_id}/versions", json=json.loads(done.stdout))
        assert reply.status_code in (200, 201), reply.text
        reply = first.api("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})
        assert reply.status_code == 200, reply.text


@contextmanager
def replicas(
    folder: Path,
    url: str,
    roles: Sequence[str] = ("all", "all"),
    *,
    direct_url: str = "",
    agents_host: str = "127.0.0.1",
    **settings: str,
) -> Iterator[Replicas]:
    """One for each role, on the migrated database `url`; `direct_url`: past a pooler.

    `agents_host`: where agents find this machine.
    """
    names = [f"replica-{number}" for number in range(len(roles))]
    grpc_ports = [free_port() for _ in names]
    common = {
        "LEOFLOW_DATABASE_URL": url,
        "LEOFLOW_DATABASE_DIRECT_URL": direct_url,
        "LEOFLOW_LOGS": str(folder / "logs"),
        "LEOFLOW_AGENTS_ADDRESS": ",".join(f"{agents_host}:{port}" for port in grpc_ports),
        "LEOFLOW_ADMIN_PASSWORD": PASSWORD,
        "LEOFLOW_JWT_SECRET": "j" * 40,
        "LEOFLOW_ENCRYPTION_KEY": base64.b64encode(b"k" * 32).decode(),
        "LEOFLOW_METRICS_PORT": "0",
        "LEOFLOW_LOG_FORMAT": "text",
        **settings,
    }
    members = [
        _member(folder, name, port, common | {"LEOFLOW_ROLE": role})
        for name, port, role in zip(names, grpc_ports, roles, strict=True)
    ]
    started: list[Replica] = []
    try:
        for member in members:
            started.append(member)
            member.start()
            if member.role != "planner":
                member.login()
        yield Replicas(direct_url or url, members, folder)
    finally:
        for member in started:
            member.end()


def _member(folder: Path, name: str, grpc_port: int, common: Mapping[str, str]) -> Replica:
    port = free_port()
    own = {"LEOFLOW_PORT": str(port), "LEOFLOW_GRPC_PORT": str(grpc_port)}
    machine = Machine(folder=folder / name, environment={**common, **own})
    role = common["LEOFLOW_ROLE"]
    return Replica(machine=machine, name=name, role=role, http_port=port, grpc_port=grpc_port)


@dataclass(frozen=True, kw_only=True)
class SharedFanOut(FanOut):
    """A run of the ledger's fan-out whose record is PostgreSQL's."""

    cluster: Replicas

    def _rows(self, query: str, *more: object) -> list[tuple]:
        return self.cluster.query(query.replace("?", "%s"), (self.run_id, *more))

    def seen_from(self, replica: Replica) -> SharedFanOut:
        return SharedFanOut(lite=replica, folder=self.folder, run_id=self.run_id, cluster=self.cluster)


def begin(cluster: Replicas, replica: Replica, *, pause: float) -> SharedFanOut:
    folder = cluster.folder / "ledger"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    conf: dict[str, Any] = {"folder": str(folder), "pause": pause}
    run_id = replica.trigger("fan_out", conf)
    return SharedFanOut(lite=replica, folder=folder, run_id=run_id, cluster=cluster)
