from __future__ import annotations

import os
from datetime import datetime

from airflow.sdk import DAG, TaskGroup
from airflow.providers.standard.operators.bash import BashOperator
from config.tables import TABLES, DEFAULTS
from config import settings

ENV = os.getenv("DEPLOY_ENV", "dev")
SCHEDULES = {"dev": None, "prod": "@daily"}

with DAG("case", schedule=SCHEDULES[ENV], start_date=datetime(2024, 1, 1), default_args=DEFAULTS, tags=[ENV]) as dag:
    start = BashOperator(task_id="start", bash_command="echo start")
    end = BashOperator(task_id="end", bash_command="echo end")
    groups = {}
    for name, cfg in TABLES.items():
        if not cfg.get("enabled", True):
            continue
        with TaskGroup(group_id=f"load_{name}", tooltip=cfg["description"]) as tg:
            extract = BashOperator(task_id="extract", bash_command=f"extract {name} --mode {cfg['mode']}")
            loads = [
                BashOperator(task_id=f"load_{part:02d}", bash_command=f"load {name} {part}", pool=settings.POOL)
                for part in range(cfg.get("partitions", 1))
            ]
            check = BashOperator(task_id="check", bash_command="check", trigger_rule="all_done")
            extract >> loads >> check
        groups[name] = tg
        start >> tg >> end
    for name, cfg in TABLES.items():
        for dep in cfg.get("depends_on", []):
            if name in groups and dep in groups:
                groups[dep] >> groups[name]
