from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import os, sys, logging, contextlib
from typing import TYPE_CHECKING, Any, Callable
if TYPE_CHECKING:
    from airflow.sdk import Context
    from nothing import Foo
try:
    import ujson as json
except ImportError:
    import json
try:
    from yaml import CSafeLoader as Loader
except Exception:
    Loader = None
log = logging.getLogger(__name__)
logging.basicConfig(level=logging.INFO)
log.setLevel("INFO")
MODE = os.environ.get("MY_MODE", "full")
N = int(os.getenv("MY_N", "3"))
DEBUG = os.getenv("DEBUG_X", "false").lower() in ("true", "1")
log.info("mode %s", MODE)
with DAG("flow", catchup=False) as dag:
    match MODE:
        case "full" | "all":
            ids = ["f1", "f2"]
        case str() as other if other.startswith("x"):
            ids = [other]
        case _:
            ids = []
    for i in ids: EmptyOperator(task_id=i)
    for n in range(N):
        if n == 1: continue
        EmptyOperator(task_id=f"n{n}")
        if n == 2: break
    else:
        EmptyOperator(task_id="never")
    try:
        x = {"a": 1}["b"]
    except KeyError as e:
        EmptyOperator(task_id=f"caught_{e.args[0]}")
    else:
        EmptyOperator(task_id="no")
    finally:
        EmptyOperator(task_id="fin")
    with contextlib.suppress(ValueError):
        EmptyOperator(task_id="before")
        int("q")
        EmptyOperator(task_id="not_reached")
    EmptyOperator(task_id="dbg" if DEBUG else "nodbg")
    i = 0
    while True:
        i += 1
        if i > 3: break
        EmptyOperator(task_id=f"w{i}")
    assert i == 4, "no"
    def gen():
        yield "g1"
        x = yield "g2"
        yield from ("g3", "g4")
    for g in gen(): EmptyOperator(task_id=g)
    class E(Exception): pass
    def boom(k):
        raise E(k)
    try:
        boom("z")
    except (KeyError, E) as exc:
        EmptyOperator(task_id="E_" + str(exc))
    print("done", file=sys.stderr)
if __name__ == "__main__":
    dag.test()
    dag.cli()
