"""A cluster, a registry that it pulls from, and a server whose tasks are pods.

Any cluster serves: KUBECONFIG names it, LEOFLOW_TEST_REGISTRY a registry that it can pull from without a
login, LEOFLOW_TEST_ADDRESS an address of this machine that pods reach. The node of `node/up.sh` is found by
itself while it is up.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.base_image import PYTHON_VERSION, REPOSITORY, TAG, push_base
from tests.registry_server import free_port
from tests.server.test_process import ServerProcess

NODE = Path(__file__).parent / "node"
NODE_STATE = Path(os.environ.get("K8S_NODE_DIR", "/var/tmp/kubernetes-node")) / "run"
DEADLINE = 90.0
PASSWORD = "correct horse"
PATIENCE = 15  # seconds that a pod may wait for a node or its image


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.kubernetes)


@dataclass(frozen=True)
class Cluster:
    kubeconfig: str
    registry: str
    address: str
    is_ours: bool  # the node of node/up.sh
    instance: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")

    def kubectl(self, *arguments: str) -> str:
        done = subprocess.run(
            ["kubectl", "--kubeconfig", self.kubeconfig, "--namespace", "default", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def objects(self, kind: str) -> list[dict[str, Any]]:
        selector = f"app.kubernetes.io/instance={self.instance}"
        found = json.loads(self.kubectl("get", kind, "--selector", selector, "--output", "json"))
        items: list[dict[str, Any]] = found["items"]
        return items

    def pulled(self) -> list[str]:
        """What the kubelet says about the images of our pods."""
        found = json.loads(self.kubectl("get", "events", "--output", "json"))["items"]
        return [
            str(one["message"])
            for one in found
            if one["reason"] == "Pulled" and one["involvedObject"]["name"].startswith(f"{self.instance}-")
        ]

    def running_pod(self, run: str) -> dict[str, Any]:
        """The one pod of a run, waited for until its container runs."""

        def running() -> list[dict[str, Any]]:
            pods = self.objects("pods")
            mine = [one for one in pods if one["metadata"]["annotations"]["leoflow.dev/run-id"] == run]
            return [one for one in mine if one["status"]["phase"] == "Running"]

        until(lambda: len(running()) == 1, "no pod runs")
        return running()[0]


@dataclass
class Plane:
    """A server process on `home`, and the command line that talks to it."""

    cluster: Cluster
    home: Path
    grpc_port: int
    process: ServerProcess | None = None
    url: str = ""
    token: str = ""

    def start(self) -> None:
        self.process = ServerProcess(
            self.home,
            "start",
            HOME=os.environ["HOME"],
            KUBECONFIG=self.cluster.kubeconfig,
            LEOFLOW_EXECUTOR="kubernetes",
            LEOFLOW_AGENTS_ADDRESS=f"{self.cluster.address}:{self.grpc_port}",
            LEOFLOW_GRPC_HOST="0.0.0.0",
            LEOFLOW_GRPC_PORT=str(self.grpc_port),
            LEOFLOW_KUBERNETES_INSTANCE=self.cluster.instance,
            LEOFLOW_KUBERNETES_START_SECONDS=str(PATIENCE),
            LEOFLOW_REGISTRIES=self.cluster.registry,
            LEOFLOW_CHANNEL_SECONDS="0.5",
        )
        self.url = f"http://127.0.0.1:{self.process.until_ready()[0]}"
        login = {"username": "admin", "password": PASSWORD}
        answer = httpx.post(f"{self.url}/auth/token", json=login, timeout=30)
        self.token = answer.json()["access_token"]

    def kill(self) -> None:
        assert self.process is not None
        self.process.process.kill()
        self.process.process.wait(30)

    def leoflow(self, *arguments: str, says: str = "", **environ: str) -> str:
        """With the token of `start`, unless `environ` names a file with a login."""
        login = environ or {"LEOFLOW_SERVER_URL": self.url, "LEOFLOW_TOKEN": self.token}
        done = subprocess.run(
            [sys.executable, "-m", "leoflow_compiler.cli.main", *arguments],
            env={**os.environ, **login},
            input=says,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr + (self.process.said if self.process else "")
        return done.stdout

    def api(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}/api/v2{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def trigger(self, dag_id: str) -> str:
        run: str = self.api("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"]
        return run

    def task(self, dag_id: str, run: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api("GET", f"/dags/{dag_id}/dagRuns/{run}/taskInstances/{task_id}")
        return found

    def until_state(self, dag_id: str, run: str, task_id: str, state: str) -> dict[str, Any]:
        def reached() -> bool:
            found = self.task(dag_id, run, task_id)["state"]
            over = found in ("success", "failed", "skipped", "upstream_failed")
            assert not over or found == state, f"{found}: {self.log(dag_id, run, task_id)}"
            return bool(found == state)

        until(reached, f"{task_id} is not {state}")
        return self.task(dag_id, run, task_id)

    def value(self, dag_id: str, run: str, task_id: str) -> Any:
        """What a task returned."""
        place = f"/dags/{dag_id}/dagRuns/{run}/taskInstances/{task_id}/xcomEntries/return_value"
        return self.api("GET", place)["value"]

    def log(self, dag_id: str, run: str, task_id: str) -> str:
        return json.dumps(self.api("GET", f"/dags/{dag_id}/dagRuns/{run}/taskInstances/{task_id}/logs/1"))

    def project(self, folder: Path, dag_id: str, source: str, more: str = "") -> Path:
        folder.mkdir()
        (folder / "dag.py").write_text(source)
        (folder / "leoflow.yaml").write_text(
            f"dag_id: {dag_id}\npython_version: '{PYTHON_VERSION}'\n"
            f"base_image: {self.cluster.registry}/{REPOSITORY}:{TAG}\n"
            f"registry: {{url: {self.cluster.registry}/dags}}\n{more}"
        )
        return folder

    def deploy(self, folder: Path, *more: str) -> str:
        return self.leoflow("deploy", str(folder), "--yes", *more)


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    kubeconfig = os.environ.get("KUBECONFIG") or running_node()
    if not kubeconfig:
        pytest.skip(
            "KUBECONFIG names no cluster, and no node is up: make node brings one up (Debian 12, as root)"
        )
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    is_ours = Path(kubeconfig).parent == NODE_STATE
    address = os.environ.get("LEOFLOW_TEST_ADDRESS", "10.99.0.1" if is_ours else "")
    registry = os.environ.get("LEOFLOW_TEST_REGISTRY", "127.0.0.1:15000" if is_ours else "")
    if not address or not registry:
        pytest.skip("LEOFLOW_TEST_ADDRESS and LEOFLOW_TEST_REGISTRY say where pods find server and images")
    found = Cluster(kubeconfig=kubeconfig, registry=registry, address=address, is_ours=is_ours)
    push_base(registry)
    yield found
    selector = f"app.kubernetes.io/instance={found.instance}"
    found.kubectl("delete", "pods,secrets", "--selector", selector, "--wait=false")


def running_node() -> str:
    """The kubeconfig of the node that is up, or nothing."""
    done = subprocess.run([str(NODE / "running.sh")], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip()


@contextmanager
def reachable(cluster: Cluster, port: int) -> Iterator[None]:
    """Pods reach this machine's port: across the namespace of our own node, by themselves elsewhere."""
    if not cluster.is_ours:
        yield
        return
    bridge = subprocess.Popen([str(NODE / "bridge.sh"), "to-node", str(port)])
    try:
        yield
    finally:
        bridge.terminate()
        bridge.wait(10)


@pytest.fixture(scope="module")
def plane(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with ExitStack() as stack:
        port = free_port()
        stack.enter_context(reachable(cluster, port))
        plane = Plane(cluster, tmp_path_factory.mktemp("plane") / "server", port)
        plane.start()
        stack.callback(plane.kill)
        yield plane
