from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import pendulum, random, uuid, time, socket, os, secrets
with DAG("nowx", start_date=pendulum.now("UTC").subtract(days=1), schedule="@daily", tags=["x"]) as dag:
    RUN = datetime.now().strftime("%Y%m%d")
    HOST = socket.gethostname()
    SALT = random.randint(1, 10)
    U = str(uuid.uuid4())
    T = time.time()
    PID = os.getpid()
    BashOperator(task_id="a", bash_command=f"echo {RUN} {HOST} {SALT} {U} {T}")
    if os.path.exists("/etc/foo"):
        X = 1
    else:
        X = 2
    EmptyOperator(task_id="b")
