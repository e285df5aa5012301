"""A launch as Kubernetes objects: the pod, and the Secret with its token. Pure; plain dicts of the API v1."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from leoflow_runtime.artifact.pod_override import (
    CONTAINER,
    SPOOL_FOLDER,
    SPOOL_VOLUME,
    TOKEN_FOLDER,
    TOKEN_VOLUME,
)
from leoflow_runtime.executors.kubernetes.override import RESTRICTED, overridden
from leoflow_runtime.executors.kubernetes.settings import KubernetesSettings
from leoflow_runtime.executors.protocol import LaunchOrder

INSTANCE = "app.kubernetes.io/instance"
MANAGED_BY = "app.kubernetes.io/managed-by"
LAUNCH = "leoflow.dev/launch"
# Group of the token's file: whatever user the image has, the kubelet adds it to this group.
_TOKEN_GROUP = 65532
# The agent gives a task 5 s, then sends the log and the report.
_GRACE_SECONDS = 30
_LABEL_LENGTH = 63


def name_of(launch_id: int, settings: KubernetesSettings) -> str:
    """The name of a launch's pod and Secret: the same launch never gets two."""
    return f"{settings.instance}-{launch_id}"


def selector(settings: KubernetesSettings) -> str:
    """Finds everything of this control plane."""
    return f"{MANAGED_BY}=leoflow,{INSTANCE}={settings.instance}"


def launch_of(described: Mapping[str, Any]) -> int | None:
    """The launch that a pod or Secret is for; None: it is none of ours."""
    text = (described["metadata"].get("labels") or {}).get(LAUNCH, "")
    return int(text) if text.isdecimal() and text.isascii() else None


def is_same_launch(described: Mapping[str, Any], order: LaunchOrder) -> bool:
    """Whether a pod that is there already is the one that was ordered."""
    return (described["metadata"].get("annotations") or {}) | _annotations(order) == (
        described["metadata"].get("annotations") or {}
    )


def token_secret(order: LaunchOrder, token: str, settings: KubernetesSettings) -> dict[str, Any]:
    """The Secret that the pod mounts."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(order, settings),
        "type": "Opaque",
        "stringData": {"token": token},
    }


def pod(order: LaunchOrder, settings: KubernetesSettings) -> dict[str, Any]:
    """The pod of a launch; needs `order.image`.

    Within the "restricted" Pod Security Standard, unless the task's override says otherwise.
    """
    execution = order.execution
    service_account = execution.get("service_account") or settings.service_account
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "enableServiceLinks": False,
        # Whoever names an account wants its rights; nobody else's task gets to talk to the cluster.
        "automountServiceAccountToken": bool(service_account),
        "securityContext": {
            "runAsNonRoot": True,
            "fsGroup": _TOKEN_GROUP,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(order, settings)],
        "volumes": [
            {
                "name": TOKEN_VOLUME,
                "secret": {"secretName": name_of(order.launch_id, settings), "defaultMode": 0o440},
            },
            # Whatever user the pod has, and whether or not its root may be written.
            {"name": SPOOL_VOLUME, "emptyDir": {}},
        ],
    }
    if service_account:
        spec["serviceAccountName"] = service_account
    if settings.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in settings.pull_secrets]
    if execution.get("node_selector"):
        spec["nodeSelector"] = dict(execution["node_selector"])
    if execution.get("tolerations"):
        spec["tolerations"] = [dict(one) for one in execution["tolerations"]]
    if order.run_as_user is not None:
        spec["securityContext"]["runAsUser"] = int(order.run_as_user)
    described = {"apiVersion": "v1", "kind": "Pod", "metadata": _metadata(order, settings), "spec": spec}
    return overridden(described, order.pod_override) if order.pod_override else described


def _container(order: LaunchOrder, settings: KubernetesSettings) -> dict[str, Any]:
    # Neither command nor arguments: the image's entrypoint is the agent. The task's own `env` comes over
    # the agent's wire, as it does on a laptop.
    return {
        "name": CONTAINER,
        "image": order.image,
        "imagePullPolicy": order.execution.get("image_pull_policy", "IfNotPresent"),
        "env": [
            {"name": "LEOFLOW_SERVER", "value": settings.server},
            {"name": "LEOFLOW_LAUNCH_TOKEN_FILE", "value": f"{TOKEN_FOLDER}/token"},
            {"name": "LEOFLOW_SPOOL", "value": f"{SPOOL_FOLDER}/launches"},
        ],
        "resources": {
            kind: {name: str(quantity) for name, quantity in quantities.items()}
            for kind, quantities in order.resources.items()
            if quantities
        },
        "volumeMounts": [
            {"name": TOKEN_VOLUME, "mountPath": TOKEN_FOLDER, "readOnly": True},
            {"name": SPOOL_VOLUME, "mountPath": SPOOL_FOLDER},
        ],
        "securityContext": dict(RESTRICTED),
        # What the agent said last is part of the cause where it dies without a report.
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _metadata(order: LaunchOrder, settings: KubernetesSettings) -> dict[str, Any]:
    return {
        "name": name_of(order.launch_id, settings),
        "labels": {
            "app.kubernetes.io/name": "leoflow",
            MANAGED_BY: "leoflow",
            INSTANCE: settings.instance,
            LAUNCH: str(order.launch_id),
            "leoflow.dev/dag-id": label_value(order.dag_id),
            "leoflow.dev/task-id": label_value(order.task_id),
        },
        "annotations": _annotations(order),
    }


def _annotations(order: LaunchOrder) -> dict[str, str]:
    return {
        "leoflow.dev/dag-id": order.dag_id,
        "leoflow.dev/run-id": order.run_id,
        "leoflow.dev/task-id": order.task_id,
        "leoflow.dev/map-index": str(order.map_index),
        "leoflow.dev/try-number": str(order.try_number),
        "leoflow.dev/content-digest": order.content_digest,
    }


def label_value(text: str) -> str:
    """`text` as a label may hold it (63 characters); what had to be changed ends in a part of its digest."""
    fitting = re.sub(r"[^A-Za-z0-9_.-]", "-", text).strip("-_.")
    if fitting == text and len(text) <= _LABEL_LENGTH:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{fitting[: _LABEL_LENGTH - 9].rstrip('-_.')}-{digest}".lstrip("-")
