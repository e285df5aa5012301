"""The server process from outside: it starts, answers, refuses in one sentence, and stops politely."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.postgresql import PostgreSqlServer

DEADLINE = 60.0
READY = re.compile(r"ready  http=(\d+) grpc=(\d+) metrics=(\d+)")


class ServerProcess:
    def __init__(self, home: Path, *arguments: str, **environ: str) -> None:
        self.home = home
        self.errors = home.parent / f"stderr-{time.monotonic_ns()}"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "leoflow_compiler.cli.main", "server", *arguments],
                env=environment(home, environ),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )

    @property
    def said(self) -> str:
        return self.errors.read_text()

    def until_ready(self) -> tuple[int, int, int]:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            found = READY.search(self.said)
            if found:
                return int(found[1]), int(found[2]), int(found[3])
            assert self.process.poll() is None, self.said
            time.sleep(0.02)
        raise AssertionError(f"not ready in time: {self.said}")

    def ended(self) -> int:
        return self.process.wait(DEADLINE)

    def agent_pid(self) -> int | None:
        lock = self.home / "spool" / "agent.lock"
        text = lock.read_text().strip() if lock.exists() else ""
        return int(text) if text and is_alive(int(text)) else None


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LEOFLOW_HOME": str(home.parent),
        "LEOFLOW_SERVER_HOME": str(home),
        "LEOFLOW_ADMIN_PASSWORD": "correct horse",
        "LEOFLOW_JWT_SECRET": "j" * 40,
        "LEOFLOW_ENCRYPTION_KEY": base64.b64encode(b"k" * 32).decode(),
        "LEOFLOW_PORT": "0",
        "LEOFLOW_GRPC_PORT": "0",
        "LEOFLOW_METRICS_PORT": "0",
        "LEOFLOW_LOG_FORMAT": "text",
        **more,
    }


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    started: list[ServerProcess] = []
    yield started
    for server in started:
        agent = server.agent_pid()
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        if agent is not None:
            os.kill(agent, signal.SIGKILL)


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=DEADLINE) as answer:
        return str(answer.read().decode())


def until(condition: object, what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_it_serves_and_stops_politely(tmp_path: Path, servers: list[ServerProcess]) -> None:
    server = ServerProcess(tmp_path / "home", "start")
    servers.append(server)
    http, _, metrics = server.until_ready()

    assert '"version"' in get(http, "/api/v2/version")
    assert get(metrics, "/ready") == "ready\n"
    until(lambda: "leoflow_agents_attached 1.0" in get(metrics, "/metrics"), "no agent attached")
    agent = server.agent_pid()
    assert agent is not None

    server.process.send_signal(signal.SIGTERM)

    assert server.ended() == 0
    assert not is_alive(agent), "an idle agent leaves with the server"
    assert "Traceback" not in server.said


def test_a_killed_server_leaves_its_agent_to_the_next(tmp_path: Path, servers: list[ServerProcess]) -> None:
    first = ServerProcess(tmp_path / "home", "start")
    servers.append(first)
    _, grpc, metrics = first.until_ready()
    until(lambda: "leoflow_agents_attached 1.0" in get(metrics, "/metrics"), "no agent attached")
    agent = first.agent_pid()

    first.process.kill()
    first.ended()
    second = ServerProcess(tmp_path / "home", "start", LEOFLOW_GRPC_PORT=str(grpc))
    servers.append(second)
    _, _, metrics = second.until_ready()
    until(lambda: "leoflow_agents_attached 1.0" in get(metrics, "/metrics"), "the agent did not come back")

    assert second.agent_pid() == agent
    assert "leoflow_agent_starts_total 0.0" in get(metrics, "/metrics")


def test_a_killed_agent_is_replaced(tmp_path: Path, servers: list[ServerProcess]) -> None:
    server = ServerProcess(tmp_path / "home", "start")
    servers.append(server)
    _, _, metrics = server.until_ready()
    until(lambda: "leoflow_agents_attached 1.0" in get(metrics, "/metrics"), "no agent attached")
    agent = server.agent_pid()
    assert agent is not None

    os.kill(agent, signal.SIGKILL)

    until(lambda: server.agent_pid() not in (None, agent), "no other agent was started")
    until(lambda: "leoflow_agents_attached 1.0" in get(metrics, "/metrics"), "the other did not attach")


def test_two_servers_on_one_home(tmp_path: Path, servers: list[ServerProcess]) -> None:
    first = ServerProcess(tmp_path / "home", "start")
    servers.append(first)
    first.until_ready()

    second = ServerProcess(tmp_path / "home", "start")

    assert second.ended() == 1
    assert second.said == (
        f"Another Leoflow server (process {first.process.pid}) is running on {tmp_path / 'home'}.\n"
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("which", ["--port", "--grpc-port", "--metrics-port"])
def test_a_port_in_use_is_named(tmp_path: Path, taken_port: int, which: str) -> None:
    server = ServerProcess(tmp_path / "home", "start", which, str(taken_port))

    assert server.ended() == 1
    assert f"Port {taken_port} of 127.0.0.1 cannot be listened on: it is in use." in server.said
    assert "Traceback" not in server.said


def test_missing_secrets_are_named(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "home", "start", LEOFLOW_JWT_SECRET="")

    assert server.ended() == 2
    assert "set LEOFLOW_JWT_SECRET (or LEOFLOW_JWT_SECRET_FILE)" in server.said
    assert len(server.said.splitlines()) == 1


def test_a_corrupt_database_is_named_and_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "leoflow.db").write_bytes(b"no database" * 1000)

    for arguments in (["start"], ["migrate"]):
        server = ServerProcess(home, *arguments)
        assert server.ended() == 1
        assert "damaged or is no database" in server.said
        assert "Traceback" not in server.said
    assert (home / "leoflow.db").read_bytes() == b"no database" * 1000


def test_migrate_says_what_it_did(tmp_path: Path) -> None:
    first = ServerProcess(tmp_path / "home", "migrate")
    assert first.ended() == 0
    assert "applying 0001 initial" in first.said
    second = ServerProcess(tmp_path / "home", "migrate")
    assert second.ended() == 0
    assert second.said == "The database is up to date.\n"


def test_migrate_check_changes_nothing(tmp_path: Path) -> None:
    before = ServerProcess(tmp_path / "home", "migrate", "--check")
    assert before.ended() == 1
    assert "missing 0001 initial" in before.said
    assert "run `leoflow server migrate`" in before.said
    assert ServerProcess(tmp_path / "home", "migrate").ended() == 0
    after = ServerProcess(tmp_path / "home", "migrate", "--check")
    assert (after.ended(), after.said) == (0, "The database is up to date.\n")


def test_clean_says_what_would_go(tmp_path: Path) -> None:
    assert ServerProcess(tmp_path / "home", "migrate").ended() == 0
    nothing = ServerProcess(tmp_path / "home", "clean")
    assert nothing.ended() == 0
    assert "everything is kept" in nothing.said
    asked = ServerProcess(tmp_path / "home", "clean", "--dry-run", "--json", LEOFLOW_RETENTION_RUNS_DAYS="90")
    assert asked.ended() == 0
    assert json.loads(asked.said) == {"dry_run": True, "removed": {"runs": 0}}


def test_postgresql_that_is_not_migrated_is_refused(tmp_path: Path, postgresql: PostgreSqlServer) -> None:
    url = postgresql.new_database()
    server = ServerProcess(tmp_path / "home", "start", LEOFLOW_DATABASE_URL=url)
    assert server.ended() == 1
    assert "run `leoflow server migrate`" in server.said
    assert len(server.said.strip().splitlines()) == 1
    assert "p%40ss" not in server.said


def test_a_cluster_that_cannot_be_found_is_one_sentence(tmp_path: Path, servers: list[ServerProcess]) -> None:
    server = ServerProcess(
        tmp_path / "home",
        "start",
        LEOFLOW_EXECUTOR="kubernetes",
        LEOFLOW_AGENTS_ADDRESS="leoflow:9091",
        KUBECONFIG="/nowhere",
    )
    servers.append(server)
    assert server.ended() == 1
    assert "There is no way to the cluster" in server.said
    assert "Traceback" not in server.said
