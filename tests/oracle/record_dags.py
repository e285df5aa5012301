"""Plays 240 random DAGs through Airflow's own scheduling code, and records how every task and run ended.

Tasks do nothing: what each try gives is in the script. One task runs at a time: of those that Airflow has
scheduled, the first in `order`. Set `AIRFLOW_HOME` to a folder with a migrated SQLite database.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from airflow import settings
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.models.dagrun import get_or_create_dagrun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, ShortCircuitOperator
from airflow.sdk import DAG, BaseOperator, timezone
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from airflow.task.trigger_rule import TriggerRule
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import or_, update

COUNT = 240
RULES = sorted(rule.value for rule in TriggerRule)
STARTED = timezone.datetime(2026, 1, 1)
_KEPT = ("running", "success", "failed")


class Plain(BaseOperator):
    """A task whose outcome is in the script."""


def drawn(seed: int) -> dict[str, Any]:
    """A DAG as `dag.json` writes it, with the script beside it."""
    rng = random.Random(seed)
    count = rng.randint(3, 9)
    fail_fast = seed % 5 == 0  # Airflow takes it only where all tasks have the default rule
    tasks: dict[str, dict[str, Any]] = {}
    for n in range(count):
        above = [name for name in tasks if not tasks[name].get("is_teardown") and rng.random() < 0.4]
        task: dict[str, Any] = {"type": "python"}
        if not fail_fast and rng.random() < 0.5:
            task["trigger_rule"] = rng.choice(RULES)
        chance = rng.random()
        if chance < 0.12:
            task["type"] = "empty"
        elif chance < 0.27:
            task["kind"] = rng.choice(["branch", "short_circuit"])
        elif chance < 0.40:
            task["is_setup"] = True
        elif rng.random() < 0.15:
            task["retries"] = rng.randint(1, 2)
        if rng.random() < 0.3:
            task["priority_weight"] = rng.randint(2, 9)
        if rng.random() < 0.3:
            task["weight_rule"] = rng.choice(["upstream", "absolute"])
        tasks[f"t{n}"] = task | {"depends_on": above}
    for setup in [name for name in tasks if tasks[name].get("is_setup")]:
        if rng.random() < 0.8:
            below = [name for name in descendants(tasks, setup) if not tasks[name].get("is_teardown")]
            chosen = [name for name in below if rng.random() < 0.6]
            teardown = {
                "type": "python",
                "is_teardown": True,
                "trigger_rule": "all_done_setup_success",
                "depends_on": sorted({setup, *chosen}),
            }
            if rng.random() < 0.3:
                teardown["on_failure_fail_dagrun"] = True
            tasks[f"{setup}_down"] = teardown
    order = list(tasks)
    rng.shuffle(order)
    script = {name: outcomes(rng, tasks, name) for name in tasks if tasks[name]["type"] != "empty"}
    return {
        "seed": seed,
        "fail_fast": fail_fast,
        "tasks": [{"task_id": name, **task} for name, task in sorted(tasks.items())],
        "order": order,
        "script": script,
    }


def outcomes(rng: random.Random, tasks: dict[str, dict[str, Any]], name: str) -> list[Any]:
    """One for each try: an outcome, or for a branch and the like what it skips."""
    task = tasks[name]
    if "kind" in task:
        children = [other for other in tasks if name in tasks[other]["depends_on"]]
        if task["kind"] == "branch":
            followed = [child for child in children if rng.random() < 0.5]
            around = set(followed).union(*(descendants(tasks, child) for child in followed))
            return [{"skip": sorted(set(children) - around), "everything": False}]
        if rng.random() < 0.4:
            return ["success"]
        everything = rng.random() < 0.5
        chosen = descendants(tasks, name) if everything else children
        return [{"skip": [c for c in chosen if not tasks[c].get("is_teardown")], "everything": everything}]
    weights = [70, 20, 10] if not task.get("is_setup") else [75, 15, 10]
    return rng.choices(["success", "failed", "skipped"], weights, k=1 + task.get("retries", 0))


def descendants(tasks: dict[str, dict[str, Any]], name: str) -> list[str]:
    below: set[str] = set()
    pending = [name]
    while pending:
        here = pending.pop()
        for other, task in tasks.items():
            if here in task["depends_on"] and other not in below:
                below.add(other)
                pending.append(other)
    return sorted(below)


def built(case: dict[str, Any], *, schedule: str | None = None, name: str | None = None) -> Any:
    classes = {"branch": BranchPythonOperator, "short_circuit": ShortCircuitOperator}
    arguments = ("trigger_rule", "retries", "priority_weight", "weight_rule")
    dag_id = name or f"random_{case['seed']}"
    settled = {"start_date": STARTED, "fail_fast": case["fail_fast"]}
    if schedule == "@continuous":
        settled["max_active_runs"] = 1
    with DAG(dag_id, schedule=schedule, **settled) as dag:
        operators: dict[str, Any] = {}
        for task in case["tasks"]:
            kind = EmptyOperator if task["type"] == "empty" else classes.get(task.get("kind"), Plain)
            given = {name: task[name] for name in arguments if name in task} | {"retry_delay": 0}
            if kind in classes.values():
                given["python_callable"] = print
            operators[task["task_id"]] = kind(task_id=task["task_id"], **given)
        for task in case["tasks"]:
            operator = operators[task["task_id"]]
            operator.is_setup = task.get("is_setup", False)
            operator.is_teardown = task.get("is_teardown", False)
            operator.on_failure_fail_dagrun = task.get("on_failure_fail_dagrun", False)
            for above in task["depends_on"]:
                operator.set_upstream(operators[above])
    return dag


def play(case: dict[str, Any], session: Any) -> dict[str, Any]:
    dag = built(case)
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
    weights = {ti.task_id: ti.priority_weight for ti in run.get_task_instances(session=session)}
    ran: list[str] = []
    while True:
        at_rest(run, session)
        tis = {ti.task_id: ti for ti in run.get_task_instances(session=session)}
        name = next((name for name in case["order"] if tis[name].state == "scheduled"), None)
        if name is None or run.state != "running":
            break
        ran.append(name)
        ti = tis[name]
        ti.task = scheduler_dag.get_task(name)
        ti.set_state("running", session)
        outcome = case["script"][name][min(ti.try_number, len(case["script"][name])) - 1]
        finish(ti, outcome, session)
        session.commit()
    states = {name: ti.state and str(ti.state) for name, ti in sorted(tis.items())}
    return {"ran": ran, "states": states, "run": str(run.state), "weights": weights}


def at_rest(run: Any, session: Any) -> None:
    """Lets the scheduler decide until nothing follows any more."""
    before: Any = None
    while True:
        session.expire_all()
        ready, _ = run.update_state(session=session, execute_callbacks=False)
        run.schedule_tis(ready, session=session)
        session.commit()
        session.expire_all()
        states = [(ti.task_id, ti.state, ti.try_number) for ti in run.get_task_instances(session=session)]
        if run.state != "running" or (states == before and not ready):
            return
        before = states


def finish(ti: Any, outcome: Any, session: Any) -> None:
    if outcome == "failed":
        ti.handle_failure("scripted", session=session)
    elif isinstance(outcome, str):
        ti.set_state(outcome, session)
    else:
        ti.set_state("success", session)
        key = {"key": "skipmixin_key", "dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id}
        XComModel.set(value={"skipped": outcome["skip"]}, session=session, **key)
        # As the Execution API does when a task reports what it skips.
        untouched = or_(TaskInstance.state.is_(None), TaskInstance.state.not_in(_KEPT))
        session.execute(
            update(TaskInstance)
            .where(
                TaskInstance.dag_id == ti.dag_id,
                TaskInstance.run_id == ti.run_id,
                TaskInstance.task_id.in_(outcome["skip"]),
                untouched,
            )
            .values(state="skipped", start_date=timezone.utcnow(), end_date=timezone.utcnow())
        )


def main() -> None:
    session = settings.Session()
    DagBundlesManager().sync_bundles_to_db(session=session)
    session.commit()
    lines = []
    for seed in range(COUNT):
        case = drawn(seed)
        lines.append(json.dumps(case | {"airflow": play(case, session)}, sort_keys=True))
    Path(__file__).with_name("dags.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
