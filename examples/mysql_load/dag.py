"""Load rows into MySQL or MariaDB, in one transaction."""

from airflow.sdk import DAG, BaseHook, task

with DAG("mysql_load", schedule=None, catchup=False, tags=["example"]):

    @task
    def compute() -> list:
        return [[name, len(name)] for name in ("ash", "birch", "chestnut")]

    @task
    def load(rows: list) -> int:
        import pymysql

        target = BaseHook.get_connection("my_db")
        connection = pymysql.connect(
            host=target.host,
            port=target.port or 3306,
            user=target.login,
            password=target.password or "",
            database=target.schema,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS trees (name VARCHAR(40) PRIMARY KEY, letters INT)")
            cursor.executemany("REPLACE INTO trees VALUES (%s, %s)", rows)
            connection.commit()
        return len(rows)

    load(compute())
