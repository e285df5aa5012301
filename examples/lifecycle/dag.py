"""The life of a DAG in three steps. `audit` is declared and never called, so it is not part of the DAG."""

from airflow.sdk import DAG, task

with DAG("lifecycle", schedule=None, catchup=False, tags=["example"]):

    @task
    def extract() -> dict:
        return {"orders": [12, 7, 30]}

    @task
    def transform(data: dict) -> dict:
        orders = data["orders"]
        return {"count": len(orders), "total": sum(orders), "largest": max(orders)}

    @task
    def load(result: dict) -> None:
        for name, value in sorted(result.items()):
            print(f"{name} = {value}")

    @task
    def audit() -> None:
        print("nobody calls me")

    load(transform(extract()))
