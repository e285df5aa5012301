from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pendulum
from airflow.operators.bash_operator import BashOperator as OldBashOperator
from airflow.sdk import DAG, TriggerRule, dag, taks, task
from airflow.skd import TaskGroup
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.python import PythonOperater
from airflow.providers.standard.sensors.filesystem import FileSensor

berlin = pendulum.timezone("Europe/Berln")
mars = ZoneInfo("Mars")


def make(name):
    BashOperator(task_id=name, bash_command="true")


with DAG(
    "demo",
    schedule="@daily",
    start_date="2025-01-01",
    default_args={"retries": "three"},
) as dag:
    extract = BashOperator(task_id="extract", bash_command="true")
    load = BashOperator(task_id="load", bash_command="true")
    report = BashOperator(task_id="report", bash_command="true", trigger_rule=TriggerRule.ALL_SUCESS)
    extrat >> load
    [extract, load] >> [report]
    [extract, load] >> [make("a"), make("b")]
    make("c") >> make("d")
    wrong = BashOperator(task_id="wrong", bash_commnd="true", retires=3)
    old = PythonOperator(task_id="old", python_callable=print, provide_context=True)
    nameless = BashOperator(bash_command="true")
    nameless >> load
    short = BashOperator("short", "true")
    waiting = FileSensor(task_id="waiting", filepath="/data")
    waiting >> load
    mistyped = PythonOperater(task_id="mistyped", python_callable=print)

    @task
    def number():
        return 1

    @task
    def double(n):
        return 2 * n

    number >> load
    double(number)
    double()
    if number() > 1:
        double(2)
    for one in number():
        double(one)
