"""Sensors, deferred tasks and time limits: how a task waits, and how its waiting ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .task_process import Ended, Project

HEADER = """
import datetime
from datetime import timedelta
from airflow.sdk import DAG, task, BaseOperator, BaseSensorOperator, PokeReturnValue
from airflow.exceptions import *
from airflow.triggers.base import BaseTrigger, TriggerEvent, TaskSkippedEvent
from airflow.providers.standard.sensors.bash import BashSensor
from airflow.providers.standard.sensors.date_time import DateTimeSensor, DateTimeSensorAsync
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time import TimeSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor, WaitSensor
from airflow.providers.standard.sensors.weekday import DayOfWeekSensor

looks = []

class Third(BaseSensorOperator):
    def poke(self, context):
        looks.append(1)
        return PokeReturnValue(len(looks) == 3, xcom_value=len(looks))

class Never(BaseSensorOperator):
    def poke(self, context):
        print("looked")
        return False

class Broken(BaseSensorOperator):
    def poke(self, context):
        raise ValueError("no")

class Soon(BaseTrigger):
    def __init__(self, event=None, error=None, wait=0):
        super().__init__()
        self.event, self.error, self.wait = event, error, wait
    def serialize(self):
        return "dag.Soon", {}
    async def run(self):
        import asyncio
        await asyncio.sleep(self.wait)
        if self.error:
            raise self.error
        if self.event is not None:
            yield self.event

class Deferring(BaseOperator):
    def __init__(self, trigger, timeout=None, **kwargs):
        super().__init__(**kwargs)
        self.trigger, self.timeout = trigger, timeout
    def execute(self, context):
        self.defer(trigger=self.trigger, method_name="resume", kwargs={"kept": 5}, timeout=self.timeout)
    def resume(self, context, event, kept):
        return [event, kept, context["ti"].task_id]
"""


def run(project: Project, task: str, **launch: Any) -> Ended:
    project.write(HEADER + f"with DAG('d'):\n    {task}\n")
    return project.run("t", **{"connections": {"fs_default": "fs://"}, **launch})


def outcome(ended: Ended) -> tuple[str, str]:
    return ended.result["outcome"], ended.result["message"].partition(";")[0]


def test_a_sensor_looks_until_it_is_done(project: Project) -> None:
    ended = run(project, "Third(task_id='t', poke_interval=0.01)")

    assert ended.result["outcome"] == "success"
    assert ended.xcoms == {"return_value": 3}


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("", ("failed_no_retry", "AirflowSensorTimeout: Sensor has timed out")),
        ("soft_fail=True, ", ("skipped", "Sensor has timed out")),
    ],
)
def test_it_gives_up_after_its_timeout(project: Project, wish: str, expected: tuple[str, str]) -> None:
    assert outcome(run(project, f"Never(task_id='t', {wish}poke_interval=0.01, timeout=0.05)")) == expected


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("", "failed"),
        ("soft_fail=True", "failed"),
        ("never_fail=True", "skipped"),
        ("silent_fail=True, timeout=0.02", "failed_no_retry"),
    ],
)
def test_a_look_that_fails(project: Project, wish: str, expected: str) -> None:
    ended = run(project, f"Broken(task_id='t', poke_interval=0.01, {wish})")

    assert ended.result["outcome"] == expected


def test_mode_reschedule_looks_once_and_says_when_again(project: Project) -> None:
    before = datetime.now(UTC)
    ended = run(project, "Never(task_id='t', mode='reschedule', poke_interval=90)")

    assert ended.result["outcome"] == "up_for_reschedule"
    again = datetime.fromisoformat(ended.result["reschedule_at"])
    assert timedelta(seconds=90) <= again - before < timedelta(seconds=150)
    assert ended.printed() == ["looked"]


def test_its_timeout_counts_from_the_first_look_of_the_try(project: Project) -> None:
    began = {"task_start_date": "2026-01-01T00:00:00Z"}
    sensor = "Never(task_id='t', mode='reschedule', timeout=60)"

    assert run(project, sensor, context=began).result["outcome"] == "up_for_reschedule"
    again = run(project, sensor, context={**began, "reschedule_count": 3})

    assert again.result["outcome"] == "failed_no_retry"


def test_exponential_waiting_doubles_with_airflows_jitter(project: Project) -> None:
    """`d#t#<start>#<poke>` hashed: the numbers are Airflow 3.2.2's for this start and these hours."""
    since = datetime.now(UTC) - timedelta(seconds=10_000)
    ended = run(
        project,
        "Never(task_id='t', mode='reschedule', poke_interval=60, exponential_backoff=True, timeout=1e6)",
        context={"task_start_date": since.isoformat(), "reschedule_count": 8},
    )

    wait = (datetime.fromisoformat(ended.result["reschedule_at"]) - datetime.now(UTC)).total_seconds()
    assert 3_000 < wait < 40_000


def test_a_longest_wait_caps_it(project: Project) -> None:
    ended = run(
        project,
        "Never(task_id='t', mode='reschedule', poke_interval=600, exponential_backoff=True, max_wait=70)",
    )

    wait = (datetime.fromisoformat(ended.result["reschedule_at"]) - datetime.now(UTC)).total_seconds()
    assert 0 < wait <= 70


@pytest.mark.parametrize(
    "sensor",
    [
        "BashSensor(task_id='t', bash_command='echo looked; true')",
        "DateTimeSensor(task_id='t', target_time='2026-01-01T00:00:00+00:00')",
        "DateTimeSensor(task_id='t', target_time='{{ logical_date }}')",
        "DateTimeSensorAsync(task_id='t', target_time='2026-01-01T00:00:00+00:00')",
        "FileSensor(task_id='t', filepath='/etc/host*')",
        "FileSensor(task_id='t', filepath='/etc/hosts', deferrable=True)",
        "PythonSensor(task_id='t', python_callable=lambda ds: ds == '2026-03-01')",
        "TimeSensor(task_id='t', target_time=datetime.time(0, 0))",
        "TimeDeltaSensor(task_id='t', delta=timedelta(minutes=1))",
        "TimeDeltaSensor(task_id='t', delta=timedelta(minutes=1), deferrable=True)",
        "WaitSensor(task_id='t', time_to_wait=timedelta(milliseconds=10))",
        "WaitSensor(task_id='t', time_to_wait=timedelta(milliseconds=10), deferrable=True)",
        "DayOfWeekSensor(task_id='t', week_day='Sunday', use_task_logical_date=True)",
    ],
)
def test_sensors_that_find_what_they_wait_for(project: Project, sensor: str) -> None:
    assert outcome(run(project, sensor)) == ("success", "")


@pytest.mark.parametrize(
    "sensor",
    [
        "BashSensor(task_id='t', bash_command='exit 3', mode='reschedule')",
        "DateTimeSensor(task_id='t', target_time='2999-01-01T00:00:00+00:00', mode='reschedule')",
        "FileSensor(task_id='t', filepath='/nowhere/*', mode='reschedule')",
        "PythonSensor(task_id='t', python_callable=lambda: False, mode='reschedule')",
        "TimeDeltaSensor(task_id='t', delta=timedelta(days=99999), mode='reschedule')",
        "DayOfWeekSensor(task_id='t', week_day='Monday', use_task_logical_date=True, mode='reschedule')",
    ],
)
def test_sensors_that_do_not(project: Project, sensor: str) -> None:
    assert run(project, sensor).result["outcome"] == "up_for_reschedule"


def test_a_command_may_name_the_exit_code_for_another_look(project: Project) -> None:
    sensor = "BashSensor(task_id='t', bash_command='exit 4', retry_exit_code=3)"

    assert run(project, sensor).result["outcome"] == "failed_no_retry"


def test_a_decorated_sensor(project: Project) -> None:
    project.write(
        HEADER
        + """
with DAG("d"):
    @task.sensor(poke_interval=0.01)
    def t(value, ds=None):
        looks.append(value)
        return PokeReturnValue(is_done=len(looks) > 1, xcom_value=[ds, *looks])
    t("a")
"""
    )

    assert project.run("t").xcoms["return_value"] == ["2026-03-01", "a", "a"]


def test_a_deferred_task_goes_on_with_the_event(project: Project) -> None:
    ended = run(project, "Deferring(task_id='t', trigger=Soon(TriggerEvent({'rows': 2})))")

    assert ended.xcoms == {"return_value": [{"rows": 2}, 5, "t"]}


@pytest.mark.parametrize(
    ("deferral", "expected"),
    [
        ("Soon(error=ValueError('broken'))", ("failed", "TaskDeferralError: Trigger failure")),
        ("Soon()", ("failed", "TaskDeferralError: Trigger failure")),
        ("Soon(TriggerEvent(1), wait=60), timeout=0.05", ("failed", "TaskDeferralTimeout: Trigger timeout")),
        ("Soon(TaskSkippedEvent())", ("skipped", "The trigger skipped the task.")),
    ],
)
def test_how_a_deferral_may_end(project: Project, deferral: str, expected: tuple[str, str]) -> None:
    assert outcome(run(project, f"Deferring(task_id='t', trigger={deferral})")) == expected


def test_a_task_may_take_only_so_long_and_is_tried_again(project: Project) -> None:
    project.write(
        HEADER
        + """
with DAG("d"):
    @task(execution_timeout=timedelta(seconds=0.1))
    def t():
        import time
        try:
            time.sleep(60)
        except Exception:
            print("not an Exception")
        finally:
            print("cleaned up")
    t()
"""
    )

    ended = project.run("t")

    assert outcome(ended) == (
        "failed",
        "AirflowTaskTimeout: The task exceeded its execution timeout of 0.1 seconds.",
    )
    assert ended.printed() == ["cleaned up"]


def test_waiting_for_a_trigger_is_not_working_time(project: Project) -> None:
    deferral = "trigger=Soon(TriggerEvent(1), wait=0.4), execution_timeout=timedelta(seconds=0.2)"

    assert run(project, f"Deferring(task_id='t', {deferral})").result["outcome"] == "success"
