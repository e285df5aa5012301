from datetime import timedelta

from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.sdk import DAG, TriggerRule


def transform(rows, factor, *rest, **options):
    return rows


with DAG("demo"):
    fetch = HttpOperator(
        task_id="fetch", method="GET", endpoint="https://example.com/todos/1", headers={"Accept": "text/plain"}
    )
    send = HttpOperator(task_id="send", endpoint="/rows", http_conn_id="target", data={"rows": fetch.output})
    run = PythonOperator(
        task_id="run", python_callable=transform, op_args=[fetch.output, 2, 3], op_kwargs={"day": "{{ ds }}"}
    )
    choose = BranchPythonOperator(task_id="choose", python_callable=lambda: "script")
    stop = ShortCircuitOperator(task_id="stop", python_callable=transform, op_args=(1, 2))
    script = BashOperator(
        task_id="script",
        bash_command="echo {{ ds }} $NAME",
        env={"NAME": "{{ var.value.name }}", "ROWS": run.output},
        append_env=True,
        retries=3,
        retry_delay=timedelta(minutes=1),
        retry_exponential_backoff=True,
        max_retry_delay=timedelta(hours=1),
        execution_timeout=timedelta(minutes=30),
        pool="small",
        priority_weight=5,
        depends_on_past=True,
    )
    end = EmptyOperator(task_id="end", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    run >> choose >> [script, stop] >> end
