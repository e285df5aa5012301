from datetime import timedelta

from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash_operator import BashOperator
from airflow.operators.dummy_operator import DummyOperator
from airflow.operators.python_operator import BranchPythonOperator, PythonOperator
from airflow.utils.dates import days_ago
from airflow.utils.helpers import chain
from airflow.utils.task_group import TaskGroup

args = {"owner": "data", "depends_on_past": False, "start_date": days_ago(2), "retries": 1, "provide_context": True}


def work(**context):
    return context["ds"]


with DAG(
    "demo",
    default_args=args,
    schedule_interval="0 3 * * *",
    concurrency=4,
    default_view="graph",
    catchup=False,
    dagrun_timeout=timedelta(hours=1),
) as dag:
    start = DummyOperator(task_id="start")
    end = DummyOperator(task_id="end", trigger_rule="none_failed_or_skipped")
    with TaskGroup("work") as group:
        for name in ("a", "b"):
            PythonOperator(task_id=name, python_callable=work, provide_context=True, task_concurrency=1)
    choose = BranchPythonOperator(task_id="choose", python_callable=lambda: "end", sla=timedelta(hours=2))
    chain(start, group, choose, BashOperator(task_id="say", bash_command="echo {{ ds }}", xcom_push=True), end)
