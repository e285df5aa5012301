"""A task's `pod_override` on our pod: merged as Airflow merges it, and never across the fence."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.artifact.pod_override import breaches, privileges, secrets_named
from leoflow_runtime.executors.kubernetes.override import PASSED_ENVIRONMENT, overridden
from leoflow_runtime.executors.kubernetes.pod import pod

from .test_pod import GOLDEN, full

ORACLE = Path(__file__).parent / "oracle"
CASES = json.loads((ORACLE / "cases.json").read_text())
ANSWERS = json.loads((ORACLE / "answers.json").read_text())


def ours() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / "full.json").read_text())
    return found


def base(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "base", **fields}]}}


@pytest.mark.parametrize("case", CASES)
def test_it_is_merged_as_airflow_does(case: str) -> None:
    before = copy.deepcopy(CASES[case])
    merged = overridden(ours(), CASES[case])
    task = merged["spec"]["containers"][0]
    task["env"] = [one for one in task["env"] if one["name"] != PASSED_ENVIRONMENT]
    assert merged == ANSWERS[case]
    assert CASES[case] == before


def test_the_task_is_in_the_container_called_base_wherever_it_stands() -> None:
    override = {"spec": {"containers": [{"name": "proxy", "image": "p:1"}, {"name": "base", "tty": False}]}}
    task, proxy = overridden(ours(), override)["spec"]["containers"]
    assert (task["name"], task["image"]) == ("base", ours()["spec"]["containers"][0]["image"])
    assert (proxy["name"], proxy["image"]) == ("proxy", "p:1")


def test_who_sets_a_user_keeps_the_rest_of_what_is_restricted() -> None:
    merged = overridden(ours(), {"spec": {"securityContext": {"runAsUser": 1000}}})
    assert merged["spec"]["securityContext"] == {**ours()["spec"]["securityContext"], "runAsUser": 1000}
    beside = overridden(ours(), {"spec": {"initContainers": [{"name": "a", "image": "b"}]}})
    context = beside["spec"]["initContainers"][0]["securityContext"]
    assert context == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@pytest.mark.parametrize(
    ("fields", "passed"),
    [
        ({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}, "A,B"),
        ({"env": [{"name": "A", "value": "1"}], "envFrom": [{"secretRef": {"name": "s"}}]}, "*"),
    ],
)
def test_the_agent_is_told_which_variables_are_the_tasks(fields: dict[str, Any], passed: str) -> None:
    task = overridden(ours(), base(**fields))["spec"]["containers"][0]
    assert task["env"][-1] == {"name": PASSED_ENVIRONMENT, "value": passed}


def test_a_pod_without_an_override_is_as_before() -> None:
    order, settings = full()
    assert pod(order, settings) == ours()


REFUSED = [
    ({"metadata": {"name": "x"}}, "metadata.name"),
    ({"metadata": {"namespace": "x"}}, "metadata.namespace"),
    ({"metadata": {"labels": {"leoflow.dev/launch": "7"}}}, "metadata.labels[leoflow.dev/launch]"),
    ({"spec": {"restartPolicy": "OnFailure"}}, "spec.restartPolicy"),
    ({"spec": {"shareProcessNamespace": True}}, "spec.shareProcessNamespace"),
    ({"spec": {"volumes": [{"name": "launch-token", "emptyDir": {}}]}}, "spec.volumes[0].name"),
    (base(image="other:1"), "spec.containers[0].image"),
    (base(command=["sh"]), "spec.containers[0].command"),
    (base(args=["-c"]), "spec.containers[0].args"),
    (base(lifecycle={"postStart": {}}), "spec.containers[0].lifecycle"),
    (base(env=[{"name": "LEOFLOW_SERVER", "value": "x"}]), "spec.containers[0].env[0].name"),
    (
        base(volumeMounts=[{"name": "v", "mountPath": "/var/run"}]),
        "spec.containers[0].volumeMounts[0].mountPath",
    ),
    (base(volumeMounts=[{"name": "v", "mountPath": "/"}]), "spec.containers[0].volumeMounts[0].mountPath"),
    (
        base(volumeMounts=[{"name": "v", "mountPath": "/run/x/../leoflow/token"}]),
        "spec.containers[0].volumeMounts[0].mountPath",
    ),
    (
        {
            "spec": {
                "containers": [
                    {
                        "name": "spy",
                        "image": "s",
                        "volumeMounts": [{"name": "launch-token", "mountPath": "/x"}],
                    }
                ]
            }
        },
        "spec.containers[0].volumeMounts[0].name",
    ),
    ({"spec": {"containers": [{"name": "proxy"}]}}, "spec.containers[0].image"),
    ({"spec": {"initContainers": [{"name": "base", "image": "i"}]}}, "spec.initContainers[0].name"),
]


@pytest.mark.parametrize(("override", "path"), REFUSED, ids=[path for _, path in REFUSED])
def test_what_would_break_the_fence_is_named(override: dict[str, Any], path: str) -> None:
    assert [one.path for one in breaches(override)] == [path]


@pytest.mark.parametrize("case", CASES)
def test_what_is_usual_breaks_nothing(case: str) -> None:
    assert list(breaches(CASES[case])) == []
    assert privileges(CASES[case]) == ()


@pytest.mark.parametrize(
    ("override", "path"),
    [
        ({"spec": {"hostNetwork": True}}, "spec.hostNetwork"),
        ({"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}}, "spec.volumes[0].hostPath"),
        ({"spec": {"securityContext": {"runAsUser": 0}}}, "spec.securityContext.runAsUser"),
        (base(securityContext={"privileged": True}), "spec.containers[0].securityContext.privileged"),
        (
            base(securityContext={"capabilities": {"add": ["SYS_ADMIN"]}}),
            "spec.containers[0].securityContext.capabilities.add",
        ),
        (base(ports=[{"hostPort": 80}]), "spec.containers[0].ports[0].hostPort"),
    ],
)
def test_what_reaches_beyond_the_pod_is_a_privilege(override: dict[str, Any], path: str) -> None:
    assert privileges(override) == (path,)


def test_tokens_of_other_launches_are_found_wherever_they_are_named() -> None:
    override = {
        "spec": {
            "volumes": [
                {"name": "a", "secret": {"secretName": "leoflow-12"}},
                {"name": "b", "projected": {"sources": [{"secret": {"name": "leoflow-13"}}]}},
                {"name": "c", "secret": {"secretName": "leoflow-mine"}},
            ],
            "containers": [
                {
                    "name": "base",
                    "env": [
                        {"name": "T", "valueFrom": {"secretKeyRef": {"name": "leoflow-14", "key": "token"}}}
                    ],
                    "envFrom": [{"secretRef": {"name": "leoflow-15"}}],
                }
            ],
        }
    }
    assert secrets_named(override, re.compile(r"leoflow-\d+")) == (
        "spec.volumes[0].secret.secretName",
        "spec.volumes[1].projected.sources[0].secret.name",
        "spec.containers[0].env[0].valueFrom.secretKeyRef.name",
        "spec.containers[0].envFrom[0].secretRef.name",
    )
