"""Where and as whom a task wants to run, and whether this control plane does that."""

from __future__ import annotations

from typing import Any

import pytest

from leoflow_server.registry.placement import Placement

PODS, PROCESSES = Placement(executor="kubernetes"), Placement()


def override(**spec: Any) -> dict[str, Any]:
    return {"executor_config": {"pod_override": {"spec": spec}}}


@pytest.mark.parametrize(
    ("placement", "fields"),
    [
        (PODS, {"executor": "KubernetesExecutor"}),
        (PODS, {"run_as_user": "1000"}),
        (PODS, override(nodeSelector={"disk": "ssd"})),
        (Placement(executor="kubernetes", privileged=True), override(hostNetwork=True)),
        (PROCESSES, {"executor": "airflow.executors.local_executor.LocalExecutor"}),
        (PROCESSES, override(containers=[{"name": "base", "image": "other"}])),  # left aside, as in Airflow
    ],
)
def test_it_runs_here(placement: Placement, fields: dict[str, Any]) -> None:
    assert placement.objection({"tasks": [{"task_id": "t", **fields}]}) is None


@pytest.mark.parametrize(
    ("placement", "fields", "why"),
    [
        (
            PODS,
            {"executor": "LocalExecutor"},
            "it names the executor LocalExecutor, and this control plane runs tasks in pods",
        ),
        (
            PROCESSES,
            {"executor": "KubernetesExecutor"},
            "it names the executor KubernetesExecutor, and this control plane runs tasks as processes of its "
            "machine",
        ),
        (
            PODS,
            {"run_as_user": "etl"},
            "`run_as_user` is 'etl': in a pod it is the number of a user other than root, such as '1000'",
        ),
        (
            PODS,
            {"run_as_user": "0"},
            "`run_as_user` is '0': in a pod it is the number of a user other than root, such as '1000'",
        ),
        (
            PROCESSES,
            {"run_as_user": "1000"},
            "`run_as_user` needs pods; as processes of its machine, all tasks run as the server's own user",
        ),
        (
            PODS,
            override(containers=[{"name": "base", "image": "other"}]),
            "`spec.containers[0].image` cannot be set by `pod_override`: the image of the version runs, "
            "by its digest: put what the task needs into it",
        ),
        (
            PODS,
            override(hostNetwork=True, hostPID=True),
            "`spec.hostNetwork`, `spec.hostPID` reaches beyond the pod, and `kubernetes_privileged` is not "
            "set on this control plane",
        ),
        (
            PODS,
            override(volumes=[{"name": "v", "secret": {"secretName": "leoflow-7"}}]),
            "`spec.volumes[0].secret.secretName` names a Secret of this control plane's launches",
        ),
    ],
)
def test_what_does_not_run_here_is_named(placement: Placement, fields: dict[str, Any], why: str) -> None:
    document = {"tasks": [{"task_id": "a"}, {"task_id": "t", **fields}]}
    assert placement.objection(document) == f"task `t` cannot run here: {why}"
