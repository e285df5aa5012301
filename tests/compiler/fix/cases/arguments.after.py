from airflow import DAG, models
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import task
from ours import CarefulOperator

with DAG("a", schedule = "@daily", max_active_tasks=3):
    f(schedule_interval=1)
    PythonOperator(task_id="a", python_callable=f, trigger_rule='none_failed_min_one_success')
    BashOperator(
        task_id="b",
        bash_command="true",
    )
    models.DAG("b", schedule=None, timetable=old, fail_fast=True,)
    task(max_active_tis_per_dag=1)
    CarefulOperator(task_id="c", provide_context=True)
