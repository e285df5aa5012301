"""The executors that a task may name, in Airflow's spelling and in ours."""

from __future__ import annotations

from typing import Literal

ExecutorName = Literal["subprocess", "kubernetes"]
_KUBERNETES = "airflow.providers.cncf.kubernetes.executors.kubernetes_executor.KubernetesExecutor"
EXECUTORS: dict[str, ExecutorName] = {
    "subprocess": "subprocess",
    "LocalExecutor": "subprocess",
    "airflow.executors.local_executor.LocalExecutor": "subprocess",
    "kubernetes": "kubernetes",
    "KubernetesExecutor": "kubernetes",
    _KUBERNETES: "kubernetes",
}
