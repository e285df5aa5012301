"""Projects of about 100 lines, as people write them, each a little different from the next."""

from __future__ import annotations

from pathlib import Path

_DAG = '''\
"""Daily load of {name}: extract by region, check, load, report."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Label, TaskGroup, chain, task

ENVIRONMENT = os.environ.get("ENVIRONMENT", "dev")
REGIONS = {regions}
TABLES = {{
    "orders": {{"keys": ["order_id"], "partition": "day"}},
    "customers": {{"keys": ["customer_id"], "partition": None}},
    "stock_{number}": {{"keys": ["sku", "store"], "partition": "hour"}},
}}
DEFAULTS = {{
    "owner": "team-{team}",
    "retries": {retries},
    "retry_delay": timedelta(minutes={delay}),
    "execution_timeout": timedelta(hours=1),
}}


def extract_command(region: str, table: str) -> str:
    """The shell command that writes one file of one table."""
    target = f"/data/{{ENVIRONMENT}}/{{region}}/{{table}}"
    return f"extract --region {{region}} --table {{table}} --day {{{{{{{{ ds }}}}}}}} --to {{target}}"


def check_rows(table: str, minimum: int = 1, **context: object) -> int:
    path = f"/data/{{ENVIRONMENT}}/{{table}}"
    if not os.path.exists(path):
        raise FileNotFoundError(path)
    rows = sum(1 for _ in open(path))
    if rows < minimum:
        raise ValueError(f"{{table}} has {{rows}} rows, expected {{minimum}}")
    return rows


with DAG(
    dag_id="{name}",
    description="Load number {number}",
    schedule="{minute} {hour} * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["load", "team-{team}"],
) as dag:
    begin = EmptyOperator(task_id="begin")
    end = EmptyOperator(task_id="end", trigger_rule="none_failed_min_one_success")

    groups = []
    for region in REGIONS:
        with TaskGroup(group_id=f"load_{{region}}") as group:
            for table, options in TABLES.items():
                extract = BashOperator(
                    task_id=f"extract_{{table}}",
                    bash_command=extract_command(region, table),
                    env={{"REGION": region}},
                    append_env=True,
                )
                check = PythonOperator(
                    task_id=f"check_{{table}}",
                    python_callable=check_rows,
                    op_kwargs={{"table": table, "minimum": 10 if options["partition"] else 1}},
                )
                extract >> check
        groups.append(group)

    @task.branch
    def decide(limit: int = {number}) -> str:
        return "publish" if limit % 2 else "hold"

    @task
    def summarize(regions: list[str]) -> dict[str, int]:
        counts = {{}}
        for region in regions:
            counts[region] = len(region)
        return counts

    @task(retries=0)
    def publish(summary: dict[str, int]) -> None:
        for region, count in sorted(summary.items()):
            print(region, count)

    @task
    def hold() -> None:
        print("held back")

    summary = summarize(REGIONS)
    decision = decide()
    published, held = publish(summary), hold()
    chain(begin, groups, summary, decision)
    decision >> Label("odd") >> published >> end
    decision >> Label("even") >> held >> end
'''

_REGIONS = ("north", "south", "east", "west", "centre")


def write_projects(folder: Path, count: int) -> list[Path]:
    """`count` folders with `dag.py` and `leoflow.yaml` below `folder`."""
    projects = []
    for number in range(count):
        name = f"load_{number:04}"
        project = folder / name
        project.mkdir(parents=True)
        text = _DAG.format(
            name=name,
            number=number,
            team=number % 7,
            retries=number % 4,
            delay=1 + number % 9,
            minute=number % 60,
            hour=number % 24,
            regions=list(_REGIONS[: 2 + number % 4]),
        )
        (project / "dag.py").write_text(text)
        (project / "leoflow.yaml").write_text(f'schema_version: "1.0"\ndag_id: {name}\n')
        projects.append(project)
    return projects
