import logging
import random
from datetime import datetime

import requests

from airflow.sdk import DAG, task

log = logging.getLogger(__name__)
log.info("imported at %s", datetime.now())
SEED = random.random()
try:
    import numpy as np
except ImportError:
    np = None
if SEED > 0.5:
    MODE = "high"
else:
    MODE = "low"


def retry(function):
    return requests.adapters.wrap(function)


@retry
def helper():
    return requests.get("https://example.com").json()


with DAG("demo", schedule="@hourly"):

    @task
    def use(seed, mode, config=None):
        return seed

    use(SEED, MODE, config={"np": np, "known": 1})
