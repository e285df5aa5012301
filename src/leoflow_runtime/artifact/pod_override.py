"""What a task may change of its pod, and what it may not: `executor_config.pod_override` of `dag.json`. Pure.

The override is a part of a Pod of the API v1, in JSON. What would break the fence around launches is refused
by name: which image runs, what is started in it, whose pod it is, and where its token lies.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from leoflow_runtime.light import dataclass

CONTAINER = "base"  # as in Airflow
TOKEN_VOLUME = "launch-token"  # noqa: S105
TOKEN_FOLDER = "/var/run/leoflow"  # noqa: S105
SPOOL_VOLUME = "launch-spool"
SPOOL_FOLDER = "/var/run/leoflow-spool"
OWN_ENVIRONMENT = "LEOFLOW_"
OWN_LABELS = (
    "leoflow.dev/",
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
)
# Field of the pod -> why it is not the task's to choose.
_METADATA = {
    "name": "a launch finds its pod by its name",
    "generateName": "a launch finds its pod by its name",
    "namespace": "pods are made and looked for in one namespace (`kubernetes_namespace`)",
    "ownerReferences": "a pod ends with its launch, and with nothing else",
    "finalizers": "a pod ends with its launch, and with nothing else",
}
_SPEC = {
    "activeDeadlineSeconds": "`execution_timeout` says how long a task may run",
    "ephemeralContainers": "a new pod cannot have any",
    "shareProcessNamespace": "the agent is the first process of its container",
    "nodeName": "the scheduler chooses the node: use a node selector or an affinity",
}
KEPT_BY_BASE = {
    "image": "the image of the version runs, by its digest: put what the task needs into it",
    "command": "the agent is what is started",
    "args": "the agent is what is started",
    "lifecycle": "it would run before the agent has its launch",
    "livenessProbe": "it would end the task without a word: `execution_timeout` says how long it may run",
    "startupProbe": "it would end the task without a word: `execution_timeout` says how long it may run",
    "restartPolicy": "a launch is one process, started once",
    "restartPolicyRules": "a launch is one process, started once",
    "terminationMessagePath": "the agent's last words are read from there",
    "terminationMessagePolicy": "the agent's last words are read from there",
    "stdin": "a task reads nothing from a terminal",
    "tty": "a task reads nothing from a terminal",
    "workingDir": "the agent starts where the image says",
}


_VOLUMES = {TOKEN_VOLUME: "this volume holds the launch's token", SPOOL_VOLUME: "this volume is the agent's"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """A field that the override may not set, and why. `path` as in `spec.containers[0].image`."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"`{self.path}` cannot be set by `pod_override`: {self.reason}"


def breaches(override: Mapping[str, Any]) -> Iterator[Breach]:
    """Everything in the override that is refused wherever it runs."""
    metadata, spec = override.get("metadata", {}), override.get("spec", {})
    for name, reason in _METADATA.items():
        if name in metadata:
            yield Breach(path=f"metadata.{name}", reason=reason)
    for kind in ("labels", "annotations"):
        for key in metadata.get(kind, {}):
            if key.startswith(OWN_LABELS):
                yield Breach(path=f"metadata.{kind}[{key}]", reason="it says which launch the pod is for")
    for name, reason in _SPEC.items():
        if name in spec:
            yield Breach(path=f"spec.{name}", reason=reason)
    if spec.get("restartPolicy", "Never") != "Never":
        yield Breach(path="spec.restartPolicy", reason="it is Never: a launch is one process, started once")
    for index, volume in enumerate(spec.get("volumes", ())):
        if volume["name"] in _VOLUMES:
            yield Breach(path=f"spec.volumes[{index}].name", reason=_VOLUMES[volume["name"]])
    for path, container in containers(override):
        yield from _of_container(path, container)


def containers(override: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each container with its path, those that run before the task among them."""
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(override.get("spec", {}).get(kind, ())):
            yield f"spec.{kind}[{index}]", container


def _of_container(path: str, container: Mapping[str, Any]) -> Iterator[Breach]:
    if container.get("name") == CONTAINER and path.startswith("spec.initContainers"):
        yield Breach(path=f"{path}.name", reason="this is the name of the container that the task runs in")
    elif container.get("name") == CONTAINER:
        for name, reason in KEPT_BY_BASE.items():
            if name in container:
                yield Breach(path=f"{path}.{name}", reason=reason)
        for index, variable in enumerate(container.get("env", ())):
            if variable.get("name", "").startswith(OWN_ENVIRONMENT):
                yield Breach(path=f"{path}.env[{index}].name", reason="these names are the agent's")
    elif not container.get("image"):
        yield Breach(path=f"{path}.image", reason="a container beside the task's needs an image")
    for index, mount in enumerate(container.get("volumeMounts", ())):
        if mount["name"] in _VOLUMES:
            yield Breach(path=f"{path}.volumeMounts[{index}].name", reason=_VOLUMES[mount["name"]])
        elif container["name"] == CONTAINER and _hides_ours(mount["mountPath"]):
            what = "the launch's token and the agent's files lie there"
            yield Breach(path=f"{path}.volumeMounts[{index}].mountPath", reason=what)


def _hides_ours(folder: str) -> bool:
    """`/run` is where `/var/run` leads to in most images."""
    mounted = posixpath.normpath(f"/{folder.lstrip('/')}")
    places = [place for ours in (TOKEN_FOLDER, SPOOL_FOLDER) for place in (ours, ours.removeprefix("/var"))]
    return any(
        mounted == "/" or f"{place}/".startswith(f"{mounted}/") or f"{mounted}/".startswith(f"{place}/")
        for place in places
    )


def privileges(override: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths of what reaches beyond the pod or makes it root, which a server grants or does not."""
    spec = override.get("spec", {})
    found = [f"spec.{name}" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    for index, volume in enumerate(spec.get("volumes", ())):
        if "hostPath" in volume:
            found.append(f"spec.volumes[{index}].hostPath")
    if spec.get("hostUsers") is True:
        found.append("spec.hostUsers")
    found += _risks("spec.securityContext", spec.get("securityContext", {}))
    for path, container in containers(override):
        found += _risks(f"{path}.securityContext", container.get("securityContext", {}))
        found += [
            f"{path}.ports[{index}].hostPort"
            for index, port in enumerate(container.get("ports", ()))
            if port.get("hostPort")
        ]
    return tuple(found)


def _risks(path: str, context: Mapping[str, Any]) -> list[str]:
    found = [f"{path}.{name}" for name in ("privileged", "allowPrivilegeEscalation") if context.get(name)]
    if context.get("runAsUser") == 0:
        found.append(f"{path}.runAsUser")
    if context.get("runAsNonRoot") is False:
        found.append(f"{path}.runAsNonRoot")
    if context.get("procMount", "Default") != "Default":
        found.append(f"{path}.procMount")
    if (context.get("seccompProfile") or {}).get("type") == "Unconfined":
        found.append(f"{path}.seccompProfile")
    if (context.get("capabilities") or {}).get("add"):
        found.append(f"{path}.capabilities.add")
    if context.get("sysctls"):
        found.append(f"{path}.sysctls")
    return found


def secrets_named(override: Mapping[str, Any], name: re.Pattern[str]) -> tuple[str, ...]:
    """The paths at which a Secret is named that matches wholly: tokens of other launches are Secrets, too."""
    return tuple(
        path for path, text in _secret_names(override.get("spec", {}), "spec") if name.fullmatch(text)
    )


def _secret_names(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "secretName" and isinstance(item, str):
                yield f"{path}.{key}", item
            elif key in ("secret", "secretRef", "secretKeyRef", "nodePublishSecretRef") and isinstance(
                item, Mapping
            ):
                if isinstance(item.get("name"), str):
                    yield f"{path}.{key}.name", item["name"]
            yield from _secret_names(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secret_names(item, f"{path}[{index}]")
