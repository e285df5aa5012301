"""What a document asks for and this release does not run yet.

The compiler knows more of Airflow than the control plane and the runtime run so far. A document that needs
more is valid, and is refused by name where it would be run: nothing is silently weakened. A capability leaves
this list in the change that makes it run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from leoflow_runtime.artifact.executors import EXECUTORS
from leoflow_runtime.artifact.expansion import expansion_of

RUN_TIMETABLES = frozenset(
    f"airflow.sdk.{name}"
    for name in (
        "AssetOrTimeSchedule",
        "CronDataIntervalTimetable",
        "CronTriggerTimetable",
        "DeltaDataIntervalTimetable",
        "DeltaTriggerTimetable",
        "EventsTimetable",
        "MultipleCronTriggerTimetable",
    )
)
RUN_KINDS = frozenset(
    {
        *("asset", "bash", "branch", "short_circuit", "sensor", "virtualenv", "external_python"),
        *("branch_virtualenv", "branch_external_python"),
    }
)
# Classes of providers that the façade runs; classes of the author's own run as well.
RUN_OPERATORS = frozenset(
    f"airflow.providers.{name}"
    for name in (
        "http.operators.http.HttpOperator",
        "http.sensors.http.HttpSensor",
        "standard.operators.bash.BashOperator",
        "standard.operators.datetime.BranchDateTimeOperator",
        "standard.operators.latest_only.LatestOnlyOperator",
        "standard.operators.python.BranchExternalPythonOperator",
        "standard.operators.python.BranchPythonVirtualenvOperator",
        "standard.operators.python.ExternalPythonOperator",
        "standard.operators.python.PythonVirtualenvOperator",
        "standard.operators.trigger_dagrun.TriggerDagRunOperator",
        "standard.operators.weekday.BranchDayOfWeekOperator",
        "standard.sensors.bash.BashSensor",
        "standard.sensors.date_time.DateTimeSensor",
        "standard.sensors.date_time.DateTimeSensorAsync",
        "standard.sensors.external_task.ExternalTaskMarker",
        "standard.sensors.external_task.ExternalTaskSensor",
        "standard.sensors.filesystem.FileSensor",
        "standard.sensors.python.PythonSensor",
        "standard.sensors.time.TimeSensor",
        "standard.sensors.time.TimeSensorAsync",
        "standard.sensors.time_delta.TimeDeltaSensor",
        "standard.sensors.time_delta.TimeDeltaSensorAsync",
        "standard.sensors.time_delta.WaitSensor",
        "standard.sensors.weekday.DayOfWeekSensor",
    )
)
# Keys of `executor_config` that Airflow's executors read, or have read, and ours do not.
_EXECUTOR_CONFIG = ("KubernetesExecutor", "pod_template_file")
# From when the time of a deadline alert may be counted -> what has to be known for it.
RUN_DEADLINES: Mapping[str, tuple[str, ...]] = {
    "DAGRUN_LOGICAL_DATE": (),
    "DAGRUN_QUEUED_AT": (),
    "FIXED_DATETIME": ("at",),
    "AVERAGE_RUNTIME": ("max_runs", "min_runs"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """One capability that is missing; `task_id` is a task that needs it, None for the DAG itself."""

    capability: str
    task_id: str | None = None
    kind: Literal["feature", "operator", "decorator"] = "feature"

    def __str__(self) -> str:
        owner = "the DAG" if self.task_id is None else f"task `{self.task_id}`"
        return f"{self.capability} ({owner})"


def missing_capabilities(document: Mapping[str, Any]) -> tuple[Missing, ...]:
    """Each capability once, with the first task that needs it, in the order of the document."""
    found: dict[str, Missing] = {}
    for missing in missing_by_task(document):
        found.setdefault(missing.capability, missing)
    return tuple(found.values())


def missing_by_task(document: Mapping[str, Any]) -> Iterator[Missing]:
    """Each capability of the DAG and of each of its tasks, in the order of the document."""
    yield from _of_dag(document)
    groups = {group["group_id"]: group for group in document.get("task_groups", ())}
    for task in document["tasks"]:
        yield from _of_task(task)
        if "mapped" in task:
            yield from _of_mapping(task["mapped"], task["task_id"])
            if _is_in_mapped(groups, task.get("task_group")):
                yield Missing(capability="mapped tasks in mapped groups", task_id=task["task_id"])


def _of_dag(document: Mapping[str, Any]) -> Iterator[Missing]:
    schedule = document.get("schedule")
    for path in _timetables(schedule):
        if path not in RUN_TIMETABLES:
            yield Missing(capability=f"the timetable {path.rpartition('.')[2]}")
    for alert in document.get("deadlines", ()):
        needed = RUN_DEADLINES.get(alert["reference"])
        if needed is None or not alert.keys() >= {"interval_seconds", *needed}:
            yield Missing(capability=f"deadline alerts counted from {alert['reference']}")
    if any(param.get("is_late") for param in document.get("params", {}).values()):
        yield Missing(capability="param defaults that are known only when the code runs")
    groups = {group["group_id"]: group for group in document.get("task_groups", ())}
    for group in groups.values():
        if "mapped" in group:
            yield from _of_mapping(group["mapped"], None)
            if _is_in_mapped(groups, group.get("parent")):
                yield Missing(capability="mapped groups in mapped groups")


def _of_mapping(mapped: Mapping[str, Any], task_id: str | None) -> Iterator[Missing]:
    """How many instances there are to be has to follow from lengths."""
    if expansion_of(mapped) is None:
        filtered = '"filter"' in json.dumps(mapped)
        what = "`.filter(…)`" if filtered else "a value that only the running file knows"
        yield Missing(capability=f"mapping over {what}", task_id=task_id)


def _is_in_mapped(groups: Mapping[str, Mapping[str, Any]], group_id: str | None) -> bool:
    while group_id is not None and group_id in groups:
        if "mapped" in groups[group_id]:
            return True
        group_id = groups[group_id].get("parent")
    return False


def _timetables(schedule: Any) -> Iterator[str]:
    """The classes of a schedule: its own, and the one within."""
    if isinstance(schedule, Mapping) and "timetable" in schedule:
        yield schedule["timetable"]
        inner = schedule.get("arguments", {}).get("timetable")
        if isinstance(inner, Mapping) and "$class" in inner:
            yield inner["$class"]


def _of_task(task: Mapping[str, Any]) -> Iterator[Missing]:
    task_id = task["task_id"]
    if task["type"] == "operator" and task.get("execution_mode") != "inline":
        path = task["operator_class"]
        if path.startswith("airflow.") and path not in RUN_OPERATORS:
            name = path.rpartition(".")[2]
            yield Missing(capability=f"the operator {name}", task_id=task_id, kind="operator")
    kind = task.get("kind")
    if kind is not None and kind not in RUN_KINDS:
        yield Missing(capability=f"`@task.{kind}`", task_id=task_id, kind="decorator")
    if "." in task.get("weight_rule", ""):
        yield Missing(capability="a weight rule of one's own", task_id=task_id)
    if task.get("executor", "subprocess") not in EXECUTORS:
        yield Missing(capability=f"the executor {task['executor']}", task_id=task_id)
    for key in _EXECUTOR_CONFIG:
        if key in task.get("executor_config", {}):
            yield Missing(capability=f"`{key}` in `executor_config`", task_id=task_id)
