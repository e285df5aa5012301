"""Plays random DAGs with mapped tasks and mapped groups through Airflow's own scheduling code.

As `record_dags.py`, whose machinery it uses: tasks do nothing, one instance runs at a time. What is known to
be decided otherwise here, on purpose (ADR 0011), is not drawn.
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
from airflow.models.taskmap import TaskMap
from airflow.models.xcom import XComModel
from airflow.sdk import DAG, BaseOperator, task_group
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from airflow.utils.types import DagRunTriggeredByType
from record_dags import STARTED, at_rest

COUNT = 120
WAITING_RULES = ["all_success", "all_success", "all_done", "none_failed", "none_skipped"]
RULES = [
    *WAITING_RULES,
    *("all_failed", "all_skipped", "one_failed", "one_success", "one_done"),
    *("none_failed_min_one_success", "all_done_min_one_success"),
]


class Plain(BaseOperator):
    """A task whose outcome is in the script."""

    def __init__(self, *, x: Any = None, y: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.x, self.y = x, y


def drawn(rng: random.Random) -> dict[str, Any]:
    """Sources, mapped tasks over them, a mapped group, and tasks that follow: what `built` makes a DAG of."""
    sources = [f"s{n}" for n in range(rng.randint(1, 3))]
    nodes: list[dict[str, Any]] = [{"id": name, "up": [], "rule": "all_success"} for name in sources]
    mapped: list[str] = []
    for n in range(rng.randint(1, 3)):
        over = [drawn_over(rng, sources, mapped) for _ in range(rng.choice([1, 1, 2]))]
        is_literal = all(kind == "literal" for kind, _ in over)
        rule = rng.choice(RULES if is_literal else WAITING_RULES)
        up = [name for name in [*sources, *mapped] if rng.random() < 0.25]
        nodes.append({"id": f"m{n}", "up": up, "rule": rule, "over": over})
        mapped.append(f"m{n}")
    if rng.random() < 0.7:
        over = drawn_over(rng, sources, [])
        rules = RULES if over[0] == "literal" else [*WAITING_RULES, "one_failed", "one_success"]
        members = []
        for n in range(rng.randint(1, 3)):
            inside = [one["id"] for one in members if rng.random() < 0.7]
            outside = [name for name in mapped if over[0] == "literal" and rng.random() < 0.2]
            members.append({"id": f"g{n}", "up": inside, "outside": outside, "rule": rng.choice(rules)})
        nodes.append({"id": "g", "over": [over], "members": members})
    everyone = [*sources, *mapped, *(f"g.{one['id']}" for one in nodes[-1].get("members", ()))]
    for n in range(rng.randint(1, 3)):
        up = [name for name in everyone if rng.random() < 0.4] or [rng.choice(everyone)]
        nodes.append({"id": f"z{n}", "up": up, "rule": rng.choice(RULES)})
        everyone.append(f"z{n}")
    return {"nodes": nodes}


def drawn_over(rng: random.Random, sources: list[str], mapped: list[str]) -> tuple[str, Any]:
    chance = rng.random()
    if chance < 0.3:
        return "literal", rng.choice([0, 1, 2, 3])
    if chance < 0.5:
        return rng.choice(["zip", "concat"]), [rng.choice(sources), rng.choice([*sources, *mapped])]
    return "output", rng.choice([*sources, *mapped])


def built(case: dict[str, Any], dag_id: str) -> Any:
    with DAG(dag_id, schedule=None, start_date=STARTED) as dag:
        made: dict[str, Any] = {}

        def value(over: tuple[str, Any]) -> Any:
            kind, of = over
            if kind == "literal":
                return list(range(of))
            if kind == "output":
                return made[of].output
            first, second = (made[name].output for name in of)
            return first.zip(second) if kind == "zip" else first.concat(second)

        for node in case["nodes"]:
            if "members" in node:
                add_group(node, made, value)
            elif "over" in node:
                arguments = dict(zip("xy", map(value, node["over"]), strict=False))
                partial = Plain.partial(task_id=node["id"], trigger_rule=node["rule"])
                made[node["id"]] = partial.expand(**arguments)
            else:
                made[node["id"]] = Plain(task_id=node["id"], trigger_rule=node["rule"])
            for up in node.get("up", ()):
                made[node["id"]].set_upstream(made[up])
    return dag


def add_group(node: dict[str, Any], made: dict[str, Any], value: Any) -> None:
    @task_group(group_id="g")
    def group(x: Any) -> None:
        for member in node["members"]:
            one = made[f"g.{member['id']}"] = Plain(task_id=member["id"], trigger_rule=member["rule"])
            for up in member["up"]:
                one.set_upstream(made[f"g.{up}"])
            for up in member["outside"]:
                one.set_upstream(made[up])

    group.expand(x=value(node["over"][0]))


def document(case: dict[str, Any], dag: Any) -> dict[str, Any]:
    """The tasks and groups as `dag.json` writes them, with the edges that Airflow made."""

    def mapped(node: dict[str, Any]) -> dict[str, Any]:
        return {"expand": {name: lowered(over) for name, over in zip("xy", node["over"], strict=False)}}

    def lowered(over: tuple[str, Any]) -> Any:
        kind, of = over
        if kind == "literal":
            return list(range(of))
        return {"$xcom": of if kind == "output" else {kind: of}}

    tasks, groups = [], []
    for node in case["nodes"]:
        for one in node.get("members", [node]):
            is_member = "members" in node
            task = {"task_id": f"g.{one['id']}" if is_member else one["id"], "type": "python"}
            task["trigger_rule"] = one["rule"]
            if is_member:
                task["task_group"] = "g"
            elif "over" in node:
                task["mapped"] = mapped(node)
            task["depends_on"] = sorted(dag.task_dict[task["task_id"]].upstream_task_ids)
            tasks.append(task)
        if "members" in node:
            groups.append({"group_id": "g", "mapped": mapped(node)})
    return {"tasks": sorted(tasks, key=lambda task: task["task_id"]), "task_groups": groups}


def play(case: dict[str, Any], seed: int, session: Any) -> dict[str, Any]:
    """Draws what each instance gives when it runs. Returns the document, that script, and what came of it."""
    rng = random.Random(1000 + seed)
    dag = built(case, f"mapped_{seed}")
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
    order = sorted(scheduler_dag.task_dict)
    rng.shuffle(order)
    ran: list[list[Any]] = []
    while True:
        at_rest(run, session)
        tis = run.get_task_instances(session=session)
        ready = (
            sorted((order.index(ti.task_id), ti.map_index, ti) for ti in tis if ti.state == "scheduled")
            if run.state == "running"
            else []
        )
        if not ready:
            break
        ti = ready[0][2]
        ti.task = scheduler_dag.get_task(ti.task_id)
        ti.set_state("running", session)
        outcome = rng.choices(["success", "failed", "skipped"], [75, 15, 10])[0]
        left = rng.choice([0, 1, 2, 3]) if outcome == "success" and rng.random() < 0.85 else None
        if ti.map_index < 0 and outcome == "success" and left is None:
            left = 1  # a task over which others are mapped has to return something
        ran.append([ti.task_id, ti.map_index, outcome, left])
        finish(ti, outcome, left, session)
        session.commit()
    states = [[ti.task_id, ti.map_index, ti.state and str(ti.state)] for ti in tis]
    return {
        "seed": seed,
        **document(case, dag),
        "order": order,
        "ran": ran,
        "states": sorted(states),
        "run": str(run.state),
    }


def finish(ti: Any, outcome: str, left: int | None, session: Any) -> None:
    if outcome == "failed":
        ti.handle_failure("scripted", session=session)
        return
    ti.set_state(outcome, session)
    if left is None:
        return
    where = {"dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id, "map_index": ti.map_index}
    XComModel.set(key="return_value", value=list(range(left)), session=session, **where)
    if ti.map_index < 0:
        session.add(TaskMap(**where, length=left, keys=None))


def main() -> None:
    session = settings.Session()
    DagBundlesManager().sync_bundles_to_db(session=session)
    session.commit()
    lines = []
    for seed in range(COUNT):
        played = play(drawn(random.Random(seed)), seed, session)
        lines.append(json.dumps(played, sort_keys=True))
    Path(__file__).with_name("mapped.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
