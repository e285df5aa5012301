from __future__ import annotations
from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import contextlib
from contextlib import ExitStack, contextmanager, nullcontext
@contextmanager
def section(name, use=True):
    with (TaskGroup(name) if use else nullcontext()) as g:
        begin = EmptyOperator(task_id="begin" if use else name + "_begin")
        yield g or begin
        end = EmptyOperator(task_id="end" if use else name + "_end")
        begin >> end
with ExitStack() as stack:
    dag = stack.enter_context(DAG("g_ctx"))
    with section("a") as a: EmptyOperator(task_id="in_a")
    with section("b", use=False) as b, TaskGroup("c") as c: EmptyOperator(task_id="in_c")
    a >> c
class Timer:
    def __enter__(self): return self
    def __exit__(self, t, v, tb): return t is ValueError
with DAG("g_ctx2") as d:
    with Timer():
        EmptyOperator(task_id="one")
        raise ValueError("x")
    EmptyOperator(task_id="two")
    try:
        with Timer(): raise KeyError("k")
    except LookupError as e:
        EmptyOperator(task_id=type(e).__name__)
    finally:
        EmptyOperator(task_id="three")
    class MyErr(ValueError):
        def __init__(self, code): super().__init__(f"code {code}"); self.code = code
    try:
        try: raise MyErr(3)
        except KeyError: pass
        finally: EmptyOperator(task_id="inner_fin")
    except MyErr as e:
        EmptyOperator(task_id=f"err{e.code}" + str(e).replace(" ", "_") + str(e.args[0][:2]))
    try:
        try: 1 / 0
        except ZeroDivisionError as e: raise RuntimeError("r") from e
    except RuntimeError as e:
        EmptyOperator(task_id=type(e.__cause__).__name__)
    for x in (y for y in [1, 2]):
        try:
            if x == 1: continue
            EmptyOperator(task_id=f"x{x}")
        finally:
            EmptyOperator(task_id=f"f{x}")
    def ret():
        try: return "tried"
        finally: EmptyOperator(task_id="finally_ret")
    EmptyOperator(task_id=ret())
    async def co(): return 1
    def annotated(x: "Nope[int]" = 1, /, *, y: Missing = 2) -> Undefined: return x  # noqa
