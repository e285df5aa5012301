"""Tasks as pods of a real cluster: deployed, pulled by digest, adopted, stopped, and told why they died."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.base_image import REPOSITORY, TAG

from .conftest import PASSWORD, Plane, until

pytestmark = pytest.mark.timeout(300)

GREEN = """\
from airflow.sdk import DAG, task

with DAG("green"):

    @task
    def look() -> dict:
        import os

        return {
            "region": os.environ.get("REGION"),
            "uid": os.getuid(),
            "tokens": [name for name in os.environ if "TOKEN" in name],
            "account": os.path.exists("/var/run/secrets/kubernetes.io"),
        }

    @task
    def count(found: dict) -> int:
        print("there are", len(found))
        return len(found)

    count(look())
"""
HOLD = """\
from airflow.sdk import DAG, Variable, task

with DAG("hold"):

    @task
    def wait() -> str:
        import time

        while (gate := Variable.get("gate", default="shut")) == "shut":
            time.sleep(0.2)
        return gate

    @task
    def after(gate: str) -> str:
        return gate

    after(wait())
"""
TAGGED = """\
from airflow.sdk import DAG, task

with DAG("tagged"):

    @task
    def tell() -> str:
        return "{text}"

    tell()
"""
# What the package makes is read where the DAG is compiled; the image of the tests does without it.
OWN = """\
from airflow.sdk import DAG, task

try:
    from kubernetes.client import models as k8s
except ImportError:
    k8s = None
IMAGE = "{image}"
SCRATCH = k8s.V1VolumeMount(name="scratch", mount_path="/scratch") if k8s else None
OWN = (
    k8s.V1Pod(
        metadata=k8s.V1ObjectMeta(labels={{"team": "sales"}}),
        spec=k8s.V1PodSpec(
            init_containers=[
                k8s.V1Container(
                    name="fetch",
                    image=IMAGE,
                    command=["sh", "-c", "echo fetched > /scratch/file"],
                    volume_mounts=[SCRATCH],
                )
            ],
            containers=[
                k8s.V1Container(
                    name="base", env=[k8s.V1EnvVar(name="REGION", value="eu")], volume_mounts=[SCRATCH]
                ),
                k8s.V1Container(name="beside", image=IMAGE, command=["sleep", "600"]),
            ],
            volumes=[k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource())],
        ),
    )
    if k8s
    else None
)

with DAG("own"):

    @task(executor="KubernetesExecutor", executor_config={{"pod_override": OWN}}, run_as_user="1000")
    def look() -> dict:
        import os

        with open("/scratch/file") as fetched:
            found = fetched.read().strip()
        agents = [name for name in os.environ if name.startswith("LEOFLOW_") and "TOKEN" in name]
        return {{"region": os.environ["REGION"], "uid": os.getuid(), "found": found, "agents": agents}}

    look()
"""
GREEDY = """\
from airflow.sdk import DAG, task

with DAG("greedy"):

    @task
    def eat() -> int:
        return len(bytearray(b"x") * (512 * 1024 * 1024))

    eat()
"""


@pytest.fixture(scope="module")
def hold(plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A DAG whose task runs until its gate is opened."""
    folder = tmp_path_factory.mktemp("projects") / "hold"
    limits = "tasks: {wait: {resources: {requests: {cpu: 10m}, limits: {memory: 256Mi}}}}\n"
    plane.deploy(plane.project(folder, "hold", HOLD, limits))
    return "hold"


def shut(plane: Plane) -> None:
    """A variable that is not there at a task's start is asked for anew each time."""
    if any(one["key"] == "gate" for one in plane.api("GET", "/variables")["variables"]):
        plane.api("DELETE", "/variables/gate")


def opened(plane: Plane) -> None:
    plane.api("POST", "/variables", {"key": "gate", "value": "open"})


def test_from_the_login_to_a_green_pod_by_digest(plane: Plane, tmp_path: Path) -> None:
    folder = plane.project(tmp_path / "green", "green", GREEN, "tasks: {look: {env: {REGION: eu}}}\n")
    login = {"LEOFLOW_CONFIG": str(tmp_path / "config.yaml")}
    who = ["--server", plane.url, "--username", "admin", "--password-stdin"]
    plane.leoflow("auth", "login", *who, says=PASSWORD, **login)
    said = json.loads(plane.leoflow("deploy", str(folder), "--trigger", "--wait", "--json", **login))
    assert said["run"]["state"] == "success"
    run = said["run"]["dag_run_id"]
    seen = plane.value("green", run, "look")
    assert seen == {"region": "eu", "uid": 65532, "tokens": [], "account": False}
    assert "there are 4" in plane.log("green", run, "count")
    assert "@sha256:" in said["image"]
    assert any(said["image"] in one for one in plane.cluster.pulled())
    until(lambda: not plane.cluster.objects("pods,secrets"), "pods or Secrets were left behind")


def test_a_pod_is_restricted_and_outlives_the_server(plane: Plane, hold: str) -> None:
    shut(plane)
    run = plane.trigger(hold)
    pod = plane.cluster.running_pod(run)
    container, status = pod["spec"]["containers"][0], pod["status"]["containerStatuses"][0]
    assert "@sha256:" in container["image"]
    assert status["imageID"].endswith(container["image"].rpartition("@")[2])
    assert container["resources"] == {
        "requests": {"cpu": "10m", "memory": "256Mi"},
        "limits": {"memory": "256Mi"},
    }
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {one["name"] for one in container["env"]} == {
        "LEOFLOW_SERVER",
        "LEOFLOW_LAUNCH_TOKEN_FILE",
        "LEOFLOW_SPOOL",
    }
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    plane.until_state(hold, run, "wait", "running")

    plane.kill()
    plane.start()
    assert plane.task(hold, run, "wait")["state"] == "running"
    opened(plane)
    task = plane.until_state(hold, run, "wait", "success")
    plane.until_state(hold, run, "after", "success")
    assert task["try_number"] == 1
    assert task["hostname"] == pod["metadata"]["name"], "the same launch, adopted"


def test_a_stopped_run_has_no_pod(plane: Plane, hold: str) -> None:
    shut(plane)
    run = plane.trigger(hold)
    name = plane.cluster.running_pod(run)["metadata"]["name"]
    plane.until_state(hold, run, "wait", "running")
    plane.api("PATCH", f"/dags/{hold}/dagRuns/{run}", {"state": "failed"})
    until(
        lambda: name not in [one["metadata"]["name"] for one in plane.cluster.objects("pods")],
        "the pod goes on",
    )
    assert plane.task(hold, run, "wait")["state"] == "failed"


@pytest.mark.parametrize("how", [[], ["--grace-period=0", "--force"]], ids=["politely", "by force"])
def test_a_deleted_pod_is_told_and_made_again(plane: Plane, hold: str, how: list[str]) -> None:
    shut(plane)
    run = plane.trigger(hold)
    name = plane.cluster.running_pod(run)["metadata"]["name"]
    plane.until_state(hold, run, "wait", "running")
    plane.cluster.kubectl("delete", "pod", name, *how)
    opened(plane)
    task = plane.until_state(hold, run, "wait", "success")
    assert task["try_number"] == 1, "a try of the user's is not spent on it"
    assert "deleted" in plane.log(hold, run, "wait")


def test_memory_that_ran_out_is_the_cause(plane: Plane, tmp_path: Path) -> None:
    limits = "tasks: {eat: {resources: {limits: {memory: 128Mi}}}}\n"
    plane.deploy(plane.project(tmp_path / "greedy", "greedy", GREEDY, limits))
    run = plane.trigger("greedy")
    plane.until_state("greedy", run, "eat", "failed")
    assert "out of memory" in plane.log("greedy", run, "eat")


def test_an_image_that_is_gone_is_the_cause_and_told_once(plane: Plane, tmp_path: Path) -> None:
    folder = plane.project(tmp_path / "gone", "gone", HOLD.replace("hold", "gone"))
    plane.leoflow("compile", str(folder))
    document = json.loads((folder / "dag.json").read_text())
    missing = f"{plane.cluster.registry}/dags/gone@sha256:" + "0" * 64
    (folder / "dag.json").write_text(json.dumps({**document, "image": missing}))
    plane.leoflow("push", str(folder / "dag.json"))
    run = plane.trigger("gone")
    plane.until_state("gone", run, "wait", "failed")
    assert f"The image {missing} cannot be pulled" in plane.log("gone", run, "wait")
    assert plane.log("gone", run, "wait").count("leoflow.server") == 1, "no other pod was made for it"


def test_a_node_that_is_not_there_is_the_cause(plane: Plane, tmp_path: Path) -> None:
    selector = "tasks: {wait: {execution: {node_selector: {disk: of-diamond}}}}\n"
    plane.deploy(plane.project(tmp_path / "picky", "picky", HOLD.replace("hold", "picky"), selector))
    run = plane.trigger("picky")
    until(lambda: "No node takes the pod" in plane.log("picky", run, "wait"), "the cause is not told")
    plane.api("PATCH", f"/dags/picky/dagRuns/{run}", {"state": "failed"})


def test_a_task_has_its_pod_as_it_wants_it(plane: Plane, tmp_path: Path) -> None:
    image = f"{plane.cluster.registry}/{REPOSITORY}:{TAG}"
    plane.deploy(plane.project(tmp_path / "own", "own", OWN.format(image=image)))
    run = plane.trigger("own")
    pod = plane.cluster.running_pod(run)
    assert pod["metadata"]["labels"]["team"] == "sales"
    plane.until_state("own", run, "look", "success")
    assert plane.value("own", run, "look") == {"region": "eu", "uid": 1000, "found": "fetched", "agents": []}
    # Whatever still runs beside the task.
    until(lambda: not plane.cluster.objects("pods,secrets"), "pods or Secrets were left behind")


def test_what_a_pod_keeps_is_refused_by_name(plane: Plane, tmp_path: Path) -> None:
    source = OWN.format(image="x").replace('name="base",', 'name="base", image="x",')
    folder = plane.project(tmp_path / "own", "own", source)
    with pytest.raises(
        AssertionError, match=r"`spec\.containers\[0\]\.image` cannot be set by `pod_override`"
    ):
        plane.deploy(folder)


def test_a_version_without_an_image_is_told_what_to_do(plane: Plane, tmp_path: Path) -> None:
    folder = plane.project(tmp_path / "bare", "bare", HOLD.replace("hold", "bare"))
    plane.leoflow("compile", str(folder))
    plane.leoflow("push", str(folder / "dag.json"))
    run = plane.trigger("bare")
    until(lambda: plane.task("bare", run, "wait")["state"] == "failed", "it was not refused")
    assert plane.log("bare", run, "wait").count("deploy it with leoflow deploy") == 1, "refused once"


def test_what_the_cluster_will_never_take_fails_at_once(plane: Plane, tmp_path: Path) -> None:
    selector = "tasks: {wait: {retries: 3, execution: {node_selector: {disk: 'no such label!'}}}}\n"
    plane.deploy(plane.project(tmp_path / "wrong", "wrong", HOLD.replace("hold", "wrong"), selector))
    run = plane.trigger("wrong")
    until(lambda: plane.task("wrong", run, "wait")["state"] == "failed", "it was not refused")
    assert plane.log("wrong", run, "wait").count("The cluster does not take the pod") == 1


def test_moving_the_tag_deploys_and_moving_it_back_rolls_back(plane: Plane, tmp_path: Path) -> None:
    repository = f"{plane.cluster.registry}/dags/tagged"
    folder = plane.project(tmp_path / "tagged", "tagged", TAGGED.format(text="one"))
    plane.deploy(folder, "--dag-version", "one")
    (folder / "dag.py").write_text(TAGGED.format(text="two"))
    plane.deploy(folder, "--dag-version", "two")

    def moved_to(version: str, number: int) -> str:
        plane.leoflow("artifact", "copy", f"{repository}:{version}-dag", f"{repository}:prod")
        if number == 1 and not plane.api("GET", "/channels")["channels"]:
            plane.leoflow("channels", "add", "tagged", f"oci://{repository}:prod")
        current = "/dags/tagged/versions/current"
        until(lambda: plane.api("GET", current)["version_number"] == number, f"it is not at {version}")
        run = plane.trigger("tagged")
        plane.until_state("tagged", run, "tell", "success")
        return str(plane.value("tagged", run, "tell"))

    assert [moved_to("one", 1), moved_to("two", 2), moved_to("one", 1)] == ["one", "two", "one"]
