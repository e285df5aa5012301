"""A launch as a pod: every field that the cluster is given, written out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leoflow_runtime.executors.kubernetes.pod import is_same_launch, label_value, pod, token_secret
from leoflow_runtime.executors.kubernetes.settings import KubernetesSettings
from leoflow_runtime.executors.protocol import LaunchOrder

GOLDEN = Path(__file__).parent / "golden"
IMAGE = "registry.test/dags/sales@sha256:" + "a" * 64
PLAIN = LaunchOrder(
    launch_id=12,
    generation=1,
    dag_id="sales",
    run_id="manual__2026-01-02T03:04:05+00:00",
    task_id="group.load",
    map_index=-1,
    try_number=2,
    content_digest="sha256:" + "c" * 64,
    image=IMAGE,
)
SETTINGS = KubernetesSettings(server="leoflow.control:9091")


def full() -> tuple[LaunchOrder, KubernetesSettings]:
    order = LaunchOrder(
        launch_id=13,
        generation=1,
        dag_id="sales",
        run_id="r",
        task_id="load",
        map_index=3,
        try_number=1,
        content_digest="sha256:" + "c" * 64,
        image=IMAGE,
        resources={"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
        execution={
            "node_selector": {"disk": "ssd"},
            "tolerations": [{"key": "batch", "operator": "Exists", "effect": "NoSchedule"}],
            "service_account": "sales-reader",
            "image_pull_policy": "Always",
        },
    )
    return order, KubernetesSettings(
        server="leoflow.control:9091", instance="blue", pull_secrets=("registry-login",)
    )


@pytest.mark.parametrize(
    ("name", "order", "settings"), [("plain", PLAIN, SETTINGS), ("full", *full())], ids=["plain", "full"]
)
def test_a_pod_is_as_written(name: str, order: LaunchOrder, settings: KubernetesSettings) -> None:
    assert pod(order, settings) == json.loads((GOLDEN / f"{name}.json").read_text())


def test_the_token_is_in_the_secret_and_nowhere_else() -> None:
    secret = token_secret(PLAIN, "the-token", SETTINGS)
    described = pod(PLAIN, SETTINGS)
    assert secret["stringData"] == {"token": "the-token"}
    assert described["spec"]["volumes"][0]["secret"]["secretName"] == secret["metadata"]["name"]
    assert "the-token" not in json.dumps(described)


def test_the_same_launch_of_another_record_is_told_apart() -> None:
    described = pod(PLAIN, SETTINGS)
    described["metadata"]["annotations"]["cni.example/ip"] = "10.0.0.1"  # clusters add their own
    other, _ = full()
    assert is_same_launch(described, PLAIN)
    assert not is_same_launch(described, other)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("sales.daily_v2", "sales.daily_v2"),
        ("x" * 63, "x" * 63),
        # What a label cannot hold is told apart by a part of its digest.
        ("-odd-", "odd-a0d1cb3b"),
        ("---", "cb3f91d5"),
        ("x" * 64, "x" * 54 + "-7ce10097"),
    ],
)
def test_ids_become_label_values(text: str, label: str) -> None:
    assert label_value(text) == label
