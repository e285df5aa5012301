"""Load rows into SQLite. Without the connection `sqlite_target` the database is in memory."""

import os
import sqlite3
from contextlib import closing
from urllib.parse import unquote, urlsplit

from airflow.sdk import DAG, task

with DAG("sqlite_load", schedule=None, catchup=False, tags=["example"]):

    @task
    def compute() -> list:
        return [[word, word[::-1]] for word in ("leo", "flow", "level")]

    @task
    def load(rows: list) -> int:
        address = os.environ.get("AIRFLOW_CONN_SQLITE_TARGET")
        path = unquote(urlsplit(address).path) if address else ":memory:"
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY, reversed TEXT)")
            database.executemany("INSERT OR REPLACE INTO words VALUES (?, ?)", rows)
            (count,) = database.execute("SELECT count(*) FROM words").fetchone()
        print(f"{count} words in {path}")
        return count

    load(compute())
