from __future__ import annotations
from typing import Callable, Iterable, List, Optional
import pendulum
from airflow.sdk import DAG, TaskGroup, chain, task, task_group
from airflow.providers.standard.operators.python import PythonOperator
from airflow.utils.trigger_rule import TriggerRule

LOCAL_TZ = pendulum.timezone("Europe/Berlin")

def step(name: str, fn: Callable[..., None] = print, **kwargs) -> PythonOperator:
    return PythonOperator(task_id=name, python_callable=fn, **kwargs)

def make_group(group_id: str, steps: Iterable[str], parent: Optional[TaskGroup] = None) -> TaskGroup:
    with TaskGroup(group_id, parent_group=parent) as tg:
        chain(*[step(s) for s in steps])
    return tg

class Pipeline:
    """Builds the pipeline."""

    SUFFIX = "job"

    def __init__(self, name: str, stages: List[str]):
        self.name = name
        self.stages = stages
        self._groups: List[TaskGroup] = []

    @property
    def last(self) -> TaskGroup:
        return self._groups[-1]

    @staticmethod
    def label(x):
        return x.replace(" ", "_").lower()

    def build(self) -> "Pipeline":
        for stage in self.stages:
            g = make_group(f"{self.label(stage)}_{self.SUFFIX}", ("prepare", "run", "clean"))
            if self._groups:
                self.last >> g
            self._groups.append(g)
        return self

with DAG("case", schedule="@daily", start_date=pendulum.datetime(2024, 5, 1, tz=LOCAL_TZ), catchup=False) as dag:
    p = Pipeline("x", ["Bronze", "Silver Layer", "Gold"]).build()

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def notify(**context) -> None: ...

    p.last >> notify()

    @task_group(group_id="reports", default_args={"retries": 3})
    def reports(kinds):
        @task
        def render(kind): ...
        return [render(k) for k in kinds]

    p._groups[0] >> reports(["pdf", "csv"])
