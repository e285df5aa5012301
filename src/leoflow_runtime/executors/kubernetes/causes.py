"""Why a pod does not start, and why it ended: from its status to one plain sentence. Pure.

Reasons are those of the kubelet and the scheduler (`kubernetes/pkg/kubelet/images/types.go`,
`pkg/kubelet/container/sync_result.go`); messages are theirs, without what only a program reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leoflow_runtime.artifact.pod_override import CONTAINER
from leoflow_runtime.domain.states import Outcome

Pod = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """The outcome of a launch whose agent may not have reported, and why: one sentence."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Obstacle:
    """Why a pod has not started.

    `is_final`: waiting longer does not help. `is_lasting`: nor does another pod like it.
    """

    reason: str
    is_final: bool = False
    is_lasting: bool = False


_PULL = {"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"}
_PULL_LASTING = {"InvalidImageName", "ErrImageNeverPull"}
_CREATE = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
# What a registry answers, in the words of containerd, CRI-O and Docker. Rights may come with another login.
_NO_SUCH_IMAGE = re.compile(r"not found|manifest unknown|\b404\b", re.I)
_NOT_ALLOWED = re.compile(r"unauthorized|authorization failed|denied|\b40[13]\b", re.I)
_RPC = re.compile(r"^rpc error: code = \w+ desc = ")
_EXIT_CODES = {
    0: "The pod ended without a report.",
    2: "The agent in the pod could not use its settings",
    3: "Another agent ran in the same pod",
    4: "The control plane did not give the launch to the pod",
}


def obstacle(pod: Pod) -> Obstacle | None:
    """Why the pod has not started yet; None: it has, or nothing stands in its way."""
    for condition in pod["status"].get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return Obstacle(reason=f"No node takes the pod: {_plain(condition.get('message', ''))}")
    for status in _statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        found = _waits(pod, status["name"], waiting.get("reason", ""), waiting.get("message", ""))
        if found is not None:
            return found
    return None


def _waits(pod: Pod, name: str, reason: str, message: str) -> Obstacle | None:
    if reason in _PULL or reason in _PULL_LASTING:
        allowed = not _NOT_ALLOWED.search(message)
        # A registry that hides what it does not show says "not found, or denied".
        lasting = reason in _PULL_LASTING or (allowed and bool(_NO_SUCH_IMAGE.search(message)))
        image = _container(pod, name).get("image", "")
        sentence = f"The image {image} cannot be pulled: {_plain(message) or reason}"
        return Obstacle(reason=sentence, is_final=lasting or not allowed, is_lasting=lasting)
    if reason in _CREATE:
        # A Secret may still come; an image that wants to be root will always want to.
        rooted = "runAsNonRoot" in message
        sentence = f"The container cannot be created: {_plain(message) or reason}"
        return Obstacle(reason=sentence, is_final=rooted, is_lasting=rooted)
    return None


def has_ended(pod: Pod) -> bool:
    """The task's container is done, and never starts again; what stands beside it may go on."""
    return pod["status"].get("phase") in ("Succeeded", "Failed") or bool(_state(pod).get("terminated"))


def is_over(pod: Pod) -> bool:
    """Nothing of it runs, or ever did."""
    return str(pod["status"].get("phase")) != "Running"


def ending(pod: Pod, *, asked: Ending | None = None, is_deleted: bool = False) -> Ending:
    """What became of a pod that has ended or is gone. `asked`: why Leoflow itself had it deleted."""
    status = pod["status"]
    terminated = _state(pod).get("terminated") or {}
    if terminated.get("reason") == "OOMKilled":
        return Ending(outcome=Outcome.FAILED, reason=f"The task ran out of memory{_memory_limit(pod)}.")
    if status.get("reason") == "Evicted":
        return _lost(f"The node {_node(pod)} evicted the pod: {_plain(status.get('message', ''))}")
    if asked is not None:
        return asked
    for condition in status.get("conditions") or ():
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            return _lost(f"The cluster ended the pod: {_plain(condition.get('message', ''))}")
    if is_deleted or pod["metadata"].get("deletionTimestamp"):
        return _lost("The pod was deleted, and not by Leoflow.")
    if "exitCode" in terminated:
        return _lost(_exit(terminated))
    for one in status.get("initContainerStatuses") or ():
        code = ((one.get("state") or {}).get("terminated") or {}).get("exitCode", 0)
        if code:  # the author's own: a try of the task like any other
            why = f"The init container {one['name']} ended with exit code {code}, before the task."
            return Ending(outcome=Outcome.FAILED, reason=why)
    if status.get("reason"):
        return _lost(f"The pod failed ({status['reason']}): {_plain(status.get('message', ''))}")
    return _lost("The pod ended, and nothing says why.")


def _lost(reason: str) -> Ending:
    return Ending(outcome=Outcome.LOST, reason=reason if reason.endswith(".") else f"{reason.rstrip(': ')}.")


def _exit(terminated: Mapping[str, Any]) -> str:
    code, reason, message = (
        terminated["exitCode"],
        terminated.get("reason", ""),
        terminated.get("message", ""),
    )
    if reason in ("StartError", "ContainerCannotRun"):
        return f"The container could not be started: {_plain(message)}"
    said = message.strip().splitlines()[-1:] if message else []
    known = _EXIT_CODES.get(code) or f"The agent in the pod ended with exit code {code} and without a report"
    return f"{known}: {_plain(said[0])}" if said and code else known


def _statuses(pod: Pod) -> list[Mapping[str, Any]]:
    """Of all containers, those that run before the task first."""
    status = pod["status"]
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _state(pod: Pod) -> Mapping[str, Any]:
    """Of the task's container."""
    for status in pod["status"].get("containerStatuses") or ():
        if status["name"] == CONTAINER:
            state: Mapping[str, Any] = status.get("state") or {}
            return state
    return {}


def _container(pod: Pod, name: str) -> Mapping[str, Any]:
    every = [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]
    return next((one for one in every if one["name"] == name), {})


def _memory_limit(pod: Pod) -> str:
    limit = ((_container(pod, CONTAINER).get("resources") or {}).get("limits") or {}).get("memory")
    return f" (its limit is {limit})" if limit else ""


def _node(pod: Pod) -> str:
    return str(pod["spec"].get("nodeName", "of the pod"))


def _plain(message: str) -> str:
    """One line, as people read it."""
    return " ".join(_RPC.sub("", message.strip()).split())
