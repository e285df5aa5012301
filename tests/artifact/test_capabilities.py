"""What a document asks for and this release does not run."""

from __future__ import annotations

from typing import Any

import pytest

from leoflow_runtime.artifact import Missing, missing_capabilities
from leoflow_runtime.artifact.capabilities import RUN_TIMETABLES
from leoflow_runtime.schedule import KNOWN_TIMETABLES


def document(*tasks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"dag_id": "d", "tasks": list(tasks) or [{"task_id": "t", "type": "empty"}], **fields}


def test_what_runs_is_not_missing() -> None:
    tasks = [
        {"task_id": "a", "type": "python", "kind": "branch"},
        {"task_id": "b", "type": "bash", "entrypoint": "true", "weight_rule": "absolute"},
        {"task_id": "c", "type": "http_api", "http_request": {"method": "GET"}},
        {"task_id": "d", "type": "python", "kind": "asset", "outlets": [{"name": "a", "uri": "a"}]},
    ]

    assert missing_capabilities(document(*tasks, schedule="@daily")) == ()
    assert missing_capabilities(document(schedule={"delta_seconds": 60})) == ()
    assert missing_capabilities(document(schedule={"assets": {"alias": "a"}})) == ()


def test_the_timetables_that_run_are_those_that_the_schedule_knows() -> None:
    assert RUN_TIMETABLES == KNOWN_TIMETABLES


def test_each_capability_is_named_once_with_the_first_task_that_needs_it() -> None:
    sensor = {
        "type": "operator",
        "operator_class": "airflow.sensors.FileSensor",
    }

    found = missing_capabilities(document({"task_id": "a", **sensor}, {"task_id": "b", **sensor}))

    assert found == (Missing(capability="the operator FileSensor", task_id="a", kind="operator"),)
    assert str(found[0]) == "the operator FileSensor (task `a`)"


OVER_TWO = {"expand": {"x": [1, 2]}}


def test_mapped_tasks_in_mapped_groups() -> None:
    task = {"task_id": "g.t", "type": "python", "task_group": "g", "mapped": OVER_TWO}

    found = missing_capabilities(document(task, task_groups=[{"group_id": "g", "mapped": OVER_TWO}]))

    assert [str(one) for one in found] == ["mapped tasks in mapped groups (task `g.t`)"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("mapped", {"expand": {"x": {"$xcom": {"filter": "a"}}}}, "mapping over `.filter(…)`"),
        ("mapped", {"expand": {"x": None}}, "mapping over a value that only the running file knows"),
        ("executor", "CeleryExecutor", "the executor CeleryExecutor"),
        ("executor_config", {"pod_template_file": "a.yaml"}, "`pod_template_file` in `executor_config`"),
        ("executor_config", {"KubernetesExecutor": {}}, "`KubernetesExecutor` in `executor_config`"),
        ("weight_rule", "own.Rule", "a weight rule of one's own"),
    ],
)
def test_fields_of_tasks(field: str, value: Any, said: str) -> None:
    task = {"task_id": "t", "type": "python", field: value}

    assert [one.capability for one in missing_capabilities(document(task))] == [said]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"schedule": {"timetable": "airflow.sdk.CronPartitionTimetable"}},
            "the timetable CronPartitionTimetable",
        ),
        ({"schedule": {"timetable": "own.Fiscal"}}, "the timetable Fiscal"),
        (
            {
                "task_groups": [
                    {"group_id": "g", "mapped": OVER_TWO},
                    {"group_id": "h", "parent": "g", "mapped": OVER_TWO},
                ]
            },
            "mapped groups in mapped groups",
        ),
        (
            {"deadlines": [{"reference": "FIXED_DATETIME", "interval_seconds": 1}]},
            "deadline alerts counted from FIXED_DATETIME",
        ),
        (
            {"deadlines": [{"reference": "MyReference", "interval_seconds": 1}]},
            "deadline alerts counted from MyReference",
        ),
        (
            {"params": {"p": {"value": None, "is_late": True}}},
            "param defaults that are known only when the code runs",
        ),
    ],
)
def test_fields_of_dags(fields: dict[str, Any], said: str) -> None:
    assert [str(one) for one in missing_capabilities(document(**fields))] == [f"{said} (the DAG)"]
