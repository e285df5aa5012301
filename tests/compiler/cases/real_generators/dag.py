from contextlib import contextmanager
from datetime import datetime
from airflow.sdk import DAG, TaskGroup
from airflow.providers.standard.operators.empty import EmptyOperator

@contextmanager
def framed(name):
    start = EmptyOperator(task_id=f"{name}_start")
    with TaskGroup(name) as group:
        yield group
    end = EmptyOperator(task_id=f"{name}_end")
    start >> group >> end

def make_all(names):
    for n in names:
        yield EmptyOperator(task_id=n)

with DAG("case", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
    with framed("load"):
        EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
    previous = None
    for op in make_all(["x", "y", "z"]):
        if previous:
            previous >> op
        previous = op
    p, q = make_all(["p", "q"])
    [*make_all(["m"])] >> p
