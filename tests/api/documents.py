"""The DAGs that the tests register."""

from __future__ import annotations

from typing import Any


def task(task_id: str, *upstream: str, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"task_id": task_id, "type": "python", "entrypoint": f"dag:{task_id}", **fields}
    if upstream:
        made["depends_on"] = sorted(upstream)
    return made


def dag(dag_id: str, *tasks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "schema_version": "1.0",
        "dag_id": dag_id,
        "tasks": sorted(tasks, key=lambda one: one["task_id"]),
        **fields,
    }


# Every feature that the pages show.
SHOP = dag(
    "shop",
    task("extract", location={"file": "dag.py", "line": 3}, doc_md="Reads the orders."),
    {
        "task_id": "clean.trim",
        "type": "bash",
        "entrypoint": "echo {{ ds }}",
        "templates": {"bash_command": "echo {{ ds }}"},
        "depends_on": ["extract"],
        "task_group": "clean",
        "retries": 1,
        "retry_delay_seconds": 90061.5,
        "execution_timeout_seconds": 60,
    },
    {"task_id": "clean.check", "type": "empty", "depends_on": ["extract"], "task_group": "clean"},
    task("report", "clean.check", "clean.trim", edge_labels={"clean.trim": "tidy"}, owner="ann"),
    task_groups=[{"group_id": "clean", "tooltip": "Tidies up"}],
    tags=["daily", "shop"],
    owner="ann, bob",
    description="A shop",
    doc_md="# Shop",
    schedule="0 6 * * *",
    start_date="2024-01-01T00:00:00+00:00",
    is_paused_upon_creation=False,
    dagrun_timeout_seconds=93600.5,
    params={
        "greeting": {"value": "hi", "description": "What to say", "schema": {"type": "string"}},
        "count": {"value": 3, "schema": {"type": "integer", "minimum": 1}},
    },
    source="from airflow.sdk import dag, task\n",
)
# Mapped: a task over a literal, a group over what a task returns.
FLEET = dag(
    "fleet",
    task("ports"),
    task("sail", mapped={"expand": {"ship": ["ann", "bob", "cid"]}}, map_index_template="{{ ship }}"),
    task("stop.load", "ports", task_group="stop"),
    task("stop.leave", "stop.load", task_group="stop", xcom_input={"cargo": "stop.load"}),
    task("log", "sail", "stop.leave", xcom_input={"trips": "sail"}),
    task_groups=[{"group_id": "stop", "mapped": {"expand": {"port": {"$xcom": "ports"}}}}],
    source="# ships\n",
)
LONELY = dag("lonely", task("alone"), source="# nothing else\n")
