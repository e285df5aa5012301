"""Operators of the standard provider, run for real."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from .task_process import Ended, Project

HEADER = """
import datetime
from airflow.sdk import DAG, task
from airflow.exceptions import *
from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import (
    BranchExternalPythonOperator, ExternalPythonOperator, PythonVirtualenvOperator,
)
from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator
"""


def run(project: Project, body: str, **launch: Any) -> Ended:
    project.write(HEADER + "with DAG('d') as dag:\n    " + body.replace("\n", "\n    "))
    return project.run("t", **launch)


def test_a_decorated_command_is_rendered_and_run(project: Project) -> None:
    ended = run(
        project,
        """
        @task.bash(env={"WHO": "{{ run_id }}"})
        def t(n):
            return f"echo {n} $WHO {{{{ ds }}}}"
        t(3)
        """,
    )

    assert ended.xcoms == {"return_value": "3 run-1 2026-03-01"}


def test_a_decorated_command_that_is_none(project: Project) -> None:
    ended = run(
        project,
        """
        @task.bash
        def t(): return 5
        t()
        """,
    )

    assert ended.result["message"].startswith("TypeError: The returned value from the TaskFlow callable")


@pytest.mark.parametrize(
    ("bounds", "skipped"),
    [
        ("target_lower=datetime.time(4), target_upper=datetime.time(5)", ["no"]),
        ("target_lower=datetime.time(23), target_upper=datetime.time(5)", ["yes"]),
        ("target_lower=datetime.time(3), target_upper=datetime.time(1)", ["no"]),
        ("target_lower=None, target_upper=datetime.datetime(2026, 2, 1)", ["yes"]),
        ("target_lower=datetime.datetime(2026, 2, 1), target_upper=None", ["no"]),
    ],
)
def test_branching_by_time(project: Project, bounds: str, skipped: list[str]) -> None:
    """The run's logical date is 2026-03-01 04:05:06 UTC."""
    ended = run(
        project,
        f"""
        branch = BranchDateTimeOperator(
            task_id="t", follow_task_ids_if_true="yes", follow_task_ids_if_false=["no"],
            use_task_logical_date=True, {bounds},
        )
        branch >> [EmptyOperator(task_id="yes"), EmptyOperator(task_id="no")]
        """,
    )

    assert ended.result["skip_task_ids"] == skipped


@pytest.mark.parametrize(("day", "skipped"), [("'Sunday'", ["no"]), ("{'Monday', 'Friday'}", ["yes"])])
def test_branching_by_weekday(project: Project, day: str, skipped: list[str]) -> None:
    ended = run(
        project,
        f"""
        branch = BranchDayOfWeekOperator(
            task_id="t", follow_task_ids_if_true="yes", follow_task_ids_if_false="no",
            week_day={day}, use_task_logical_date=True,
        )
        branch >> [EmptyOperator(task_id="yes"), EmptyOperator(task_id="no")]
        """,
    )

    assert ended.result["skip_task_ids"] == skipped


def test_another_interpreter_gets_the_source_and_the_arguments(project: Project) -> None:
    ended = run(
        project,
        f"""
        @task.external_python(python={sys.executable!r}, string_args=["x"])
        def t(rows: "not.defined.here", ds=None):
            import sys
            print("elsewhere")
            return [rows, ds, virtualenv_string_args, "airflow" in sys.modules]
        t((1, 2))
        """,
    )

    assert ended.xcoms == {"return_value": [[1, 2], "2026-03-01", ["x"], False]}
    assert ended.raw_lines == ["elsewhere"]


@pytest.mark.parametrize(
    ("body", "more", "expected"),
    [
        ("raise ValueError('bad rows')", "", ("failed", "returned non-zero exit status 1")),
        ("import sys; sys.exit(42)", "skip_on_exit_code=42, ", ("skipped", "exited with code 42")),
    ],
)
def test_how_it_may_end(project: Project, body: str, more: str, expected: tuple[str, str]) -> None:
    ended = run(
        project,
        f"""
        def work():
            {body}
        ExternalPythonOperator(task_id="t", python={sys.executable!r}, {more}python_callable=work)
        """,
    )

    assert ended.result["outcome"] == expected[0]
    assert expected[1] in ended.result["message"]


def test_branching_from_another_interpreter(project: Project) -> None:
    ended = run(
        project,
        f"""
        def choose(way): return way
        branch = BranchExternalPythonOperator(
            task_id="t", python={sys.executable!r}, python_callable=choose, op_args=["yes"]
        )
        branch >> [EmptyOperator(task_id="yes"), EmptyOperator(task_id="no")]
        """,
    )

    assert ended.result["skip_task_ids"] == ["no"]


def test_an_environment_is_made_for_a_task_and_thrown_away(project: Project) -> None:
    ended = run(
        project,
        """
        @task.virtualenv(system_site_packages=False)
        def t():
            import os, sys
            return [sys.prefix != sys.base_prefix, os.path.basename(sys.prefix)[:5]]
        t()
        """,
    )

    assert ended.xcoms == {"return_value": [True, "venv-"]}


def test_an_environment_may_be_kept(project: Project) -> None:
    kept = project.folder.parent / "kept"
    body = f"""
        @task.virtualenv(system_site_packages=False, venv_cache_path={str(kept)!r})
        def t():
            import sys
            return sys.prefix
        t()
        """

    first, second = run(project, body), project.run("t")

    assert first.xcoms == second.xcoms
    assert first.xcoms["return_value"].startswith(str(kept))


def test_requirements_that_cannot_be_had(project: Project) -> None:
    ended = run(
        project,
        """
        @task.virtualenv(requirements=["no-such-thing==1"], pip_install_options=["--no-index"])
        def t(): ...
        t()
        """,
    )

    assert ended.result["message"] == (
        "AirflowException: The virtual environment cannot be made (exit status 1)."
    )


def test_native_rendering_gives_values(project: Project) -> None:
    project.write(
        """
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.python import PythonOperator
        with DAG("d", render_template_as_native_obj=True):
            PythonOperator(
                task_id="t", python_callable=lambda n, day: [n + 1, day.year],
                op_kwargs={"n": "{{ 20 + 1 }}", "day": "{{ logical_date }}"},
            )
        """
    )

    assert project.run("t").xcoms == {"return_value": [22, 2026]}
