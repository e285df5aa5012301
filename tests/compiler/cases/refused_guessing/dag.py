from airflow.sdk import DAG, task
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("demo") as dag:
    a = EmptyOperator(task_id="a")
    if a.retries == 0 and hasattr(a, "resources"):
        EmptyOperator(task_id="b")
    if getattr(dag, "safe_dag_id", None):
        EmptyOperator(task_id="c")
    a.set_downstrem(EmptyOperator(task_id="d"))
