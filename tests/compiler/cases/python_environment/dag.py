from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import os
from airflow.models import Variable
ENV = os.environ.get("ENVIRONMENT") or "dev"
if ENV == "prod":
    sched = "@hourly"
elif ENV in ("dev", "test"):
    sched = None
else:
    raise ValueError(ENV)
IS = "X_FLAG" in os.environ
os.environ["FOO_SET"] = "1"
os.environ.setdefault("BAR", "2")
os.environ.update({"Q": "1"})
P = {k: v for k, v in os.environ.items() if k.startswith("ZZZ_")}
KEY = os.environ["HOME_NOT_SET"] if IS else "x"
conn = Variable.get("not_there", default_var=None)
with DAG(f"a_env_{ENV}", schedule=sched):
    BashOperator(task_id="a", bash_command=f"echo {os.getcwd()} {P}", env={"K": KEY, **os.environ})
    EmptyOperator(task_id="b" if conn is None else "c")
