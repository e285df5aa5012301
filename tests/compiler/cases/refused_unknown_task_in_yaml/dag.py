from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("demo"):
    EmptyOperator(task_id="extract")
