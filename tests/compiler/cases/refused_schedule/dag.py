from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("demo", schedule="0 0 31 4,6 *"):
    EmptyOperator(task_id="a")
