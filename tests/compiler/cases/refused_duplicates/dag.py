from airflow.sdk import DAG, TaskGroup
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("demo"):
    EmptyOperator(task_id="a")
    EmptyOperator(task_id="a")
    with TaskGroup("g"):
        EmptyOperator(task_id="a")
    with TaskGroup("g"):
        EmptyOperator(task_id="b")
    EmptyOperator(task_id="g.a")
