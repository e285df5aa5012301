"""Drives the product from outside: a Lite in a process of its own, its command line and its API."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
# `make ui` fetches the UI here, once for all tests.
UI = ROOT / ".cache" / "ui" / "ui"
_UP = re.compile(r"is up: (http://\S+)")
_PASSWORD = re.compile(r"login\s+admin\s+(\S+)\s+\(shown")


def until(check: Callable[[], T | None], what: str, *, seconds: float = 30.0) -> T:
    """The first answer of `check` that is not None, False or empty; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:.0f} s still not: {what}")
        time.sleep(0.02)


@dataclass(kw_only=True)
class Machine:
    """A home directory with a workspace, and the `leoflow` command that is used there."""

    folder: Path
    command: Sequence[str] = (sys.executable, "-m", "leoflow_compiler")
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(exist_ok=True)
        self.state.mkdir(exist_ok=True)
        if UI.is_dir() and not (self.state / "ui").exists():
            (self.state / "ui").symlink_to(UI)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def state(self) -> Path:
        return self.home / ".leoflow"

    @property
    def database(self) -> Path:
        return self.state / "lite" / "leoflow.db"

    @property
    def workspace(self) -> Path:
        return self.folder / "dags"

    @property
    def variables(self) -> dict[str, str]:
        """A clean environment: nothing of the developer's own settings reaches the tests."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        cache = os.environ.get("LEOFLOW_TEST_CACHE", str(ROOT / ".cache" / "compiled"))
        return kept | {"HOME": str(self.home), "LEOFLOW_CACHE_DIR": cache, **self.environment}

    def project(self, name: str, dag: str, *, dag_id: str | None = None, more: str = "") -> Path:
        """Writes a project: the files as an author would save them."""
        folder = self.workspace / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "leoflow.yaml").write_text(f'schema_version: "1.0"\ndag_id: {dag_id or name}\n{more}')
        (folder / "dag.py").write_text(dag)
        return folder

    def leoflow(
        self, *arguments: str, stdin: str = "", timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.variables,
            cwd=self.folder,
            check=False,
        )

    @contextmanager
    def lite(self, *arguments: str) -> Iterator[Lite]:
        """A running Lite with the admin logged in; ended with everything that it started."""
        running = Lite(machine=self, arguments=arguments)
        running.start()
        try:
            running.login()
            yield running
        finally:
            running.end()


@dataclass(kw_only=True)
class Lite:
    machine: Machine
    arguments: Sequence[str] = ()
    url: str = ""
    password: str = ""
    token: str = ""
    # The same after a restart: an agent that outlived the server looks for it where it was.
    grpc_port: int = field(default_factory=lambda: free_port())
    _process: subprocess.Popen[bytes] | None = None
    _started: list[psutil.Process] = field(default_factory=list)

    @property
    def output(self) -> Path:
        return self.machine.folder / "lite.out"

    @property
    def said(self) -> str:
        return self.output.read_text("utf-8", "replace")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *, seconds: float = 120) -> None:
        """Starts it and waits until it serves. The first start's password is remembered."""
        with self.output.open("wb") as stream:
            self._process = subprocess.Popen(
                [
                    *self.machine.command,
                    *("lite", str(self.machine.workspace), "--port", "0", "--no-setup"),
                    *("--grpc-port", str(self.grpc_port), *self.arguments),
                ],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=self.machine.variables | {"PYTHONUNBUFFERED": "1"},
                cwd=self.machine.folder,
                start_new_session=True,
            )
        process = self._process

        def address() -> str | None:
            if process.poll() is not None:
                raise AssertionError(f"Lite ended with {process.returncode}:\n{self.said}")
            found = _UP.search(self.said)
            # The line with the workspace comes after the password.
            return found.group(1) if found and "workspace" in self.said else None

        try:
            self.url = until(address, "Lite is up", seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said}") from None
        if shown := _PASSWORD.search(self.said):
            self.password = shown.group(1)

    def login(self) -> None:
        """A token for `api`, and the saved login for `leoflow`."""
        reply = httpx.post(
            f"{self.url}/auth/token", json={"username": "admin", "password": self.password}, timeout=30
        )
        assert reply.status_code == 201, reply.text
        self.token = reply.json()["access_token"]
        done = self.machine.leoflow(
            *("auth", "login", "--server", self.url, "--username", "admin", "--password-stdin"),
            stdin=self.password + "\n",
        )
        assert done.returncode == 0, done.stderr

    def api(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=30, **arguments)

    def get(self, path: str) -> Any:
        reply = self.api("GET", path)
        assert reply.status_code == 200, f"{path}: {reply.status_code} {reply.text}"
        return reply.json()

    def wait_for_dag(self, dag_id: str, *, seconds: float = 30) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            reply = self.api("GET", f"/api/v2/dags/{dag_id}")
            return reply.json() if reply.status_code == 200 else None

        try:
            return until(found, f"{dag_id} is registered", seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said}") from None

    def versions(self, dag_id: str) -> list[dict[str, Any]]:
        versions: list[dict[str, Any]] = self.get(f"/api/v2/dags/{dag_id}/dagVersions")["dag_versions"]
        return versions

    def import_errors(self) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = self.get("/api/v2/importErrors")["import_errors"]
        return errors

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Starts a run; returns its id."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        reply = self.api("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        assert reply.status_code == 200, f"{reply.text}\n{self.said[-3000:]}"
        run_id: str = reply.json()["dag_run_id"]
        return run_id

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        return answer

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=1000"
        found: list[dict[str, Any]] = self.get(path)["task_instances"]
        return found

    def finish(self, dag_id: str, run_id: str, *, seconds: float = 60) -> str:
        """The state in which the run ended."""

        def ended() -> str | None:
            state: str = self.run(dag_id, run_id)["state"]
            return state if state in ("success", "failed") else None

        try:
            return until(ended, f"{dag_id} {run_id} has ended", seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.describe(dag_id, run_id)}") from None

    def describe(self, dag_id: str, run_id: str) -> str:
        """What a failed test needs to show: the tasks, their logs, and what Lite said."""
        lines = []
        for task in self.tasks(dag_id, run_id):
            lines.append(f"{task['task_id']}[{task['map_index']}] {task['state']} try {task['try_number']}")
            if task["state"] != "success" and task["try_number"]:
                lines.append(self.log(dag_id, run_id, task["task_id"], task["try_number"]))
        agent = self.machine.state / "lite" / "agent.log"
        if agent.exists():
            lines.append("agent: " + agent.read_text("utf-8", "replace")[-2000:])
        return "\n".join([*lines, self.said[-3000:]])

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """The log's text, one line for each event."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        reply = self.api("GET", path, params={"full_content": "true"})
        if reply.status_code != 200:
            return f"{reply.status_code} {reply.text}"
        content = reply.json()["content"]
        return "\n".join(str(line["event"]) if isinstance(line, dict) else str(line) for line in content)

    def descendants(self) -> list[psutil.Process]:
        """Everything that Lite has started and that lives."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def agent(self) -> psutil.Process:
        """The host agent."""
        for process in self.descendants():
            try:
                if "leoflow_runtime.agent" in process.cmdline():
                    return process
            except psutil.NoSuchProcess:
                continue
        raise AssertionError("no agent runs")

    def kill(self) -> None:
        """kill -9 of the server alone: agent, zygotes and tasks go on."""
        assert self._process is not None
        self._started += self.descendants()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop(self, *, seconds: float = 20) -> int:
        """Asks it to end as Ctrl-C does; returns the exit code."""
        assert self._process is not None
        self._started += self.descendants()
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(seconds)

    def end(self) -> None:
        """Ends it and whatever it left behind."""
        assert self._process is not None
        self._started += self.descendants()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        for process in self._started:
            try:
                process.kill()  # psutil compares start times: a reused pid is never hit
            except psutil.NoSuchProcess:
                continue


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def lines_of(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []


def as_json(done: subprocess.CompletedProcess[str]) -> Any:
    """What a `--json` command printed; AssertionError with its complaints when it failed."""
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
    return json.loads(done.stdout)
