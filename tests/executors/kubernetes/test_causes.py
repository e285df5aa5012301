"""From a pod's status, as kubelet and scheduler write it, to one plain sentence."""

from __future__ import annotations

from typing import Any

import pytest

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.executors.kubernetes.causes import (
    Ending,
    Obstacle,
    ending,
    has_ended,
    is_over,
    obstacle,
)

IMAGE = "registry.test/d@sha256:1"


def a_pod(*, container: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    if container is not None:
        status["containerStatuses"] = [
            {"name": "sidecar", "state": {"running": {}}},
            {"name": "base", "state": container},
        ]
    spec = {
        "nodeName": "node7",
        "containers": [{"name": "base", "image": IMAGE, "resources": {"limits": {"memory": "64Mi"}}}],
    }
    return {"metadata": {"name": "leoflow-1"}, "spec": spec, "status": status}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return a_pod(phase="Pending", container={"waiting": {"reason": reason, "message": message}})


def terminated(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    state = {"exitCode": code, "reason": reason, "message": message}
    return a_pod(phase="Failed", container={"terminated": state})


def condition(kind: str, status: str, message: str) -> dict[str, Any]:
    return a_pod(phase="Pending", conditions=[{"type": kind, "status": status, "message": message}])


PASSES, MAY_PASS, LASTS = (
    {},
    {"is_final": True},
    {"is_final": True, "is_lasting": True},
)  # waited for; given up, and made again; given up for good
UNSCHEDULABLE = condition("PodScheduled", "False", "0/3 nodes are available: 3 Insufficient memory.")

OBSTACLES = [
    (UNSCHEDULABLE, "No node takes the pod: 0/3 nodes are available: 3 Insufficient memory.", PASSES),
    (
        waiting(
            "ErrImagePull",
            'rpc error: code = NotFound desc = failed to pull and unpack image "x":\n x: not found',
        ),
        f'The image {IMAGE} cannot be pulled: failed to pull and unpack image "x": x: not found',
        LASTS,
    ),
    (
        waiting("ErrImagePull", "rpc error: code = Unknown desc = dial tcp: connection refused"),
        f"The image {IMAGE} cannot be pulled: dial tcp: connection refused",
        PASSES,
    ),
    (
        waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"'),
        f'The image {IMAGE} cannot be pulled: Back-off pulling image "{IMAGE}"',
        PASSES,
    ),
    (waiting("InvalidImageName"), f"The image {IMAGE} cannot be pulled: InvalidImageName", LASTS),
    (
        waiting("ErrImagePull", "pull access denied: authorization failed"),
        f"The image {IMAGE} cannot be pulled: pull access denied: authorization failed",
        MAY_PASS,
    ),
    (
        waiting("CreateContainerConfigError", 'secret "leoflow-1" not found'),
        'The container cannot be created: secret "leoflow-1" not found',
        PASSES,
    ),
    (
        waiting(
            "CreateContainerConfigError", "container has runAsNonRoot and image will run as root (pod: x)"
        ),
        "The container cannot be created: container has runAsNonRoot and image will run as root (pod: x)",
        LASTS,
    ),
]


@pytest.mark.parametrize(("pod", "reason", "how_long"), OBSTACLES)
def test_why_a_pod_does_not_start(pod: dict[str, Any], reason: str, how_long: dict[str, bool]) -> None:
    assert obstacle(pod) == Obstacle(reason=reason, **how_long)


def test_an_image_of_what_stands_beside_the_task_is_named() -> None:
    waits = {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}
    pod = a_pod(phase="Pending", initContainerStatuses=[{"name": "fetch", "state": waits}])
    pod["spec"]["initContainers"] = [{"name": "fetch", "image": "registry.test/fetch:1"}]
    found = obstacle(pod)
    assert found is not None
    assert found.reason == "The image registry.test/fetch:1 cannot be pulled: manifest unknown"


def test_a_pod_ends_with_its_task_whatever_stands_beside_it() -> None:
    pod = a_pod(phase="Running", container={"terminated": {"exitCode": 0, "reason": "Completed"}})
    assert has_ended(pod)
    assert not is_over(pod)


@pytest.mark.parametrize(
    "pod",
    [
        a_pod(phase="Pending"),
        waiting("ContainerCreating"),
        a_pod(phase="Running", container={"running": {"startedAt": "2026-01-02T03:04:05Z"}}),
        condition("PodScheduled", "True", ""),
    ],
)
def test_nothing_stands_in_the_way_of_a_pod_that_is_on_its_way(pod: dict[str, Any]) -> None:
    assert obstacle(pod) is None
    assert not has_ended(pod)


CRASH = 'Traceback …\nModuleNotFoundError: No module named "grpc"\n'
ENDINGS = [
    (terminated(137, "OOMKilled"), Outcome.FAILED, "The task ran out of memory (its limit is 64Mi)."),
    (
        a_pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory. "),
        Outcome.LOST,
        "The node node7 evicted the pod: The node was low on resource: memory.",
    ),
    (terminated(0, "Completed"), Outcome.LOST, "The pod ended without a report."),
    (
        terminated(1, message=CRASH),
        Outcome.LOST,
        "The agent in the pod ended with exit code 1 and without a report: "
        'ModuleNotFoundError: No module named "grpc".',
    ),
    (terminated(4), Outcome.LOST, "The control plane did not give the launch to the pod."),
    (
        terminated(128, "StartError", 'exec: "python3": executable file not found'),
        Outcome.LOST,
        'The container could not be started: exec: "python3": executable file not found.',
    ),
    (
        a_pod(phase="Failed", reason="OutOfcpu", message="Pod Node didn't have enough resource: cpu"),
        Outcome.LOST,
        "The pod failed (OutOfcpu): Pod Node didn't have enough resource: cpu.",
    ),
    (
        condition("DisruptionTarget", "True", "Preempted by a pod of higher priority"),
        Outcome.LOST,
        "The cluster ended the pod: Preempted by a pod of higher priority.",
    ),
    (
        a_pod(
            phase="Failed",
            initContainerStatuses=[
                {"name": "first", "state": {"terminated": {"exitCode": 0}}},
                {"name": "fetch", "state": {"terminated": {"exitCode": 3}}},
            ],
            container={"waiting": {"reason": "PodInitializing"}},
        ),
        Outcome.FAILED,
        "The init container fetch ended with exit code 3, before the task.",
    ),
    (a_pod(phase="Failed"), Outcome.LOST, "The pod ended, and nothing says why."),
]


@pytest.mark.parametrize(("pod", "outcome", "reason"), ENDINGS)
def test_why_a_pod_ended(pod: dict[str, Any], outcome: Outcome, reason: str) -> None:
    assert ending(pod) == Ending(outcome=outcome, reason=reason)


def test_a_deletion_is_ours_or_somebody_elses() -> None:
    running = a_pod(phase="Running", container={"running": {}})
    asked = Ending(outcome=Outcome.CANCELLED, reason="the run was marked failed")
    assert ending(running, asked=asked, is_deleted=True) is asked
    stranger = Ending(outcome=Outcome.LOST, reason="The pod was deleted, and not by Leoflow.")
    assert ending(running, is_deleted=True) == stranger


def test_out_of_memory_is_the_cause_even_of_a_pod_that_was_to_end() -> None:
    asked = Ending(outcome=Outcome.CANCELLED, reason="no heartbeat")
    assert ending(terminated(137, "OOMKilled"), asked=asked).outcome is Outcome.FAILED
