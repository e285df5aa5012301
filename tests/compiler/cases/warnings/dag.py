import requests
from airflow.sdk import DAG, task

AWS = "AKIAIOSFODNN7EXAMPLE"
DATABASE = "postgresql://etl:s3cr3t-of-1999@db.example.org/sales"
TEMPLATE = "postgresql://etl:{{ conn.db.password }}@db.example.org/sales"
PLACEHOLDER = "postgresql://user:password@localhost/sales"
NOT_ONE = "https://example.org:8080/a:b@c"
rates = requests.get("https://example.org/rates", timeout=5)


def fetch():
    return requests.get("https://example.org/rates", timeout=5)


with DAG("demo"):

    @task
    def work():
        return fetch()

    work()
