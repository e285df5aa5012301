from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("demo", schedule="@dayly", catchup="yes", tags="abc", params={"p": object()}):
    BashOperator(task_id="a", bash_command="true", trigger_rule="all_succes", retries="three")
    BashOperator(task_id="b", bash_command="", execution_timeout=30, pool_slots=0)
    BashOperator(task_id="c", bash_command=7, retry_delay=timedelta(seconds=-1))
