import os

from airflow.sdk import DAG, Variable, task

COUNT = int(os.environ.get("COUNT", "2"))
REGIONS = Variable.get("regions", default="eu,us").split(",")
TOKEN = os.environ["TOKEN"]

with DAG("demo"):

    @task
    def load(region, n, token):
        return Variable.get("inner_only")

    for region in REGIONS:
        for n in range(COUNT):
            load(region, n, token=TOKEN)
    if os.getenv("MODE") == "full":
        load.override(task_id="full")("all", 0, TOKEN)
