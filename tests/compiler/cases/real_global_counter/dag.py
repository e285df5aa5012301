from datetime import datetime
from airflow.sdk import dag, task
from airflow.providers.standard.operators.bash import BashOperator
import random, uuid, time
_count = 0
def name(prefix):
    global _count
    _count += 1
    return f"{prefix}_{_count}"
RUN = uuid.uuid4()
SEED = random.random()
@dag("case", schedule="@once", start_date=datetime(2024, 1, 1))
def pipeline(bucket: str = "x", n: int = 3):
    a = BashOperator(task_id=name("a"), bash_command="echo {{ params.bucket }} {{ dag_run.conf.get('x') }}")
    b = BashOperator(task_id=name("b"), bash_command=f"echo {SEED}" if False else "echo", env={"SEED": str(SEED)})
    a >> b
    @task
    def show(bucket): print(bucket, RUN, time.time())
    b >> show(bucket)
pipeline()
