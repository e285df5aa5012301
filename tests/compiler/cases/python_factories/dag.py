from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import functools
from functools import partial, wraps, lru_cache, reduce
def make(dag_id, schedule, tables, *, owner="me", **kw):
    dag = DAG(dag_id, schedule=schedule, default_args={"owner": owner, "retries": 2}, start_date=datetime(2024,1,1), **kw)
    with dag:
        ops = [EmptyOperator(task_id=t) for t in tables]
        reduce(lambda a, b: a >> b, ops)
    return dag
CONFIG = {"a": {"schedule": "@daily", "tables": ["x", "y"]}, "b": {"schedule": None, "tables": ["z"], "tags": ["t"]}}
for name, cfg in CONFIG.items():
    globals()[f"dag_{name}"] = make(f"factory_{name}", **cfg)
def logged(fn):
    @wraps(fn)
    def inner(*args, **kwargs):
        print(fn.__name__)
        return fn(*args, **kwargs)
    return inner
def with_prefix(prefix):
    def deco(fn):
        @functools.wraps(fn)
        def inner(n):
            return f"{prefix}_{fn(n)}"
        inner.prefix = prefix
        return inner
    return deco
@logged
@with_prefix("p")
def ident(n):
    return str(n)
@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n-1) + fib(n-2)
bash = partial(BashOperator, retries=5, retry_delay=timedelta(minutes=1))
with DAG("factories_main") as d:
    for i in range(3):
        bash(task_id=ident(i), bash_command=f"echo {fib(10)}")
    bash(task_id=f"f_{fib(12)}_{ident.__name__}", bash_command="x", retries=1)
    @functools.cache
    def t(n): return EmptyOperator(task_id=f"cached_{n}")
    t(1) >> t(2); t(1) >> t(3)
