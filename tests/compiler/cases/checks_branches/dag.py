"""Branches whose ways never meet, lead nowhere, or are never taken; and those that are well."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import DAG, TaskGroup, task


def by_day(day=1):
    if day > 25:
        return ["close", "report.write"]
    return None if day == 1 else "wiat"


with DAG("branches"):

    @task.branch
    def decide(day: int = 1):
        def other():
            return "somewhere"

        return "left" if day % 2 else "right"

    @task.branch
    def unknown(day: int = 1):
        return f"way_{day}"

    @task.short_circuit
    def never():
        return False

    left, right = EmptyOperator(task_id="left"), EmptyOperator(task_id="right")
    after_left = EmptyOperator(task_id="after_left")
    never_joins = EmptyOperator(task_id="never_joins")  # LF606
    joins = EmptyOperator(task_id="joins", trigger_rule="none_failed_min_one_success")
    after = EmptyOperator(task_id="after_never")  # follows from never_joins: not told
    chosen = decide()
    chosen >> [left, right]
    left >> after_left
    [after_left, right] >> never_joins >> after
    [after_left, right] >> joins
    chosen >> EmptyOperator(task_id="forgotten")  # LF605

    first, second = EmptyOperator(task_id="way_1"), EmptyOperator(task_id="way_2")
    unknown() >> [first, second] >> EmptyOperator(task_id="may_join")

    branch = BranchPythonOperator(task_id="by_day", python_callable=by_day)
    close, wait = EmptyOperator(task_id="close"), EmptyOperator(task_id="wait")
    with TaskGroup("report"):
        write = EmptyOperator(task_id="write")
    branch >> [close, wait]  # LF604 twice: a misspelt id, and one that is not below
    close >> write

    never() >> EmptyOperator(task_id="skipped")  # LF605
