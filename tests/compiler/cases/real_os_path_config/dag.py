import csv
import json
import os
from datetime import datetime

from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

dag_folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(dag_folder, "conf", "jobs.json"), "r", encoding="utf-8") as f:
    jobs = json.load(f)
with open(os.path.join(os.path.dirname(__file__), "jobs.csv")) as f:
    rows = list(csv.DictReader(f))
with open(os.path.join(os.path.dirname(__file__), "names.txt")) as f:
    names = [line.strip() for line in f if line.strip()]
names2 = open(f"{dag_folder}/names.txt").read().splitlines()
if os.path.exists(os.path.join(dag_folder, "nothing.json")):
    names2.append("never")

with DAG("case", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
    for job in jobs:
        EmptyOperator(task_id=job["name"])
    for row in rows:
        EmptyOperator(task_id=row["name"])
    for name in names:
        EmptyOperator(task_id=name)
    for name in names2:
        EmptyOperator(task_id=f"{name}_2")
