"""Larger than memory: make about 1 GB of Parquet, aggregate it on disk, load the result into PostgreSQL.

Big data stays in the staging folder of the run; only small descriptions of it travel as values.
"""

import os
from pathlib import Path

from airflow.sdk import DAG, BaseHook, task

ROWS = 60_000_000

with DAG("etl_duckdb", schedule=None, catchup=False, tags=["etl"]):

    @task
    def extract() -> dict:
        import duckdb

        path = Path(os.environ["LEOFLOW_STAGING_DIR"]) / "events.parquet"
        duckdb.sql(
            f"""
            COPY (
                SELECT i AS id, hash(i) % 5000 AS customer, hash(i * 7) % 100000 / 100.0 AS amount,
                       TIMESTAMP '2026-01-01' + INTERVAL (i % 31536000) SECOND AS at
                FROM range({ROWS}) AS numbers(i)
            ) TO '{path}' (FORMAT parquet)
            """
        )
        return {"path": str(path), "rows": ROWS, "bytes": path.stat().st_size}

    @task
    def transform(meta: dict) -> dict:
        import duckdb

        target = Path(os.environ["LEOFLOW_STAGING_DIR"]) / "by_customer.parquet"
        with duckdb.connect(config={"memory_limit": "512MB"}) as database:
            database.execute(f"SET temp_directory = '{target.parent / 'spill'}'")
            database.execute(
                f"""
                COPY (
                    SELECT customer, date_trunc('month', at) AS month, count(*) AS orders, sum(amount) AS amount
                    FROM read_parquet('{meta["path"]}') GROUP BY ALL ORDER BY ALL
                ) TO '{target}' (FORMAT parquet)
                """
            )
            (rows,) = database.execute(f"SELECT count(*) FROM read_parquet('{target}')").fetchone()
        return {"path": str(target), "rows": rows}

    @task
    def load(meta: dict) -> int:
        import duckdb
        import psycopg2
        from psycopg2.extras import execute_values

        target = BaseHook.get_connection("warehouse")
        connection = psycopg2.connect(
            host=target.host,
            port=target.port or 5432,
            user=target.login,
            password=target.password,
            dbname=target.schema,
        )
        rows = duckdb.sql(f"SELECT * FROM read_parquet('{meta['path']}')").fetchall()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    "CREATE TABLE IF NOT EXISTS sales "
                    "(customer INT, month TIMESTAMP, orders INT, amount NUMERIC, PRIMARY KEY (customer, month))"
                )
                cursor.execute("TRUNCATE sales")
                execute_values(cursor, "INSERT INTO sales VALUES %s", rows)
        finally:
            connection.close()
        return len(rows)

    load(transform(extract()))
