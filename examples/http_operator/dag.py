"""An HttpOperator with an absolute address needs no connection."""

from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import DAG

with DAG("http_operator", schedule=None, catchup=False, tags=["example"]):
    HttpOperator(
        task_id="get_todo",
        method="GET",
        endpoint="https://jsonplaceholder.typicode.com/todos/1",
    )
