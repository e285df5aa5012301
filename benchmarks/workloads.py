"""The DAGs that are measured: one text for both systems."""

from __future__ import annotations

CHAIN = 20
WIDTH = 500

_HEAD = """\
from datetime import datetime

from airflow.sdk import DAG, chain, task
from airflow.providers.standard.operators.python import PythonOperator


def nothing():
    return None


"""

# A chain of no-op tasks. Not EmptyOperator: that one starts no process anywhere.
CHAIN_DAG = f"""{_HEAD}with DAG("bench_chain", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    chain(*[PythonOperator(task_id=f"t{{i}}", python_callable=nothing) for i in range({CHAIN})])
"""

FAN_OUT_DAG = f"""{_HEAD}with DAG(
    "bench_fan_out", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, max_active_tasks=1000
):
    for i in range({WIDTH}):
        PythonOperator(task_id=f"t{{i}}", python_callable=nothing)
"""

# Returns when its first line ran.
START_DAG = f"""{_HEAD}with DAG("{{dag_id}}", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):

    @task
    def now() -> float:
        import time

        return time.time()

    now()
"""


def start_dag(dag_id: str) -> str:
    return START_DAG.format(dag_id=dag_id)


IDLE_DAG = f"""{_HEAD}with DAG(
    "idle", schedule="0 0 1 1 *", start_date=datetime(2026, 1, 1), catchup=False
):
    chain(*[PythonOperator(task_id=f"t{{i}}", python_callable=nothing) for i in range(3)])
"""
