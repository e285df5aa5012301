import os
import random
from datetime import datetime

import requests

from airflow.sdk import DAG, task

TABLES = requests.get("https://example.com/tables").json()
names = ["a"]
names.extend(TABLES)

with DAG("demo", start_date=datetime.now()):

    @task
    def load(table):
        return table

    for table in TABLES:
        load(table["name"])
    if random.random() > 0.5:
        load("sometimes")
    load.override(task_id=os.environ["NAME"])(1)
    [load(n) for n in range(int(os.environ["COUNT"]))]
    while TABLES:
        load("more")
