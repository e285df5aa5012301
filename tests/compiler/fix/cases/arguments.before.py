from airflow import DAG, models
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import task
from ours import CarefulOperator

with DAG("a", schedule_interval = "@daily", concurrency=3, orientation="LR"):
    f(schedule_interval=1)
    PythonOperator(task_id="a", provide_context=True, python_callable=f, trigger_rule='none_failed_or_skipped')
    BashOperator(
        task_id="b",
        bash_command="true",
        sla=None,
    )
    models.DAG("b", schedule=None, timetable=old, fail_stop=True,)
    task(task_concurrency=1)
    CarefulOperator(task_id="c", provide_context=True)
