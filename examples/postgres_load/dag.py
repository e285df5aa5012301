"""Load rows into PostgreSQL; running it twice leaves the same rows."""

from airflow.sdk import DAG, BaseHook, task

with DAG("postgres_load", schedule=None, catchup=False, tags=["example"]):

    @task
    def compute() -> list:
        return [[day, 20 + day % 4] for day in range(1, 8)]

    @task
    def load(rows: list) -> int:
        import psycopg2

        target = BaseHook.get_connection("pg_target")
        connection = psycopg2.connect(
            host=target.host,
            port=target.port or 5432,
            user=target.login,
            password=target.password,
            dbname=target.schema,
        )
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS temperature (day INT PRIMARY KEY, celsius INT)")
                cursor.executemany(
                    "INSERT INTO temperature VALUES (%s, %s) "
                    "ON CONFLICT (day) DO UPDATE SET celsius = excluded.celsius",
                    rows,
                )
        finally:
            connection.close()
        return len(rows)

    load(compute())
