import json
from datetime import datetime
from pathlib import Path

import yaml
from airflow.decorators import dag, task

HERE = Path(__file__).parent
with open(HERE / "config.yaml") as handle:
    CONFIG = yaml.safe_load(handle)
SQL = (HERE / "sql" / "load.sql").read_text()
EXTRA = json.loads(Path(__file__).resolve().parent.joinpath("extra.json").read_text(encoding="utf-8"))


@dag(dag_id="case", schedule=CONFIG["schedule"], start_date=datetime(2024, 1, 1), catchup=False)
def build():
    @task
    def load(table: str, sql: str) -> str:
        return table

    @task
    def summary(tables):
        print(tables)

    summary([load.override(task_id=f"load_{t}")(t, SQL) for t in CONFIG["tables"] + EXTRA["more"]])


build()
