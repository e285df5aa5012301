"""What a running task asks its agent."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.child.client import AgentClient, AgentUnreachable, RequestRefused

from .task_process import Project

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]


class FakeAgent:
    """A unix socket that answers as told; None closes the connection without an answer."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self.path = path
        self.requests: list[dict[str, Any]] = []
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                for line in stream:
                    self.requests.append(json.loads(line))
                    answer = self._answer(self.requests[-1])
                    if answer is None:
                        break
                    stream.write(json.dumps(answer).encode() + b"\n")
                    stream.flush()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.path.unlink()


@pytest.fixture
def socket_path() -> Iterator[Path]:
    # Socket paths are short; pytest's are not.
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "a.sock"


def client(path: Path, pauses: list[float] | None = None) -> AgentClient:
    """A client whose clock is the sum of its pauses."""
    slept = [] if pauses is None else pauses
    launch = {"launch_id": 7, "nonce": "n", "socket": str(path)}
    return AgentClient(launch, clock=lambda: sum(slept), sleep=slept.append)


def test_every_request_carries_its_launch(socket_path: Path) -> None:
    agent = FakeAgent(socket_path, lambda request: {"ok": True, "value": "eu"})

    asked = client(socket_path)

    assert asked.get_variable("region") == "eu"
    assert asked.get_variable("other") == "eu"
    assert agent.requests[0] == {"launch_id": 7, "nonce": "n", "op": "get_variable", "key": "region"}
    agent.close()


def test_a_refusal_is_an_error_with_the_agents_reason(socket_path: Path) -> None:
    agent = FakeAgent(socket_path, lambda request: {"ok": False, "error": "not yours"})

    with pytest.raises(RequestRefused, match="not yours"):
        client(socket_path).get_connection("db")
    agent.close()


def test_an_agent_that_restarts_is_waited_for(socket_path: Path) -> None:
    first = FakeAgent(socket_path, lambda request: {"ok": True, "value": "1"})
    restarted: list[FakeAgent] = []

    def pause(seconds: float) -> None:
        if not restarted:
            restarted.append(FakeAgent(socket_path, lambda request: {"ok": True, "value": "2"}))

    asked = AgentClient(
        {"launch_id": 7, "nonce": "n", "socket": str(socket_path)}, clock=lambda: 0.0, sleep=pause
    )
    assert asked.get_variable("k") == "1"
    first._answer = lambda request: None
    first.close()

    assert asked.get_variable("k") == "2"
    restarted[0].close()


def test_patience_ends_after_a_minute(socket_path: Path) -> None:
    pauses: list[float] = []

    with pytest.raises(AgentUnreachable, match="The request 'get_variable' found no agent"):
        client(socket_path, pauses).get_variable("k")

    assert 55 < sum(pauses) <= 60
    assert max(pauses) <= 2


def test_without_a_socket_nothing_is_waited_for() -> None:
    pauses: list[float] = []

    asked = AgentClient({"launch_id": 7, "socket": ""}, clock=lambda: 0.0, sleep=pauses.append)
    with pytest.raises(AgentUnreachable):
        asked.get_variable("k")

    assert pauses == []


def test_a_forked_process_gets_its_own_connection(socket_path: Path) -> None:
    agent = FakeAgent(socket_path, lambda request: {"ok": True, "value": request["key"]})
    asked = client(socket_path)
    asked.get_variable("warm")

    pid = os.fork()
    if pid == 0:
        os._exit(0 if asked._pid != os.getpid() else 1)
    _, status = os.waitpid(pid, 0)

    assert status == 0
    assert asked.get_variable("parent") == "parent"
    agent.close()


PULLS: dict[str, tuple[str, list[dict[str, Any]], Any]] = {
    "one task": ("xcom_pull('up')", [{"task_id": "up", "map_index": -1, "value": 1}], 1),
    "none": ("xcom_pull('up')", [], None),
    "none, with a default": ("xcom_pull('up', default=5)", [{"task_id": "up", "map_index": -1}], 5),
    "several tasks": (
        "xcom_pull(['b', 'a', 'c'])",
        [{"task_id": "a", "map_index": -1, "value": 1}, {"task_id": "b", "map_index": -1, "value": 2}],
        [2, 1, None],
    ),
    "a list of one": ("xcom_pull(['up'])", [{"task_id": "up", "map_index": -1, "value": 1}], [1]),
    "a mapped task": (
        "xcom_pull('up')",
        [{"task_id": "up", "map_index": 1, "value": "b"}, {"task_id": "up", "map_index": 0, "value": "a"}],
        ["a", "b"],
    ),
    "one of a mapped task": (
        "xcom_pull('up', map_indexes=1)",
        [{"task_id": "up", "map_index": 1, "value": "b"}],
        "b",
    ),
    "some of a mapped task": (
        "xcom_pull('up', map_indexes=[0, 2])",
        [{"task_id": "up", "map_index": index, "value": index} for index in range(3)],
        [0, 2],
    ),
}


@pytest.mark.parametrize("name", PULLS)
def test_xcom_pull(name: str, project: Project, socket_path: Path) -> None:
    expression, values, expected = PULLS[name]
    agent = FakeAgent(socket_path, lambda request: {"ok": True, "values": values})
    project.write(
        f"""
        from airflow.sdk import DAG, task
        with DAG("d"):
            @task
            def t(ti): return {{"got": ti.{expression}}}
            t()
        """
    )

    ended = project.run("t", socket=str(socket_path))

    assert ended.xcoms == {"return_value": {"got": expected}}
    agent.close()


def test_a_pull_from_another_run_says_so(project: Project, socket_path: Path) -> None:
    agent = FakeAgent(socket_path, lambda request: {"ok": True, "values": []})
    project.write(
        """
        from airflow.sdk import DAG, task
        with DAG("d"):
            @task
            def t(ti):
                ti.xcom_pull("t", dag_id="other", run_id="r9", key="k", include_prior_dates=True)
            t()
        """
    )

    project.run("t", socket=str(socket_path), inputs=[{"task_id": "t", "key": "k", "map_index": -1}])

    assert agent.requests == [
        {
            "launch_id": 7,
            "nonce": "secret",
            "op": "pull_xcom",
            "task_ids": ["t"],
            "key": "k",
            "dag_id": "other",
            "run_id": "r9",
            "map_index": None,
            "include_prior_dates": True,
        }
    ]
    agent.close()


def test_variables_that_did_not_come_with_the_launch_are_asked_for_and_set(
    project: Project, socket_path: Path
) -> None:
    known = {"region": "eu"}

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "set_variable":
            known[request["key"]] = request["value"]
            return {"ok": True}
        return {"ok": True, "value": known.get(request.get("key", "")), "uri": None}

    agent = FakeAgent(socket_path, answer)
    project.write(
        """
        from airflow.sdk import DAG, task, Variable, BaseHook
        with DAG("d"):
            @task
            def t():
                Variable.set("given", [1], serialize_json=True)
                return [Variable.get("region"), Variable.get("nope", "d"),
                        Variable.get("nope2", default_var=None), Variable.get("given", deserialize_json=True)]
            @task
            def missing(): Variable.get("nope")
            @task
            def no_connection(): BaseHook.get_connection("nope")
            [t(), missing(), no_connection()]
        """
    )
    options: dict[str, Any] = {"socket": str(socket_path), "variables": {"given": "old"}}

    assert project.run("t", **options).xcoms["return_value"] == ["eu", "d", None, [1]]
    assert project.run("missing", **options).result["message"] == (
        "AirflowRuntimeError: Variable nope not found"
    )
    assert project.run("no_connection", **options).result["message"] == (
        "AirflowNotFoundException: The conn_id `nope` isn't defined"
    )
    agent.close()
