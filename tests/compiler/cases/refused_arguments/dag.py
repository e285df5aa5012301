from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("demo", schedule_interval="@daily", on_failure_callback=print, default_args={"on_retry_callback": print}):
    BashOperator(task_id="a", bash_comand="true")
    BashOperator(task_id="b c", bash_command="true", retrys=2)

    @task(on_success_callback=print, retry=1)
    def f(x):
        return x

    f()
    f(1, 2)
    f(y=1)
