from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

VALUES = {"a": 1}

with DAG("demo"):
    EmptyOperator(task_id=VALUES["b"])
    EmptyOperator(task_id=undefined_name)
    EmptyOperator(task_id="x" + 1)
    exec("x = 1")
    one, two = [1, 2, 3]
    EmptyOperator(task_id=undefined_name) >> EmptyOperator(task_id="fine")
    raise ValueError("stop here")
