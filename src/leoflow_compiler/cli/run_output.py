"""Runs, tasks and log lines for a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.table import table

if TYPE_CHECKING:
    from leoflow_compiler.client.follow import LogLine


def run_table(runs: Sequence[dict[str, Any]]) -> str:
    rows = [
        (run["dag_run_id"], run.get("state") or "-", run.get("start_date") or "-", _seconds(run))
        for run in runs
    ]
    return table(("RUN", "STATE", "STARTED", "SECONDS"), rows)


def task_table(tasks: Sequence[dict[str, Any]]) -> str:
    rows = [
        (
            task_name(task["task_id"], task.get("map_index", -1)),
            task.get("state") or "-",
            _try(task),
            _seconds(task),
        )
        for task in sorted(tasks, key=lambda task: (task.get("start_date") or "~", task["task_id"]))
    ]
    return table(("TASK", "STATE", "TRY", "SECONDS"), rows)


def print_line(line: LogLine, *, as_json: bool, with_task: bool) -> None:
    """One log line as text, or as the server's record with its task, map index and try."""
    if as_json:
        place = {"task_id": line.task_id, "map_index": line.map_index, "try_number": line.try_number}
        click.echo(json.dumps({**place, **line.record}, ensure_ascii=False))
        return
    event = line.record.get("event")
    if event is None:
        return
    prefix = f"[{task_name(line.task_id, line.map_index)}] " if with_task else ""
    click.echo(f"{prefix}{event}")
    for item in line.record.get("error_detail") or ():
        if isinstance(item, dict) and item.get("exc_type"):
            click.echo(f"{prefix}{item['exc_type']}: {item.get('exc_value')}")


def task_name(task_id: str, map_index: int) -> str:
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


def _try(task: dict[str, Any]) -> str:
    return str(task.get("try_number") or 0)


def _seconds(item: dict[str, Any]) -> str:
    duration = item.get("duration")
    if isinstance(duration, (int, float)):
        return f"{duration:.1f}"
    start, end = item.get("start_date"), item.get("end_date")
    if not start or not end:
        return "-"
    return f"{(datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds():.1f}"
