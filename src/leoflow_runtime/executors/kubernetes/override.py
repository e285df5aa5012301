"""A task's `pod_override` on the pod of its launch. Pure.

As Airflow's `PodGenerator.reconcile_pods` merges them (provider cncf.kubernetes 10): what the override says
takes the place of what is there; labels, annotations, volumes, init containers and, in the task's container,
`env`, `envFrom`, `ports`, `volumeMounts` and `volumeDevices` are added to. Other than there, the task's
container is the one named `base` wherever it stands, and security contexts are merged field by field, so that
who sets a user keeps the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leoflow_runtime.artifact.pod_override import CONTAINER

_ADDED_IN_CONTAINER = ("env", "envFrom", "ports", "volumeMounts", "volumeDevices")
# What the "restricted" Pod Security Standard demands of every container.
RESTRICTED: Mapping[str, Any] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
# Tells the agent which of the container's variables are the task's; `*`: all that are not the agent's own.
PASSED_ENVIRONMENT = "LEOFLOW_TASK_ENVIRONMENT"


def overridden(pod: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """The pod with the override on it; `pod` has one container, the task's. Neither is changed."""
    metadata, spec = override.get("metadata", {}), override.get("spec", {})
    merged = {**pod["spec"], **{name: value for name, value in spec.items() if _says(value)}}
    merged["containers"] = _containers(pod["spec"]["containers"][0], spec.get("containers", ()))
    merged["volumes"] = [*pod["spec"]["volumes"], *spec.get("volumes", ())]
    merged["securityContext"] = _security(pod["spec"]["securityContext"], spec.get("securityContext"))
    if spec.get("initContainers"):
        merged["initContainers"] = [_restricted(one) for one in spec["initContainers"]]
    named = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if named and "automountServiceAccountToken" not in spec:
        merged["automountServiceAccountToken"] = True  # whoever names an account wants its rights
    own = pod["metadata"]
    kept = {
        **own,
        **{name: value for name, value in metadata.items() if _says(value)},
        # Ours last: they say which launch the pod is for.
        "labels": {**(metadata.get("labels") or {}), **own["labels"]},
        "annotations": {**(metadata.get("annotations") or {}), **own["annotations"]},
    }
    return {**pod, "metadata": kept, "spec": merged}


def _containers(task: Mapping[str, Any], others: Any) -> list[dict[str, Any]]:
    merged = dict(task)
    beside = []
    for container in others:
        if container["name"] == CONTAINER:
            merged = _container(task, container)
        else:
            beside.append(_restricted(container))
    return [merged, *beside]


def _container(task: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**task, **{name: value for name, value in override.items() if _says(value)}}
    for name in _ADDED_IN_CONTAINER:
        added = [*task.get(name, ()), *(override.get(name) or ())]
        if added:
            merged[name] = added
    passed = [variable["name"] for variable in override.get("env") or ()]
    if passed or override.get("envFrom"):
        names = "*" if override.get("envFrom") else ",".join(passed)
        merged["env"] = [*merged["env"], {"name": PASSED_ENVIRONMENT, "value": names}]
    merged["securityContext"] = _security(task["securityContext"], override.get("securityContext"))
    return merged


def _restricted(container: Mapping[str, Any]) -> dict[str, Any]:
    return {**container, "securityContext": _security(RESTRICTED, container.get("securityContext"))}


def _security(ours: Mapping[str, Any], theirs: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**ours, **{name: value for name, value in (theirs or {}).items() if value is not None}}


def _says(value: Any) -> bool:
    """Airflow takes `None`, an empty list and `False` as nothing said; `False` says something here."""
    return value is False or value == 0 or bool(value)
