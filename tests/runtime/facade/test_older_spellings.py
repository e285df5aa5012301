"""Airflow 2's spellings: there for files that need them, and not for those that ask in a `try`.

The compiler and the façade must decide alike, or a task's process would build another DAG.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.models import airflow2
from leoflow_runtime.child import dialect

from .building import edges
from .test_agreement import agree, inline  # noqa: F401

assert dialect.FACADE

IN_A_TRY = {
    "a module": "from airflow.operators.dummy import DummyOperator",
    "a module by its name alone": "import airflow.operators.python_operator",
    "a module of the package": "from airflow.hooks import base_hook",
    "a module beside the packages": "from airflow.datasets import Dataset",
    "a function": "from airflow.utils.dates import days_ago",
    "an argument of a DAG": "DAG('o', schedule_interval='@daily')",
    "an argument of a task": "EmptyOperator(task_id='o', task_concurrency=1)",
    "a trigger rule": "EmptyOperator(task_id='o', trigger_rule='dummy')",
}
HEADER = """
from contextlib import suppress
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
found = "three"
"""
DAG = "\nwith DAG('d'):\n    EmptyOperator(task_id=found)\n"
WAYS = {
    "try": "try:\n    {}\n    found = 'two'\nexcept Exception:\n    pass\n",
    "suppress": "with suppress(Exception):\n    {}\n    found = 'two'\n",
    "a function called in a try": (
        "def look():\n    {}\n    return 'two'\ntry:\n    found = look()\nexcept Exception:\n    pass\n"
    ),
    "a try in a function": (
        "def look():\n    try:\n        {}\n        return 'two'\n    except Exception:\n"
        "        return 'three'\nfound = look()\n"
    ),
}
NOT_WAYS = {
    "in the open": "{}\nfound = 'two'\n",
    "a try that catches nothing": "try:\n    {}\n    found = 'two'\nfinally:\n    pass\n",
    "in a handler": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    {}\n    found = 'two'\n",
    "a function made in a try": (
        "try:\n    def look():\n        {}\n        return 'two'\nexcept Exception:\n    pass\n"
        "found = look()\n"
    ),
}


def write(folder: Path, source: str) -> None:
    (folder / "dag.py").write_text(HEADER + source + DAG)
    (folder / "leoflow.yaml").write_text('schema_version: "1.0"\ndag_id: d\n')


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", IN_A_TRY)
def test_what_airflow_3_has_not_fails_in_a_try(what: str, way: str, tmp_path: Path) -> None:
    write(tmp_path, WAYS[way].format(IN_A_TRY[what]))

    assert agree(tmp_path).dag.task_ids == ["three"]


@pytest.mark.parametrize("way", NOT_WAYS)
@pytest.mark.parametrize("what", IN_A_TRY)
def test_and_is_there_outside_of_one(what: str, way: str, tmp_path: Path) -> None:
    source = NOT_WAYS[way].format(IN_A_TRY[what])
    write(tmp_path, source.replace("EmptyOperator(task_id='o'", "EmptyOperator(task_id='o', dag=DAG('o')"))

    assert agree(tmp_path).dag.task_ids == ["two"]


def test_what_airflow_3_still_has_is_there_in_a_try(tmp_path: Path) -> None:
    write(tmp_path, WAYS["try"].format("from airflow.operators.bash import BashOperator"))

    assert agree(tmp_path).dag.task_ids == ["two"]


def test_a_module_that_is_imported_in_a_try_is_in_the_try(tmp_path: Path) -> None:
    (tmp_path / "older.py").write_text("from airflow.operators.bash_operator import BashOperator\n")
    write(tmp_path, WAYS["try"].format("import older"))

    assert agree(tmp_path).dag.task_ids == ["three"]


def test_every_name_of_a_newer_module_is_there_under_the_older_path(tmp_path: Path) -> None:
    source = (
        "from airflow.operators.python_operator import *\n"
        "from airflow.operators.dummy import DummyOperator, EmptyOperator\n"
        "from airflow.sensors.base_sensor_operator import BaseSensorOperator\n"
        "from airflow.sdk import DAG\n"
        "with DAG('d', schedule_interval=None):\n"
        "    DummyOperator(task_id='a') >> PythonOperator(task_id='b', python_callable=print)\n"
        "assert DummyOperator is EmptyOperator\n"
    )

    assert edges(source, tmp_path) == {"a": [], "b": ["a"]}


def test_the_compiler_has_the_same_table() -> None:
    from airflow import _older_paths  # type: ignore[import-not-found]

    packages = ("airflow.operators.", "airflow.sensors.", "airflow.hooks.")
    known = {old: new for old, new in airflow2.MODULES.items() if old.startswith(packages)}
    assert {old for old in known if airflow2.is_gone(old)} == _older_paths.GONE.keys()
    # The base of sensors is a module of its own.
    assert known == {**_older_paths.KEPT, **_older_paths.GONE, "airflow.sensors.base": "airflow.sdk"}
