"""Extract, transform and load with nothing but functions."""

from airflow.sdk import DAG, task

with DAG("taskflow_sales", schedule=None, catchup=False, tags=["example"]):

    @task
    def extract() -> list:
        return [
            {"product": "tea", "price": 4, "sold": 120},
            {"product": "coffee", "price": 6, "sold": 95},
            {"product": "tea", "price": 5, "sold": 40},
        ]

    @task
    def transform(rows: list) -> dict:
        totals: dict[str, int] = {}
        for row in rows:
            totals[row["product"]] = totals.get(row["product"], 0) + row["price"] * row["sold"]
        return totals

    @task
    def load(totals: dict) -> None:
        for product, total in sorted(totals.items(), key=lambda item: -item[1]):
            print(f"{product:<8}{total:>8}")

    load(transform(extract()))
