"""What the control plane can do by itself, and what needs a process after all."""

from datetime import datetime, time, timedelta

from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.http.sensors.http import HttpSensor
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.providers.standard.sensors.time import TimeSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor, WaitSensor
from airflow.sdk import DAG

with DAG("native_tasks", schedule=None, start_date=datetime(2026, 1, 1)):
    TimeDeltaSensor(task_id="delta", delta=timedelta(minutes=5), timeout=timedelta(hours=1))
    WaitSensor(task_id="wait", time_to_wait=timedelta(seconds=30), deferrable=True)
    TimeSensor(task_id="clock", target_time=time(9, 30))
    DateTimeSensor(task_id="moment", target_time=datetime(2026, 2, 1), mode="reschedule", poke_interval=5)
    DateTimeSensor(task_id="named_moment", target_time="{{ data_interval_end }}", soft_fail=True)
    ExternalTaskSensor(
        task_id="other",
        external_dag_id="etl",
        external_task_ids=["extract", "load"],
        execution_delta=timedelta(hours=1),
        failed_states=["failed", "upstream_failed"],
    )
    ExternalTaskSensor(task_id="other_group", external_dag_id="etl", external_task_group_id="stage")
    HttpSensor(task_id="api", endpoint="health/{{ ds }}", request_params={"a": "b"}, headers={"Accept": "*/*"})
    answer = HttpOperator(
        task_id="call",
        http_conn_id="orders",
        endpoint="runs/{{ run_id }}",
        data='{"day": "{{ ds }}"}',
        headers={"Content-Type": "application/json"},
        extra_options={"timeout": 5, "check_response": False},
        log_response=True,
    )

    # A template beyond the run's names, a callable, an output, a callback, backoff: each needs a process.
    DateTimeSensor(task_id="computed", target_time="{{ data_interval_end.add(days=1) }}")
    ExternalTaskSensor(task_id="by_function", external_dag_id="etl", execution_date_fn=lambda date: date)
    HttpSensor(task_id="checked", endpoint="x", response_check=lambda response: response.ok)
    HttpSensor(task_id="backing_off", endpoint="x", exponential_backoff=True)
    HttpOperator(task_id="with_output", endpoint="x", data=answer.output)
    HttpOperator(task_id="with_variable", endpoint="{{ var.value.path }}")
    HttpOperator(task_id="filtered", endpoint="x", response_filter=lambda response: response.json())
    TimeDeltaSensor(task_id="told", delta=timedelta(1), on_success_callback=lambda context: None)
