"""What leoflow.yaml says on top of the code, and below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leoflow_compiler.project import ProjectConfig

_TASK_KEYS = ("retries", "retry_delay_seconds", "execution_timeout_seconds", "env", "resources", "execution")
_DEFAULT_KEYS = ("retries", "retry_delay_seconds", "execution_timeout_seconds")


def overlay_task(task: dict[str, Any], config: ProjectConfig) -> None:
    """`tasks.<id>` wins over the code; `defaults.resources` fills in what nothing else names."""
    own = config.tasks.get(task["task_id"], {})
    for key in _TASK_KEYS:
        if own.get(key) is not None:
            task[key] = plain(own[key])
    resources = config.defaults.get("resources")
    if resources and "resources" not in task and task["type"] != "empty":
        task["resources"] = {"requests": plain(resources)}


def overlay_dag(document: dict[str, Any], config: ProjectConfig) -> None:
    """The keys of leoflow.yaml that describe the whole DAG."""
    if config.description is not None:
        document["description"] = config.description
    if config.owner is not None:
        document["owner"] = config.owner
    if config.tags:
        document["tags"] = sorted(set(config.tags))
    defaults = {
        key: plain(config.defaults[key]) for key in _DEFAULT_KEYS if config.defaults.get(key) is not None
    }
    if defaults:
        document["default_args"] = defaults
    staging = {key: value for key, value in plain(config.staging).items() if value is not None}
    if staging:
        document["staging"] = staging
    runtime: dict[str, Any] = {"python": config.python_version}
    if config.dependencies:
        runtime["dependencies"] = list(config.dependencies)
    if config.runtime == "airflow-sdk":
        runtime["engine"] = config.runtime
    document["runtime"] = runtime


def plain(value: Any) -> Any:
    """Mappings as dicts, tuples as lists, whole floats as ints."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
