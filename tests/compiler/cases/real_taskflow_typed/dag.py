from __future__ import annotations
import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypedDict, NamedTuple
from airflow.sdk import Param, dag, get_current_context, task
from airflow.exceptions import AirflowSkipException, AirflowFailException

class Kind(str, Enum):
    FULL = "full"
    DELTA = "delta"

class Row(TypedDict):
    a: int

@dataclass(frozen=True)
class Job:
    name: str
    kind: Kind = Kind.FULL
    deps: list[str] = field(default_factory=list)

class Point(NamedTuple):
    x: int
    y: int = 0

JOBS = [Job("a"), Job("b", Kind.DELTA, ["a"]), Job("c", deps=["a", "b"])]

@dag(schedule="0 */2 * * *", start_date=datetime(2024, 1, 1), params={"n": Param(3, type="integer", minimum=1)}, doc_md=__doc__)
def case():
    @task(multiple_outputs=True, retries=2, task_id="get")
    def extract() -> dict[str, int]:
        ctx = get_current_context()
        return {"x": 1, "y": ctx["params"]["n"]}
    @task
    def run(job: str, kind: str, x: int, upstream: list | None = None) -> Row:
        if x < 0:
            raise AirflowSkipException("no")
        return {"a": x}
    @task.branch(task_id="which")
    def which(v): return "end"
    @task.short_circuit
    def go(): return True
    @task(trigger_rule="none_failed_min_one_success")
    def end(): print(json.dumps({}))
    data = extract()
    done = {}
    for job in JOBS:
        done[job.name] = run.override(task_id=f"run_{job.name}_{job.kind.value}")(job.name, job.kind.value, data["x"], [done[d] for d in job.deps])
    go() >> data
    w = which(done["c"])
    w >> end()
    pts = {Point(1, 2): "p"}
    assert pts[Point(1, 2)] == "p"
case_dag = case()
