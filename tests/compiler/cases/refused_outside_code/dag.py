import cosmos
from somewhere import decorate

from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator


@decorate
def build():
    EmptyOperator(task_id="hidden")


with DAG("demo") as dag:
    a = EmptyOperator(task_id="a")
    cosmos.connect(a)
    cosmos.DbtTaskGroup(group_id="dbt")
    with cosmos.section("x"):
        EmptyOperator(task_id="inside")
    a >> cosmos.thing()
