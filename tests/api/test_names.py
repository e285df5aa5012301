"""What people read: operators as they were written, schedules as Airflow writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.engine.operations.runs import operator_name
from tests.api.documents import dag, task
from tests.api.server import Server

STANDARD = "airflow.providers.standard"
NAMES = [
    ({"type": "python"}, "@task"),
    ({"type": "python", "operator_class": f"{STANDARD}.operators.python.PythonOperator"}, "PythonOperator"),
    (
        {
            "type": "python",
            "kind": "branch",
            "operator_class": f"{STANDARD}.decorators.branch_python._BranchPythonDecoratedOperator",
        },
        "@task.branch",
    ),
    (
        {
            "type": "python",
            "kind": "branch",
            "operator_class": f"{STANDARD}.operators.python.BranchPythonOperator",
        },
        "BranchPythonOperator",
    ),
    ({"type": "bash"}, "BashOperator"),
    ({"type": "empty", "operator_class": "company.operators.Pause"}, "Pause"),
]


@pytest.mark.parametrize(("fields", "name"), NAMES, ids=[name for _, name in NAMES])
def test_an_operator_is_called_as_its_author_wrote_it(fields: dict[str, Any], name: str) -> None:
    assert operator_name(TaskSpec(task_id="t", **fields)) == name


def test_an_interval_and_a_class_are_shown_as_airflow_shows_them(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(
            dag(
                "often", task("one"), schedule={"delta_seconds": 1800}, start_date="2024-01-01T00:00:00+00:00"
            )
        )
        assert (await server.get("/api/v2/dags/often"))["timetable_summary"] == "0:30:00"
        found = (await server.get("/api/v2/dags/often/tasks"))["tasks"][0]["class_ref"]
        assert found == {
            "module_path": f"{STANDARD}.decorators.python",
            "class_name": "_PythonDecoratedOperator",
        }

    tell(story)
