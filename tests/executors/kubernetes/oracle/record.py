"""Asks Airflow's own `PodGenerator.reconcile_pods` for each case, on the pod of golden/full.json.

Needs Airflow 3.2 with apache-airflow-providers-cncf-kubernetes 10:
    python tests/executors/kubernetes/oracle/record.py
"""

from __future__ import annotations

import json
from pathlib import Path

from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from kubernetes.client import ApiClient, models

HERE = Path(__file__).parent
OURS = json.loads((HERE.parent / "golden" / "full.json").read_text())


def pod(described: dict) -> models.V1Pod:
    return PodGenerator.deserialize_model_dict(described)


def main() -> None:
    cases = json.loads((HERE / "cases.json").read_text())
    answers = {
        name: ApiClient().sanitize_for_serialization(
            PodGenerator.reconcile_pods(pod(OURS), pod({"spec": {"containers": []}, **case}))
        )
        for name, case in cases.items()
    }
    (HERE / "answers.json").write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
