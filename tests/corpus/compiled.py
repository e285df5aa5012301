"""What the compiler makes of a corpus file, in the terms of the answers."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from leoflow_compiler.cli.compilation import warm
from leoflow_compiler.lower.every_dag import compile_file
from leoflow_compiler.models.operators import DEFAULT_CLASSES
from leoflow_compiler.project.airflow_folder import AirflowFolder

Json = dict[str, Any]


def compile_all(corpus: Path, files: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    """`<root>/<path>` of each file, and `{"dags": […]}`, or `{"error", "code", "line"}` where declined."""
    work = [(corpus, file["root"], file["path"]) for file in files]
    warm()
    with multiprocessing.get_context("fork").Pool(min(os.cpu_count() or 1, 4)) as pool:
        yield from pool.imap(_compile, work, chunksize=4)


def _compile(work: tuple[Path, str, str]) -> tuple[str, Json]:
    corpus, root, path = work
    return f"{root}/{path}", compile_one(corpus, root, path)


def compile_one(corpus: Path, root: str, path: str) -> Json:
    """One file, every DAG in it; declined as a whole where any of its DAGs is."""
    result = compile_file(folder_of(corpus, root).project(path))
    found = [*result.diagnostics, *(one for dag in result.dags.values() for one in dag.diagnostics)]
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    if errors:
        first = errors[0]
        line = first.span.line if first.span is not None else 0
        return {"error": first.message, "code": first.code.code, "line": line}
    return {"dags": [dag_of(dag.document) for dag in result.dags.values() if dag.document is not None]}


@cache
def folder_of(corpus: Path, root: str) -> AirflowFolder:
    """`A/<repository>/<dags folder>`, the last part being left out where it is the repository."""
    repository = corpus.joinpath(*Path(root).parts[:2])
    return AirflowFolder.of(corpus / root, repository)


def dag_of(document: Mapping[str, Any]) -> Json:
    return {
        "dag_id": document["dag_id"],
        "catchup": document.get("catchup", False),
        "tags": document.get("tags", []),
        "max_active_runs": document.get("max_active_runs", 16),
        "description": document.get("description"),
        "start_date": _moment(document.get("start_date")),
        "timetable": timetable_of(document),
        "tasks": [task_of(task) for task in document["tasks"]],
    }


def task_of(task: Mapping[str, Any]) -> Json:
    timeout = task.get("execution_timeout_seconds")
    return {
        "id": task["task_id"],
        "upstream": task.get("depends_on", []),
        "operator": task.get("operator_class") or DEFAULT_CLASSES[task["type"]],
        "is_mapped": "mapped" in task,
        "trigger_rule": task.get("trigger_rule", "all_success"),
        "retries": task.get("retries", 0),
        "retry_delay": float(task.get("retry_delay_seconds", 300)),
        "pool": task.get("pool", "default_pool"),
        "queue": task.get("queue", "default"),
        "execution_timeout": None if timeout is None else float(timeout),
        "depends_on_past": task.get("depends_on_past", False),
        "is_setup": task.get("is_setup", False),
        "is_teardown": task.get("is_teardown", False),
        "task_group": task.get("task_group"),
    }


def _moment(text: str | None) -> Json | None:
    return None if text is None else {"$datetime": datetime.fromisoformat(text).isoformat()}


def timetable_of(document: Mapping[str, Any]) -> Json:
    """Airflow's timetable for a schedule: its class and what it was made of."""
    schedule = document.get("schedule")
    zone = document.get("schedule_timezone", "UTC")
    if schedule is None:
        return {"class": "NullTimetable", "schedule": None}
    if schedule in ("@once", "@continuous"):
        name = "OnceTimetable" if schedule == "@once" else "ContinuousTimetable"
        return {"class": name, "schedule": schedule}
    if isinstance(schedule, str):
        expression = {"class": "CronTriggerTimetable", "expression": schedule, "schedule": schedule}
        return {**expression, "interval": 0.0, "timezone": zone}
    if "delta_seconds" in schedule:
        seconds = timedelta(seconds=schedule["delta_seconds"]).total_seconds()
        delta = {"$timedelta": seconds}
        return {"class": "DeltaTriggerTimetable", "delta": seconds, "interval": 0.0, "schedule": delta}
    if "timetable" not in schedule:
        return {"class": "AssetTriggeredTimetable", "assets": assets_of(schedule["assets"])}
    return _timetable(schedule, zone)


def _timetable(schedule: Mapping[str, Any], zone: str) -> Json:
    name = schedule["timetable"].rpartition(".")[2]
    found: Json = {"class": name}
    arguments = schedule.get("arguments", {})
    if name.startswith("Cron"):
        found["expression"] = arguments.get("cron")
        found["timezone"] = arguments.get("timezone", zone)
        found["interval"] = float(arguments.get("interval", 0))
    if "assets" in schedule:
        found["assets"] = assets_of(schedule["assets"])
    elif name not in _OF_AIRFLOW:
        found["assets"] = {"$opaque": "airflow.timetables.base._NullAsset"}
    return found


_OF_AIRFLOW = frozenset({"CronPartitionTimetable", "CronTriggerTimetable", "CronDataIntervalTimetable"})


def assets_of(assets: Mapping[str, Any]) -> Json:
    for operator, name in (("all", "$AssetAll"), ("any", "$AssetAny")):
        if operator in assets:
            return {name: [assets_of(asset) for asset in assets[operator]]}
    if "alias" in assets:
        return {"$asset_alias": assets["alias"]}
    if "ref" in assets:
        name = "AssetUriRef" if assets.get("by") == "uri" else "AssetNameRef"
        return {"$opaque": f"airflow.sdk.definitions.asset.{name}"}
    return {"$asset": {"name": assets["name"], "uri": assets["uri"]}}
