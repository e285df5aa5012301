"""Whether this control plane runs tasks where, and as whom, a document wants them run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leoflow_runtime.artifact.executors import EXECUTORS
from leoflow_runtime.executors.kubernetes.permitted import refusal
from leoflow_server.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """The one executor of a control plane, and what it grants."""

    executor: str = "subprocess"
    instance: str = "leoflow"
    privileged: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Placement:
        return cls(
            executor=settings.executor,
            instance=settings.kubernetes_instance,
            privileged=settings.kubernetes_privileged,
        )

    def objection(self, document: Mapping[str, Any]) -> str | None:
        """Why the first task that cannot run here as it is written cannot: one sentence."""
        for task in document["tasks"]:
            against = self._in_pods(task) if self.executor == "kubernetes" else _in_processes(task)
            if against is not None:
                return f"task `{task['task_id']}` cannot run here: {against}"
        return None

    def _in_pods(self, task: Mapping[str, Any]) -> str | None:
        return refusal(
            executor=task.get("executor"),
            run_as_user=task.get("run_as_user"),
            override=task.get("executor_config", {}).get("pod_override", {}),
            instance=self.instance,
            privileged=self.privileged,
        )


def _in_processes(task: Mapping[str, Any]) -> str | None:
    """A pod's override says nothing about a process: it is left aside, as Airflow's LocalExecutor does."""
    executor = task.get("executor", "subprocess")
    if EXECUTORS.get(executor) != "subprocess":
        return (
            f"it names the executor {executor}, and this control plane runs tasks as processes of its machine"
        )
    if "run_as_user" in task:
        return "`run_as_user` needs pods; as processes of its machine, all tasks run as the server's own user"
    return None
