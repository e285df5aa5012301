from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import (
    DAG,
    Asset,
    AssetAlias,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    DeadlineAlert,
    DeadlineReference,
    AsyncCallback,
    Param,
    asset,
    task,
)

orders = Asset("s3://shop/orders.csv", extra={"owner": "sales"})
rates = Asset(name="rates", uri="https://example.org/rates", group="money")


@asset(schedule="@daily")
def prices(rates):
    return 1


@asset.multi(schedule=orders | rates, outlets=[Asset("one"), Asset("two")])
def several():
    return 2


async def told(context):
    return None


with DAG(
    "demo",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 6 * * 1-5", timezone="Europe/Berlin", interval=timedelta(hours=1)),
        assets=(orders & (rates | AssetAlias("alias"))),
    ),
    start_date=datetime(2026, 1, 1),
    on_failure_callback=told,
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_LOGICAL_DATE,
        interval=timedelta(hours=2),
        callback=AsyncCallback(told),
    ),
    max_consecutive_failed_dag_runs=3,
    owner_links={"airflow": "https://example.org"},
    params={"at": Param(f"{datetime.now():%Y}", type="string"), "n": Param(1, enum=[1, 2], values_display={1: "one"})},
    default_args={"outlets": [rates], "on_retry_callback": [told]},
):

    @task(inlets=[orders, Asset.ref(name="rates")])
    def read():
        return 1

    read() >> BashOperator(
        task_id="write",
        bash_command="true",
        outlets=[Asset("out")],
        executor="KubernetesExecutor",
        executor_config={"KubernetesExecutor": {"image": "python:3.12"}},
        run_as_user="etl",
        end_date=datetime(2027, 1, 1),
    )
