"""Why a pod does not start, and why it ended: from its status to one plain sentence. Pure.

Reasons are those of the kubelet and the scheduler (`kubernetes/pkg/kubelet/images/types.go`,
`pkg/kubelet/container/sync_result.go`); messages are theirs, without what only a program reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.executors.kubernetes.pod import CONTAINER

Pod = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """The outcome of a launch whose agent may not have reported, and why: one sentence."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Obstacle:
    """Why a pod has not started. `is_final`: waiting longer does not help."""

    reason: str
    is_final: bool = False


_PULL = {"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"}
_PULL_FINAL = {"InvalidImageName", "ErrImageNeverPull"}
_CREATE = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
# What a registry answers that it will answer again, in the words of containerd, CRI-O and Docker.
_NO_SUCH_IMAGE = re.compile(
    r"not found|manifest unknown|unauthorized|authorization failed|denied|\b40[134]\b", re.I
)
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
    waiting = _state(pod).get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in _PULL or reason in _PULL_FINAL:
        final = reason in _PULL_FINAL or bool(_NO_SUCH_IMAGE.search(message))
        sentence = f"The image {_image(pod)} cannot be pulled: {_plain(message) or reason}"
        return Obstacle(reason=sentence, is_final=final)
    if reason in _CREATE:
        # A Secret may still come; an image that wants to be root will always want to.
        return Obstacle(
            reason=f"The container cannot be created: {_plain(message) or reason}",
            is_final="runAsNonRoot" in message,
        )
    return None


def has_ended(pod: Pod) -> bool:
    """Its containers are done, and never start again."""
    return pod["status"].get("phase") in ("Succeeded", "Failed")


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


def _state(pod: Pod) -> Mapping[str, Any]:
    for status in pod["status"].get("containerStatuses") or ():
        if status["name"] == CONTAINER:
            state: Mapping[str, Any] = status.get("state") or {}
            return state
    return {}


def _container(pod: Pod) -> Mapping[str, Any]:
    return next((one for one in pod["spec"]["containers"] if one["name"] == CONTAINER), {})


def _image(pod: Pod) -> str:
    return str(_container(pod).get("image", ""))


def _memory_limit(pod: Pod) -> str:
    limit = ((_container(pod).get("resources") or {}).get("limits") or {}).get("memory")
    return f" (its limit is {limit})" if limit else ""


def _node(pod: Pod) -> str:
    return str(pod["spec"].get("nodeName", "of the pod"))


def _plain(message: str) -> str:
    """One line, as people read it."""
    return " ".join(_RPC.sub("", message.strip()).split())
