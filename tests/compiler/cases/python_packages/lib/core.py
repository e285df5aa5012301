from __future__ import annotations
from airflow.providers.standard.operators.empty import EmptyOperator
from .consts import *
from .consts import NAMES as _names
PREFIX = "pre"
def make_task(n, **kw):
    return EmptyOperator(task_id=f"{PREFIX}_{n}_{SUFFIX}", **kw)
