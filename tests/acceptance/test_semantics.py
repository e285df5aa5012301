"""Airflow's semantics with real processes: sensors, deferral, callbacks, setups, operators."""

from __future__ import annotations

import sys

from tests.acceptance.driving import Lite, until

SENSORS = """
import os
import pendulum
from datetime import timedelta
from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, task
from airflow.triggers.base import BaseTrigger, TriggerEvent
from airflow.providers.standard.sensors.bash import BashSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor

FOLDER = {folder!r}

class Counted(BaseSensorOperator):
    def poke(self, context):
        path = os.path.join(FOLDER, "pokes")
        with open(path, "a") as file:
            file.write("x")
        return os.path.getsize(path) >= 3

class Appears(BaseTrigger):
    def __init__(self, path):
        super().__init__()
        self.path = path
    def serialize(self):
        return "dag.Appears", {{"path": self.path}}
    async def run(self):
        import asyncio
        while not os.path.exists(self.path):
            await asyncio.sleep(0.02)
        yield TriggerEvent(open(self.path).read())

class Deferring(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Appears(os.path.join(FOLDER, "go")), method_name="resume")
    def resume(self, context, event):
        return event

with DAG("sensors", schedule=None):
    Counted(task_id="rescheduled", mode="reschedule", poke_interval=0.1, timeout=60)
    PythonSensor(
        task_id="soft", python_callable=lambda: False, poke_interval=0.05, timeout=0.1, soft_fail=True
    )
    FileSensor(task_id="late", filepath="/nowhere", mode="reschedule", poke_interval=0.1, timeout=0.3)
    BashSensor(task_id="command", bash_command="true")
    TimeDeltaSensor(task_id="past", delta=timedelta(0), deferrable=True)

    @task.sensor(poke_interval=0.05)
    def decorated():
        return True

    decorated()

    Deferring(task_id="deferred")

    @task(execution_timeout=timedelta(seconds=0.3), retries=1, retry_delay=timedelta(0))
    def slow(ti=None):
        import time
        time.sleep(30 if ti.try_number == 1 else 0)
        return ti.try_number

    slow()
"""

CALLBACKS = """
from datetime import timedelta
from airflow.sdk import DAG, task
from airflow.exceptions import AirflowSkipException
from airflow.providers.standard.operators.empty import EmptyOperator

def tell(kind):
    def told(context):
        print("told", kind, context["ti"].task_id, context["dag_run"].run_id, context.get("reason"))
    return told

def broken(context):
    raise RuntimeError("of no matter")

with DAG("callbacks", schedule=None, on_success_callback=[broken, tell("run success")],
         on_failure_callback=tell("run failure"), max_consecutive_failed_dag_runs=2):
    @task(on_success_callback=tell("success"), on_execute_callback=tell("execute"))
    def good(): ...

    @task(retries=1, retry_delay=timedelta(0), on_retry_callback=tell("retry"),
          on_failure_callback=[broken, tell("failure")])
    def bad(params=None, dag_run=None):
        if dag_run.conf.get("fail"):
            raise ValueError("as wished")

    @task.run_if(lambda context: context["dag_run"].conf.get("fail"), "only of failing runs")
    @task(on_skipped_callback=tell("skipped"))
    def sometimes(): ...

    @task(on_failure_callback=tell("killed"))
    def killed(dag_run=None):
        if dag_run.conf.get("fail"):
            import os
            os.kill(os.getpid(), 9)

    killed()
    good() >> bad() >> sometimes() >> EmptyOperator(task_id="empty", trigger_rule="none_failed",
                                                    on_success_callback=tell("empty"))
"""

SETUPS = """
from airflow.sdk import DAG, setup, task, teardown

with DAG("setups", schedule=None):
    @setup
    def cluster():
        return "c1"

    @task
    def work(name, dag_run=None):
        if dag_run.conf.get("fail"):
            raise ValueError("as wished")
        return name

    @task
    def after(): ...

    @teardown
    def remove(name):
        return "removed " + name

    name = cluster()
    done = work(name)
    down = remove(name)
    done >> down
    done >> after()
"""

OPERATORS = """
import sys
from datetime import time
from airflow.sdk import DAG, task
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator

with DAG("operators", schedule=None, render_template_as_native_obj=True):
    @task.bash
    def command():
        return "echo {{ 20 + 1 }}"

    @task.external_python(python=sys.executable)
    def elsewhere(number):
        return number + 1

    @task.virtualenv(system_site_packages=False)
    def apart():
        import sys
        return sys.prefix != sys.base_prefix

    elsewhere(41) >> apart()
    command()
    by_time = BranchDateTimeOperator(
        task_id="by_time", follow_task_ids_if_true="day", follow_task_ids_if_false="never",
        target_lower=time(0, 0), target_upper=time(23, 59, 59, 999999),
    )
    by_time >> [EmptyOperator(task_id="day"), EmptyOperator(task_id="never")]
    LatestOnlyOperator(task_id="latest") >> EmptyOperator(task_id="newest")
    TriggerDagRunOperator(
        task_id="start", trigger_dag_id="setups", trigger_run_id="from_operators", logical_date=None,
        conf={"by": "{{ run_id }}"}, wait_for_completion=True, poke_interval=0.2,
    )
    TriggerDagRunOperator(
        task_id="wait", trigger_dag_id="setups", logical_date=None, wait_for_completion=True,
        deferrable=True, poke_interval=0.2,
    )
    TriggerDagRunOperator(task_id="unknown", trigger_dag_id="not_there")
"""


OTHERS = """
from airflow.sdk import DAG
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor

with DAG("others", schedule=None):
    date = {"execution_date_fn": lambda date: date}
    ExternalTaskSensor(
        task_id="task", external_dag_id="setups", external_task_id="work", poke_interval=0.1, **date
    )
    ExternalTaskSensor(task_id="run", external_dag_id="setups", deferrable=True, poll_interval=0.1, **date)
    ExternalTaskSensor(
        task_id="failed", external_dag_id="setups", external_task_id="after", poke_interval=0.1,
        allowed_states=["failed"], failed_states=["success"], **date,
    )
    ExternalTaskSensor(
        task_id="nowhere", external_dag_id="not_there", check_existence=True, poke_interval=0.1, **date
    )
"""


def states(lite: Lite, dag_id: str, run_id: str) -> dict[str, str]:
    return {task["task_id"]: task["state"] for task in lite.tasks(dag_id, run_id)}


def value(lite: Lite, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> object:
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
    return lite.get(f"{path}?deserialize=true")["value"]


def test_tasks_that_wait(lite: Lite) -> None:
    folder = lite.machine.folder / "seen"
    folder.mkdir()
    lite.machine.project("sensors", SENSORS.format(folder=str(folder)))
    lite.wait_for_dag("sensors")
    run_id = lite.trigger("sensors")
    until(lambda: states(lite, "sensors", run_id)["deferred"] == "deferred", "the task is deferred")
    (folder / "written").write_text("went")
    (folder / "written").rename(folder / "go")

    assert lite.finish("sensors", run_id) == "failed", "a sensor timed out"
    assert states(lite, "sensors", run_id) == {
        "rescheduled": "success",
        "soft": "skipped",
        "late": "failed",
        "command": "success",
        "past": "success",
        "decorated": "success",
        "deferred": "success",
        "slow": "success",
    }, lite.describe("sensors", run_id)
    assert value(lite, "sensors", run_id, "deferred") == "went"
    assert value(lite, "sensors", run_id, "slow") == 2
    assert (folder / "pokes").read_text() == "xxx"
    by_id = {task["task_id"]: task for task in lite.tasks("sensors", run_id)}
    assert by_id["rescheduled"]["try_number"] == 1
    assert "AirflowTaskTimeout" in lite.log("sensors", run_id, "slow", 1)


def test_who_is_told(lite: Lite) -> None:
    lite.machine.project("callbacks", CALLBACKS)
    lite.wait_for_dag("callbacks")
    run_id = lite.trigger("callbacks")
    assert lite.finish("callbacks", run_id) == "success", lite.describe("callbacks", run_id)
    assert states(lite, "callbacks", run_id)["sometimes"] == "skipped"
    for task_id, told in (
        ("good", "execute"),
        ("good", "success"),
        ("sometimes", "skipped"),
        ("empty", "empty"),
    ):
        assert f"told {told} {task_id} {run_id}" in lite.log("callbacks", run_id, task_id)
    # Of the run's end: in the log of the task that ended last, by a process of its own.
    told = f"told run success empty {run_id} success"
    until(lambda: told in lite.log("callbacks", run_id, "empty"), "the run's callback was called")
    assert "on_success_callback broken (number 1) failed" in lite.log("callbacks", run_id, "empty")

    for number in (1, 2):
        failing = lite.trigger("callbacks", {"fail": True})
        assert lite.finish("callbacks", failing) == "failed"
        assert f"told retry bad {failing}" in lite.log("callbacks", failing, "bad", 1)
        assert f"told failure bad {failing}" in lite.log("callbacks", failing, "bad", 2)
        told = f"told killed killed {failing}"
        until(lambda run=failing, said=told: said in lite.log("callbacks", run, "killed"), "told of the kill")
        told = f"told run failure bad {failing} task_failure"
        until(
            lambda run=failing, said=told: said in lite.log("callbacks", run, "bad", 2), "told of the failure"
        )
        paused = lite.get("/api/v2/dags/callbacks")["is_paused"]
        assert paused is (number == 2), "two failed runs in a row pause the DAG"


def test_setups_and_teardowns(lite: Lite) -> None:
    lite.machine.project("setups", SETUPS)
    lite.wait_for_dag("setups")
    good = lite.trigger("setups")
    assert lite.finish("setups", good) == "success", lite.describe("setups", good)
    assert value(lite, "setups", good, "remove") == "removed c1"

    bad = lite.trigger("setups", {"fail": True})
    assert lite.finish("setups", bad) == "failed"
    assert states(lite, "setups", bad) == {
        "cluster": "success",
        "work": "failed",
        "after": "upstream_failed",
        "remove": "success",
    }
    body = {"dag_run_id": bad, "task_ids": ["work"], "dry_run": False, "only_failed": False}
    cleared = lite.api("POST", "/api/v2/dags/setups/clearTaskInstances", json=body).json()
    assert {one["task_id"] for one in cleared["task_instances"]} == {"cluster", "work", "remove"}
    assert lite.finish("setups", bad) == "failed"
    assert {task["task_id"]: task["try_number"] for task in lite.tasks("setups", bad)} == {
        "cluster": 2,
        "work": 2,
        "after": 0,
        "remove": 2,
    }


def test_operators(lite: Lite) -> None:
    lite.machine.project("setups", SETUPS)
    lite.machine.project("operators", OPERATORS.replace("sys.executable", repr(sys.executable)))
    lite.wait_for_dag("setups")
    lite.wait_for_dag("operators")
    run_id = lite.trigger("operators")

    assert lite.finish("operators", run_id, seconds=90) == "failed", "one starts a DAG that is not there"
    assert states(lite, "operators", run_id) == {
        "command": "success",
        "elsewhere": "success",
        "apart": "success",
        "by_time": "success",
        "day": "success",
        "never": "skipped",
        "latest": "success",
        "newest": "success",
        "start": "success",
        "wait": "success",
        "unknown": "failed",
    }, lite.describe("operators", run_id)
    assert value(lite, "operators", run_id, "command") == "21"
    assert value(lite, "operators", run_id, "elsewhere") == 42
    started = lite.run("setups", "from_operators")
    assert (started["state"], started["conf"], started["triggered_by"]) == (
        "success",
        {"by": run_id},
        "operator",
    )
    assert "not_there" in lite.log("operators", run_id, "unknown")


def test_waiting_for_other_dags(lite: Lite) -> None:
    lite.machine.project("setups", SETUPS)
    lite.machine.project("others", OTHERS)
    lite.wait_for_dag("setups")
    lite.wait_for_dag("others")
    body = {"logical_date": "2026-03-01T00:00:00Z", "conf": {}}
    run_id = lite.api("POST", "/api/v2/dags/others/dagRuns", json=body).json()["dag_run_id"]
    until(lambda: states(lite, "others", run_id)["run"] == "deferred", "one is deferred")
    assert lite.api("POST", "/api/v2/dags/setups/dagRuns", json=body).status_code == 200

    assert lite.finish("others", run_id) == "failed"
    assert states(lite, "others", run_id) == {
        "task": "success",
        "run": "success",
        "failed": "failed",
        "nowhere": "failed",
    }, lite.describe("others", run_id)
    assert "not_there does not exist" in lite.log("others", run_id, "nowhere")
