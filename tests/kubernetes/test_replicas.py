"""Two replicas on PostgreSQL whose tasks are pods: the planner dies, and no pod is lost or doubled."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.driving import until
from tests.base_image import PYTHON_VERSION, REPOSITORY, TAG
from tests.ha.replicas import Replica, Replicas, replicas

from .conftest import Cluster, reachable

pytestmark = pytest.mark.timeout(600)
WIDTH = 6
TAKE_OVER_SECONDS = 5.0
DAG = f"""\
from airflow.sdk import DAG, Variable, task

with DAG("pods", max_active_tasks=16):

    @task
    def work(index: int) -> int:
        import time

        print(f"task {{index}} has begun")
        while Variable.get("gate", default="shut") == "shut":
            time.sleep(0.2)
        return index

    @task
    def total(values: list) -> int:
        return sum(values)

    total([work.override(task_id=f"work_{{index}}")(index) for index in range({WIDTH})])
"""


class Watch:
    """Every pod that there ever was, by the task that it was for: the cluster's own word."""

    def __init__(self, cluster: Cluster) -> None:
        selector = f"app.kubernetes.io/instance={cluster.instance}"
        self._process = subprocess.Popen(
            [
                *("kubectl", "--kubeconfig", cluster.kubeconfig, "--namespace", "default"),
                *("get", "pods", "--selector", selector, "--watch", "--output-watch-events"),
                *("--output", "json"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pods: dict[str, set[str]] = defaultdict(set)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        text = ""
        for line in self._process.stdout:
            text += line
            with contextlib.suppress(json.JSONDecodeError):  # an event may have many lines
                metadata = json.loads(text)["object"]["metadata"]
                text = ""
                self.pods[metadata["annotations"]["leoflow.dev/task-id"]].add(metadata["uid"])

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._reader.join(10)


@contextmanager
def side_by_side(folder: Path, url: str, cluster: Cluster) -> Iterator[Replicas]:
    """Two replicas that pods reach."""
    settings = {
        "KUBECONFIG": cluster.kubeconfig,
        "LEOFLOW_EXECUTOR": "kubernetes",
        "LEOFLOW_GRPC_HOST": "0.0.0.0",
        "LEOFLOW_KUBERNETES_INSTANCE": cluster.instance,
        "LEOFLOW_REGISTRIES": cluster.registry,
    }
    with (
        replicas(folder, url, agents_host=cluster.address, **settings) as found,
        ExitStack() as stack,
    ):
        for member in found.members:
            stack.enter_context(reachable(cluster, member.grpc_port))
        yield found


def deploy(replica: Replica, folder: Path, cluster: Cluster) -> None:
    folder.mkdir()
    (folder / "dag.py").write_text(DAG)
    (folder / "leoflow.yaml").write_text(
        f"dag_id: pods\npython_version: '{PYTHON_VERSION}'\n"
        f"base_image: {cluster.registry}/{REPOSITORY}:{TAG}\nregistry: {{url: {cluster.registry}/dags}}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "leoflow_compiler.cli.main", "deploy", str(folder), "--yes"],
        env={**os.environ, "LEOFLOW_SERVER_URL": replica.url, "LEOFLOW_TOKEN": replica.token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def states(replica: Replica, run_id: str) -> dict[str, str | None]:
    return {task["task_id"]: task["state"] for task in replica.tasks("pods", run_id)}


@pytest.fixture
def own(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster, with nothing of another control plane's in sight."""
    found = replace(cluster, instance=f"t{uuid.uuid4().hex[:8]}")
    yield found
    selector = f"app.kubernetes.io/instance={found.instance}"
    found.kubectl("delete", "pods,secrets", "--selector", selector, "--wait=false")


def test_the_planner_is_killed_while_pods_run(tmp_path: Path, empty_postgresql: str, own: Cluster) -> None:
    with side_by_side(tmp_path, empty_postgresql, own) as found, ExitStack() as stack:
        planner = until(found.planner, "a planner")
        other = next(one for one in found.members if one is not planner)
        deploy(other, tmp_path / "project", own)
        watch = Watch(own)
        stack.callback(watch.end)

        run_id = other.trigger("pods")
        # Some run, some wait for a node or their image, some are not made yet.
        until(lambda: "running" in states(other, run_id).values(), "a pod runs", seconds=60)
        running = [one for one, state in states(other, run_id).items() if state == "running"]
        before = {one: set(watch.pods[one]) for one in running}
        planner.kill()
        successor = until(
            lambda: found.planner() is other, "the other one plans", seconds=TAKE_OVER_SECONDS + 1
        )
        assert successor

        reply = other.api("POST", "/api/v2/variables", json={"key": "gate", "value": "open"})
        assert reply.status_code == 201, reply.text
        assert other.finish("pods", run_id, seconds=120) == "success", other.describe("pods", run_id)

        tasks = other.tasks("pods", run_id)
        assert len(tasks) == WIDTH + 1
        assert {task["try_number"] for task in tasks} == {1}
        names = sorted(task["task_id"] for task in tasks)
        launches = found.query(
            "SELECT t.task_id, l.outcome, l.started_at, l.message FROM launches l "
            "JOIN task_instances t ON t.pk = l.task_pk"
        )
        print(launches)
        begun = sorted(one for one, _, started_at, _ in launches if started_at is not None)
        assert begun == names, "each began once"
        # A launch that was opened at the very moment of the kill may be lost before it began, and made again.
        ordered = Counter(one for one, *_ in launches)
        assert {one: len(watch.pods[one]) for one in names} == ordered, "one pod for each launch"
        assert before == {one: watch.pods[one] for one in running}, "what ran went on in its pod"
        for index in range(WIDTH):
            assert other.log("pods", run_id, f"work_{index}").count(f"task {index} has begun") == 1
        until(lambda: not own.objects("pods,secrets"), "all pods and Secrets are gone", seconds=60)
