"""About this file."""

import pendulum
from airflow.decorators import dag, task
from airflow.models.param import Param


@dag(
    dag_id="demo",
    schedule="30 6 * * 1-5",
    start_date=pendulum.datetime(2024, 3, 1, tz="Europe/Berlin"),
    end_date=pendulum.datetime(2025, 3, 1, tz="Europe/Berlin"),
    catchup=True,
    max_active_runs=2,
    params={"limit": Param(10, type="integer", minimum=1), "name": "x"},
    doc_md=__doc__,
)
def pipeline(region="eu"):
    @task
    def run(where, limit="{{ params.limit }}"):
        return where

    run(region)


pipeline()
