from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("demos"):
    EmptyOperator(task_id="a")
