from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

from dataclasses import dataclass
from enum import Enum
@dataclass
class Step:
    kind: str
    name: str
    args: tuple = ()
class K(Enum):
    A = "a"; B = "b"
    def make(self, n):
        match self:
            case K.A: return BashOperator(task_id=n, bash_command="a")
            case K.B: return EmptyOperator(task_id=n)
SPECS = [{"t": "bash", "id": "s1", "cmd": "x"}, ["empty", "s2", "e1", "e2"], Step("py", "s3"), Step("py", "s4", (1,)), "raw", 7, None, 2.5, ("t",)]
def mk(s):
    match s:
        case {"t": "bash", "id": i, "cmd": c, **rest}: return BashOperator(task_id=i, bash_command=c)
        case ["empty", i, *more] if len(more) > 1: return [EmptyOperator(task_id=m) for m in (i, *more)]
        case Step(kind="py", name=n, args=()): return EmptyOperator(task_id=n)
        case Step("py", n, (a,)): return EmptyOperator(task_id=f"{n}_{a}")
        case str(x) | (str() as x): return EmptyOperator(task_id=x)
        case int(n) if n > 100: pass
        case int() | float() as num: return EmptyOperator(task_id=f"n{num}".replace(".", "_"))
        case None: return EmptyOperator(task_id="none")
        case (x,): return EmptyOperator(task_id="tup" + x)
with DAG("mat"):
    for s in SPECS: mk(s)
    for k in K: k.make(k.name)
