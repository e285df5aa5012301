"""Asks Airflow's scheduler when a run fails because nothing in it can begin any more.

An upstream task is `removed`, which most trigger rules cannot be met by; what else is unfinished differs.
`reason` is what the DAG's callback is told, `told` of which task. Set `AIRFLOW_HOME` as for `record_dags`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from airflow import settings
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.models.dagrun import DagRun, get_or_create_dagrun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from airflow.utils.types import DagRunTriggeredByType
from record_dags import RULES, STARTED, Plain

# Of `a` and `b` comes `c`, of `c` comes `d`; `e` stands alone.
STATES: list[dict[str, str]] = [
    {"a": "removed", "b": "success", "e": "success"},
    {"a": "removed", "b": "removed", "e": "failed"},
    {"a": "removed", "b": "success", "e": "running"},
    {"a": "removed", "b": "success", "e": "up_for_retry"},
]


def play(
    rule: str, states: dict[str, str], fields: dict[str, Any], session: Any, name: str
) -> dict[str, Any]:
    with DAG(name, schedule=None, start_date=STARTED, on_failure_callback=print) as dag:
        tasks = {task_id: Plain(task_id=task_id) for task_id in "abe"}
        tasks["c"] = EmptyOperator(task_id="c", trigger_rule=rule, **fields)
        tasks["d"] = EmptyOperator(task_id="d")
        [tasks["a"], tasks["b"]] >> tasks["c"] >> tasks["d"]
    SerializedDAG.bulk_write_to_db("dags-folder", None, [dag], session=session)
    SerializedDagModel.write_dag(LazyDeserializedDAG.from_dag(dag), "dags-folder", session=session)
    session.commit()
    scheduler_dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    run = get_or_create_dagrun(
        dag=scheduler_dag,
        run_id="r",
        logical_date=STARTED,
        data_interval=(STARTED, STARTED),
        run_after=STARTED,
        conf={},
        triggered_by=DagRunTriggeredByType.TEST,
        triggering_user_name="oracle",
        start_date=STARTED,
        session=session,
    )
    run.dag = scheduler_dag
    for ti in run.get_task_instances(session=session):
        if ti.task_id in states:
            ti.set_state(states[ti.task_id], session)
    session.commit()
    told: list[tuple[Any, str]] = []

    def tell(self: Any, *, relevant_ti: Any, reason: str, **_: Any) -> None:
        told.append((relevant_ti and relevant_ti.task_id, reason))

    with patch.object(DagRun, "produce_dag_callback", tell):
        for _ in range(4):
            session.expire_all()
            ready, _ = run.update_state(session=session, execute_callbacks=False)
            run.schedule_tis(ready, session=session)
            session.commit()
            if run.state != "running":
                break
    task_id, reason = told[-1] if told else (None, None)
    left = {ti.task_id: ti.state and str(ti.state) for ti in run.get_task_instances(session=session)}
    return {"run": str(run.state), "reason": reason, "told": task_id, "states": dict(sorted(left.items()))}


def main() -> None:
    session = settings.Session()
    DagBundlesManager().sync_bundles_to_db(session=session)
    session.commit()
    cases: list[tuple[str, dict[str, str], dict[str, Any]]] = [
        (rule, states, {}) for rule in RULES for states in STATES
    ]
    for fields in (
        {"depends_on_past": True},
        {"max_active_tis_per_dag": 1},
        {"max_active_tis_per_dagrun": 1},
    ):
        cases.append(("all_success", STATES[0], fields))
    lines = []
    for number, (rule, states, fields) in enumerate(cases):
        case = {"rule": rule, "states": states, "fields": fields}
        answer = play(rule, states, fields, session, f"deadlock_{number}")
        lines.append(json.dumps(case | {"airflow": answer}))
    Path(__file__).with_name("deadlocks.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
