import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseHook, Variable, task

with DAG("demo"):

    @task
    def load():
        hook = BaseHook.get_connection("warehouse")
        uri = os.environ.get("AIRFLOW_CONN_PG_TARGET", "")
        return hook, uri, Variable.get("limit")

    load() >> BashOperator(task_id="say", bash_command="echo {{ var.json.settings.a }} {{ conn.mail.host }}")
