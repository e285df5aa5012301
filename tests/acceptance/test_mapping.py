"""Dynamic task mapping in Lite: compiled, run in processes, seen through the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.driving import Lite, Machine, until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

DAG = """
from datetime import datetime

from airflow.exceptions import AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, get_current_context, task, task_group


def known(name):
    if name == "nobody":
        raise AirflowSkipException("nobody is no name")
    return name.upper()


with DAG("mapped"):

    @task
    def names(params=None, dag_run=None):
        return dag_run.conf.get("names", ["ann", "nobody", "cid"])

    @task(map_index_template="{{ who }}", retries=1, retry_delay=0)
    def greet(name, day, ti=None):
        get_current_context()["who"] = name
        if ti.map_index == 2 and ti.try_number == 1:
            raise ValueError("not yet")
        return f"{name} {day:%Y} {ti.map_index}"

    @task(trigger_rule="none_failed_min_one_success")
    def gather(greetings, ti=None):
        return [greetings, ti.xcom_pull(task_ids="greet", map_indexes=0)]

    @task_group
    def pair(left, right):
        @task
        def add(left, right):
            return left + right

        @task.branch
        def way(total):
            return "pair.even" if total % 2 == 0 else "pair.odd"

        @task
        def even(total):
            return f"{total} is even"

        @task
        def odd(total):
            return f"{total} is odd"

        total = add(left, right)
        way(total) >> [even(total), odd(total)]

    @task(trigger_rule="all_done")
    def both(ti=None):
        return ti.xcom_pull(task_ids=["pair.even", "pair.odd"])

    found = names()
    gather(greet.partial(day=datetime(2026, 1, 1)).expand(name=found.map(known)))
    pair.partial(left=1).expand(right=[1, 2]) >> both()
    BashOperator.partial(task_id="echo").expand(bash_command=["echo {{ ti.map_index }}", "echo two"])
    BashOperator.partial(task_id="none").expand(bash_command=[])
"""


@pytest.fixture(scope="module")
def run(lite: Lite, shared_machine: Machine) -> str:
    shared_machine.project("mapped", DAG)
    lite.wait_for_dag("mapped", seconds=60)
    run_id = lite.trigger("mapped")
    assert lite.finish("mapped", run_id, seconds=120) == "success", lite.describe("mapped", run_id)
    return run_id


def instances(lite: Lite, run_id: str, task_id: str) -> dict[int, dict[str, Any]]:
    found = [one for one in lite.tasks("mapped", run_id) if one["task_id"] == task_id]
    return {one["map_index"]: one for one in sorted(found, key=lambda one: one["map_index"])}


def states(lite: Lite, run_id: str, task_id: str) -> dict[int, str]:
    return {index: one["state"] for index, one in instances(lite, run_id, task_id).items()}


def value(lite: Lite, run_id: str, task_id: str, map_index: int = -1) -> Any:
    path = f"/api/v2/dags/mapped/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
    return lite.get(f"{path}?deserialize=true&map_index={map_index}")["value"]


def test_each_instance_is_a_process_of_its_own(lite: Lite, run: str) -> None:
    assert states(lite, run, "greet") == {0: "success", 1: "skipped", 2: "success"}
    greeted = instances(lite, run, "greet")
    assert [(one["rendered_map_index"], one["try_number"]) for one in greeted.values()] == [
        ("ANN", 1),
        ("1", 1),
        ("CID", 2),
    ]
    assert value(lite, run, "gather") == [["ANN 2026 0", "CID 2026 2"], "ANN 2026 0"]


def test_a_group_is_repeated_and_its_branch_decides_for_each(lite: Lite, run: str) -> None:
    assert states(lite, run, "pair.even") == {0: "success", 1: "skipped"}
    assert states(lite, run, "pair.odd") == {0: "skipped", 1: "success"}
    assert value(lite, run, "both") == ["2 is even", "3 is odd"]


def test_operators_are_mapped_and_over_nothing_they_are_skipped(lite: Lite, run: str) -> None:
    assert [value(lite, run, "echo", index) for index in (0, 1)] == ["0", "two"]
    assert states(lite, run, "none") == {-1: "skipped"}


def test_an_instance_of_another_run_is_done_again_alone(lite: Lite, run: str) -> None:
    run_id = lite.trigger("mapped", {"names": ["a"]})
    assert lite.finish("mapped", run_id, seconds=120) == "success"
    assert states(lite, run_id, "greet") == {0: "success"}
    body = {"dag_run_id": run_id, "task_ids": [["greet", 0]], "dry_run": False, "only_failed": False}
    reply = lite.api("POST", "/api/v2/dags/mapped/clearTaskInstances", json=body)
    assert reply.status_code == 200, reply.text
    until(lambda: instances(lite, run_id, "greet")[0]["try_number"] == 2, "a second try", seconds=30)
    assert lite.finish("mapped", run_id, seconds=60) == "success"
