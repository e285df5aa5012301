import config
from jobs.builders import make_job
from airflow.sdk import DAG

with DAG("demo", schedule=config.SCHEDULE, default_args=config.DEFAULTS):
    for name in config.NAMES:
        make_job(name)
