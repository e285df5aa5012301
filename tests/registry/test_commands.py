"""`versions`, `rollback`, `channels` and `promote` as people type them, against two real servers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.leoflow_command import Done, leoflow
from tests.registry.conftest import Shelf
from tests.registry_server import RegistryServer
from tests.server.test_process import ServerProcess

DEADLINE = 30.0


def end(server: ServerProcess, number: signal.Signals = signal.SIGTERM) -> None:
    agent = server.agent_pid()
    server.process.send_signal(number)
    server.process.wait(DEADLINE)
    if agent is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(agent, signal.SIGKILL)


def start(home: Path, registry: str) -> tuple[ServerProcess, str]:
    server = ServerProcess(home, "start", LEOFLOW_REGISTRIES=registry, LEOFLOW_CHANNEL_SECONDS="0.1")
    return server, f"http://127.0.0.1:{server.until_ready()[0]}"


@dataclass(frozen=True, slots=True)
class Desk:
    """Someone who is logged in to one server."""

    home: Path
    server: str

    def leoflow(self, *arguments: str, **environ: str) -> Done:
        return leoflow(*arguments, folder=self.home, environ={**self.environ, **environ}, check=False)

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LEOFLOW_CONFIG": str(self.home / "config.yaml"),
            "LEOFLOW_SERVER_URL": self.server,
        }

    def until(self, words: str, *arguments: str) -> str:
        """Asks until the output holds the words."""
        deadline = time.monotonic() + DEADLINE
        while words not in (out := self.leoflow(*arguments).out):
            assert time.monotonic() < deadline, out
        return out


def logged_in(home: Path, server: str) -> Desk:
    home.mkdir(parents=True, exist_ok=True)
    desk = Desk(home, server)
    done = desk.leoflow(
        "auth", "login", "--server", server, "--username", "admin", LEOFLOW_PASSWORD="correct horse"
    )
    assert done.status == 0, done.err
    return desk


def token(server: str) -> str:
    request = urllib.request.Request(
        f"{server}/auth/token",
        data=json.dumps({"username": "admin", "password": "correct horse"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        return str(json.load(answer)["access_token"])


@pytest.fixture(scope="module")
def servers(registry: RegistryServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Staging and production."""
    running = [start(tmp_path_factory.mktemp(name) / "home", registry.host) for name in ("staging", "prod")]
    yield running[0][1], running[1][1]
    for server, _ in running:
        end(server)


@pytest.fixture
def desk(servers: tuple[str, str], tmp_path: Path) -> Desk:
    return logged_in(tmp_path / "desk", servers[0])


def test_a_version_goes_from_staging_to_production_by_digest(
    desk: Desk, servers: tuple[str, str], shelf: Shelf, repository: str
) -> None:
    digests = [
        shelf.artifact(repository, f"{number}-dag", dag_id="promoted", dag_version=str(number))
        for number in (1, 2)
    ]
    shelf.move(repository, "staging", digests[1])
    name = f"{shelf.host}/{repository}"
    added = desk.leoflow("channels", "add", "promoted", f"oci://{name}:staging")
    assert added.out == f"promoted follows {name}:staging (version 1)\n", added.err

    production = token(servers[1])
    done = desk.leoflow("promote", "promoted", "--to", servers[1], LEOFLOW_TARGET_TOKEN=production)
    assert done.out == (f"Promoted promoted -> {servers[1]} (version 1)\n  artifact {name}@{digests[1]}\n"), (
        done.err
    )
    here, there = (
        desk.leoflow("versions", "promoted", "--json", "--server", server, LEOFLOW_TOKEN=token(server)).answer
        for server in servers
    )
    assert [one["document_digest"] for one in here] == [one["document_digest"] for one in there]

    older = desk.leoflow(
        "promote", f"{name}@{digests[0]}", "--to", servers[1], "--json", LEOFLOW_TOKEN=production
    ).answer
    assert (older["reference"], older["registration"]["version_number"]) == (f"{name}@{digests[0]}", 2)


def test_the_token_of_one_server_is_not_shown_to_another(desk: Desk, servers: tuple[str, str]) -> None:
    done = desk.leoflow("promote", "promoted", "--to", servers[1], LEOFLOW_TOKEN=token(servers[0]))
    assert done.status == 1
    assert servers[1] in done.err
    assert "log in" in done.err.lower() or "login" in done.err.lower()


def test_a_channel_is_promoted_to_another_and_the_dag_follows(
    desk: Desk, shelf: Shelf, repository: str
) -> None:
    daily = shelf.artifact(repository, "1-dag", dag_id="followed", schedule="@daily")
    hourly = shelf.artifact(repository, "2-dag", dag_id="followed", schedule="@hourly")
    name = f"{shelf.host}/{repository}"
    shelf.move(repository, "prod", daily)
    assert desk.leoflow("channels", "add", "followed", f"{name}:prod").status == 0

    done = desk.leoflow("promote", f"oci://{name}@{hourly}", "--to", ":prod")
    assert done.out == f"Promoted followed -> {name}:prod\n  artifact {name}@{hourly}\n", done.err
    desk.until('"version_number": 2', "channels", "list", "--json")
    checked = desk.leoflow("channels", "check", "followed")
    assert (checked.status, checked.out) == (0, f"followed is at version 2, as {name}:prod says\n")

    back = desk.leoflow("promote", "followed", "--version", "1", "--to", f"oci://{name}:prod")
    assert back.status == 0, back.err
    desk.until("@daily", "dags", "list")
    history = desk.leoflow("versions", "followed", "--history", "--json").answer
    assert [(one["version_number"], one["via"]) for one in history] == [
        (1, "channel"),
        (2, "channel"),
        (1, "channel"),
    ]
    assert hourly in desk.leoflow("versions", "followed", "--history").out
    newest = desk.leoflow("versions", "followed", "--history", "--limit", "1")
    assert len(newest.out.splitlines()) == 2
    assert newest.err == "there are older ones; --limit 10 shows more\n"


def test_a_promotion_into_another_repository_brings_everything_along(
    desk: Desk, shelf: Shelf, repository: str
) -> None:
    digest = shelf.artifact(repository, "1-dag", dag_id="carried")
    target = f"{shelf.host}/production/carried"
    done = desk.leoflow("promote", f"{shelf.host}/{repository}:1-dag", "--to", f"{target}:stable")
    assert done.status == 0, done.err
    with shelf.open() as registry:
        found = registry.head_manifest("production/carried", "stable")
    assert found is not None
    assert found.digest == digest
    assert desk.leoflow("channels", "add", "carried", f"{target}:stable").status == 0


def test_a_killed_server_goes_on_following(
    registry: RegistryServer, shelf: Shelf, repository: str, tmp_path: Path
) -> None:
    daily = shelf.artifact(repository, "1-dag", schedule="@daily")
    hourly = shelf.artifact(repository, "2-dag", schedule="@hourly")
    shelf.move(repository, "prod", daily)
    server, url = start(tmp_path / "home", registry.host)
    try:
        desk = logged_in(tmp_path / "desk", url)
        assert desk.leoflow("channels", "add", "sales", f"{shelf.host}/{repository}:prod").status == 0
    finally:
        end(server, signal.SIGKILL)
    shelf.move(repository, "prod", hourly)
    server, url = start(tmp_path / "home", registry.host)
    try:
        logged_in(tmp_path / "desk", url).until("@hourly", "dags", "list")
    finally:
        end(server)


def test_a_registry_that_hangs_does_not_hold_up_a_server_that_stops(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        server, url = start(tmp_path / "home", host)
        try:
            request = urllib.request.Request(
                f"{url}/api/v2/dags/sales/versions",
                data=json.dumps({"reference": f"{host}/dags/sales:prod"}).encode(),
                headers={"Authorization": f"Bearer {token(url)}"},
            )
            asking = threading.Thread(target=_ignoring, args=(request,), daemon=True)
            asking.start()
            held, _ = silent.accept()
        finally:
            began = time.monotonic()
            end(server)
        held.close()
        assert time.monotonic() - began < 20


def _ignoring(request: urllib.request.Request) -> None:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(request, timeout=DEADLINE)


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("rollback", "nobody"), 1, "knows no DAG 'nobody' with an earlier version"),
        (("versions", "nobody", "--history"), 1, "knows no DAG 'nobody'"),
        (("channels", "remove", "nobody"), 1, "knows no channel of DAG 'nobody'"),
        (("channels", "add", "sales", "evil.example/dags/sales:prod"), 1, "does not pull from evil.example"),
        (("channels", "add", "sales", "UPPER/Case"), 1, "UPPER/Case"),
        (("promote", "nobody", "--to", ":prod"), 1, "knows no version current of DAG 'nobody'"),
        (("promote", "a.example/b:1", "--version", "1", "--to", ":prod"), 2, "--version is of a DAG"),
        (("promote", "a.example/b", "--to", ":prod"), 1, "names no version"),
        (("promote", "sales"), 2, "Missing option '--to'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    desk: Desk, arguments: tuple[str, ...], status: int, told: str
) -> None:
    done = desk.leoflow(*arguments)
    assert (done.status, told in done.err) == (status, True), done.err


ELSEWHERE = "http://leoflow.invalid"  # RFC 2606: no such host anywhere


@pytest.mark.parametrize(
    ("arguments", "machine"),
    [
        (("rollback", "sales", "--server", ELSEWHERE), ELSEWHERE),
        (("channels", "add", "sales", "hub.example/sales:prod", "--server", ELSEWHERE), ELSEWHERE),
        (("promote", "{artifact}", "--to", ELSEWHERE), ELSEWHERE),
        (("promote", "{artifact}", "--to", "oci://leoflow.invalid/sales:prod"), "leoflow.invalid"),
    ],
)
def test_another_machine_is_changed_only_where_that_is_wanted(
    desk: Desk, shelf: Shelf, repository: str, arguments: tuple[str, ...], machine: str
) -> None:
    shelf.artifact(repository, "1-dag")
    filled = [one.format(artifact=f"{shelf.host}/{repository}:1-dag") for one in arguments]
    unasked = desk.leoflow(*filled)
    assert (unasked.status, unasked.err) == (
        2,
        f"error: {machine} is another machine, and nobody can be asked\nhint: add --yes\n",
    )
    assert on_terminal(desk, *filled, answer="n").endswith("? [y/N]: error: nothing was changed\n")
    wanted = desk.leoflow(*filled, "--yes")
    assert (wanted.status, "leoflow.invalid cannot be reached" in wanted.err) == (1, True), wanted.err


def on_terminal(desk: Desk, *arguments: str, answer: str) -> str:
    """What is said to someone who types the answer."""
    ours, theirs = os.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "leoflow_compiler", *arguments],
            env=desk.environ,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            os.write(ours, f"{answer}\n".encode())
            return process.communicate(timeout=60)[0]
    finally:
        os.close(ours)
        os.close(theirs)
