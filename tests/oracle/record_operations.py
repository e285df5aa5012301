"""Records what Airflow does when a person marks or clears: one operation on each of 240 random DAGs.

Each has four runs. `before` and `after` hold the state of each run and of its tasks. The operations are the
functions behind the API's routes. Dates are days; the third run stands outside of the schedule. A task that
is stopped to be done again is `restarting` in Airflow until its process has ended; here it counts as cleared.
Set `AIRFLOW_HOME` as for `record_dags`.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from airflow import settings
from airflow.api.common import mark_tasks
from airflow.api_fastapi.core_api.datamodels.task_instances import ClearTaskInstancesBody
from airflow.api_fastapi.core_api.routes.public.task_instances import post_clear_task_instances
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.models.dagbag import DBDagBag
from airflow.models.dagrun import DagRun, get_or_create_dagrun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import timezone
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from airflow.utils.types import DagRunTriggeredByType
from record_dags import STARTED, built, drawn
from sqlalchemy import delete, select, update

COUNT = 240
RUNS = {
    "r1": (1, 0, "scheduled"),
    "r2": (2, 0, "scheduled"),
    "r3": (2, 7, "manual"),
    "r4": (3, 0, "scheduled"),
}
TASK_STATES = [None, "running", "queued", "scheduled", "success", "failed", "upstream_failed", "skipped"]
TASK_STATES += ["up_for_retry", "up_for_reschedule", "deferred"]
RUN_STATES = ["success", "failed", "running"]


def asked(seed: int) -> dict[str, Any]:
    rng = random.Random(f"operation {seed}")
    case = drawn(seed)
    # Which setups and teardowns a clear takes along is recorded by `record_clear`.
    operation = rng.choice(["mark", "mark", "clear", "clear", "clear", "mark_run"])
    tasks = case["tasks"]
    if operation == "clear":
        for task in tasks:
            for name in ("is_setup", "is_teardown", "on_failure_fail_dagrun"):
                task.pop(name, None)
            if task.get("trigger_rule") == "all_done_setup_success":
                task["trigger_rule"] = "all_done"
    names = [task["task_id"] for task in tasks]
    before = {
        run_id: {
            "run": rng.choice(RUN_STATES),
            "tasks": {name: rng.choice(TASK_STATES) for name in names},
        }
        for run_id in RUNS
    }

    def maybe() -> bool:
        return rng.random() < 0.4

    how: dict[str, Any] = {
        f"include_{what}": maybe() for what in ("upstream", "downstream", "past", "future")
    }
    how["run_id"] = "r2"
    if operation == "mark":
        how |= {"task_id": rng.choice(names), "state": rng.choice(["success", "failed", "skipped"])}
    elif operation == "clear":
        how["task_ids"] = None if rng.random() < 0.2 else rng.sample(names, rng.randint(1, 2))
        how["reset_dag_runs"] = rng.random() < 0.8
        only = rng.choice([None, None, "only_failed", "only_running"])
        how |= {"only_failed": only == "only_failed", "only_running": only == "only_running"}
        if rng.random() < 0.2:
            del how["run_id"]
            how |= {"include_past": False, "include_future": False, "from_day": rng.choice([None, 2])}
    else:
        how = {"run_id": "r2", "state": rng.choice(["success", "failed", "queued"])}
    return {
        "seed": seed,
        "schedule": rng.choice([None, "@daily", "@continuous"]),
        "tasks": tasks,
        "operation": operation,
        "how": how,
        "before": before,
    }


def play(case: dict[str, Any], session: Any) -> dict[str, Any]:
    # What is cleared after a mark in past runs depends on runs of other DAGs that have the same names.
    session.execute(delete(DagRun))
    dag = built(case | {"fail_fast": False}, schedule=case["schedule"], name=f"operation_{case['seed']}")
    SerializedDAG.bulk_write_to_db("dags-folder", None, [dag], session=session)
    SerializedDagModel.write_dag(LazyDeserializedDAG.from_dag(dag), "dags-folder", session=session)
    session.commit()
    scheduler_dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    for run_id, (day, hour, run_type) in RUNS.items():
        date = timezone.datetime(2026, 1, day, hour)
        run = get_or_create_dagrun(
            dag=scheduler_dag,
            run_id=run_id,
            logical_date=date,
            data_interval=(date, date),
            run_after=date,
            conf={},
            triggered_by=DagRunTriggeredByType.TEST,
            triggering_user_name="oracle",
            start_date=STARTED,
            session=session,
        )
        run.run_type = run_type
        run.set_state(case["before"][run_id]["run"])
    session.commit()
    for run_id, given in case["before"].items():
        for name, state in given["tasks"].items():
            session.execute(
                update(TaskInstance)
                .where(
                    TaskInstance.dag_id == dag.dag_id,
                    TaskInstance.run_id == run_id,
                    TaskInstance.task_id == name,
                )
                .values(state=state)
            )
    session.commit()
    session.expire_all()
    operate(case, scheduler_dag, session)
    session.commit()
    session.expire_all()
    runs = session.scalars(select(DagRun).where(DagRun.dag_id == dag.dag_id)).all()
    return {
        run.run_id: {
            "run": str(run.state),
            "tasks": {ti.task_id: after(ti) for ti in run.get_task_instances(session=session)},
        }
        for run in sorted(runs, key=lambda run: run.run_id)
    }


def after(ti: Any) -> str | None:
    return None if ti.state in (None, "restarting") else str(ti.state)


def operate(case: dict[str, Any], dag: Any, session: Any) -> None:
    how = dict(case["how"])
    if case["operation"] == "mark":
        dag.set_task_instance_state(
            task_id=how["task_id"],
            run_id=how["run_id"],
            state=how["state"],
            upstream=how["include_upstream"],
            downstream=how["include_downstream"],
            future=how["include_future"],
            past=how["include_past"],
            commit=True,
            session=session,
        )
    elif case["operation"] == "clear":
        if "from_day" in how:
            day = how.pop("from_day")
            how["start_date"] = timezone.datetime(2026, 1, day) if day else None
        if "run_id" in how:
            how["dag_run_id"] = how.pop("run_id")
        body = ClearTaskInstancesBody(dry_run=False, **how)
        post_clear_task_instances(dag.dag_id, DBDagBag(), body, session)
    else:
        function = getattr(mark_tasks, f"set_dag_run_state_to_{how['state']}")
        function(dag=dag, run_id=how["run_id"], commit=True, session=session)


def main() -> None:
    session = settings.Session()
    DagBundlesManager().sync_bundles_to_db(session=session)
    session.commit()
    lines = []
    for seed in range(COUNT):
        case = asked(seed)
        lines.append(json.dumps(case | {"after": play(case, session)}))
    Path(__file__).with_name("operations.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
