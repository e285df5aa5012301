"""Asks Airflow which tasks a clear takes along, for tasks of the random DAGs that have setups.

`u`: with upstream, `d`: with downstream. Of what it is asked, Airflow's API skips the question where
neither is wished; its command line and its documents do not. What both together take, where the two differ as
well, is in `record_operations`.
"""

from __future__ import annotations

import json
from pathlib import Path

from airflow.serialization.serialized_objects import DagSerialization
from record_dags import built

HERE = Path(__file__).parent
MOST = 60


def main() -> None:
    lines = []
    for line in (HERE / "dags.jsonl").read_text().splitlines():
        case = json.loads(line)
        if len(lines) == MOST or not any(task.get("is_setup") for task in case["tasks"]):
            continue
        dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(built(case)))
        taken = {
            f"{task['task_id']} {wish}".strip(): sorted(
                dag.partial_subset(
                    task_ids=[task["task_id"]], include_upstream="u" in wish, include_downstream="d" in wish
                ).task_dict
            )
            for task in case["tasks"]
            for wish in ("", "u", "d")
        }
        lines.append(json.dumps({"seed": case["seed"], "taken": taken}))
    (HERE / "clear.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
