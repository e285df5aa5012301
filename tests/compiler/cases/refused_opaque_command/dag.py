import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("demo"):
    BashOperator(task_id="a", bash_command=f"cat {os.environ['DATA']}", env={"B": os.environ["B"]}, retries=os.getenv("N"))
