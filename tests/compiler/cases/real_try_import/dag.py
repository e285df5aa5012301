import sys
from datetime import datetime, timedelta
try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow.operators.bash import BashOperator
try:
    import pandas as pd
    HAS_PANDAS = True
except ImportError:
    pd = None
    HAS_PANDAS = False
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from airflow.sdk import Context
if sys.version_info >= (3, 9):
    from functools import cache
else:
    cache = lambda f: f

@cache
def tables():
    return ["a", "b"]

with DAG("case", schedule=timedelta(hours=6), start_date=datetime(2024, 1, 1), catchup=False, dagrun_timeout=timedelta(hours=2)) as dag:
    @task
    def work(t, **context):
        return pd.DataFrame() if pd else t
    for t in tables():
        work(t) >> BashOperator(task_id=f"after_{t}", bash_command="exit 0", env={"A": "1"}, append_env=True)
