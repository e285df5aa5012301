"""What the executor is told about the cluster and about pods."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class KubernetesSettings:
    """`server` is `host:port` of the agents' service, as pods reach it. Durations are seconds."""

    server: str
    namespace: str = "default"
    # Tells the pods of several control planes in one namespace apart; a DNS label.
    instance: str = "leoflow"
    kubeconfig: Path | None = None  # None: the service account in a pod, else KUBECONFIG or ~/.kube/config
    pull_secrets: tuple[str, ...] = ()
    service_account: str = ""  # for tasks that name none
    privileged: bool = False  # whether a task's `pod_override` may reach beyond its pod
    # How long a pod may wait for a node or for its image.
    start_seconds: float = 300.0
    # How long a pod may stay after its agent has reported.
    leave_seconds: float = 60.0
