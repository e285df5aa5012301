from datetime import timedelta

from airflow.sdk import DAG, task

with DAG("demo", description="from the code", tags=["code"]):

    @task(retries=5)
    def a():
        return 1

    @task(retries=0)
    def b(x):
        return x

    @task(execution_timeout=timedelta(minutes=2))
    def c(x):
        return x

    c(b(a()))
