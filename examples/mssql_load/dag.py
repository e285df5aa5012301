"""Load rows into SQL Server. Without a connection the task says what it would have written."""

import os
from urllib.parse import unquote, urlsplit

from airflow.sdk import DAG, task

with DAG("mssql_load", schedule=None, catchup=False, tags=["example"]):

    @task
    def compute() -> list:
        return [[number, number * number] for number in range(1, 6)]

    @task
    def load(rows: list) -> int:
        address = os.environ.get("AIRFLOW_CONN_MSSQL_TARGET")
        if address is None:
            print(f"no connection mssql_target; {len(rows)} rows were not written")
            return 0
        import pymssql

        target = urlsplit(address)
        with pymssql.connect(
            server=target.hostname,
            port=target.port or 1433,
            user=unquote(target.username or ""),
            password=unquote(target.password or ""),
            database=target.path.lstrip("/") or "master",
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "IF OBJECT_ID('squares') IS NULL CREATE TABLE squares (n INT PRIMARY KEY, square INT)"
            )
            cursor.execute("DELETE FROM squares")
            cursor.executemany("INSERT INTO squares VALUES (%d, %d)", [tuple(row) for row in rows])
            connection.commit()
        return len(rows)

    load(compute())
