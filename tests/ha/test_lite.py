"""Lite on PostgreSQL: the same command, another record."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.driving import Machine
from tests.postgresql import PostgreSqlServer

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
DAG = """\
from airflow.sdk import DAG, task

with DAG("hello", schedule=None):

    @task
    def greet() -> str:
        print("hello from here")
        return "hello"

    greet()
"""


def test_a_run_from_an_empty_database_to_green(folder: Path, postgresql: PostgreSqlServer) -> None:
    url = postgresql.new_database()
    machine = Machine(folder=folder, environment={"LEOFLOW_DATABASE_URL": url})
    machine.project("hello", DAG)
    with machine.lite() as lite:
        lite.wait_for_dag("hello")
        run_id = lite.trigger("hello")
        assert lite.finish("hello", run_id) == "success", lite.describe("hello", run_id)
        assert "hello from here" in lite.log("hello", run_id, "greet")
        assert not machine.database.exists()
        reset = machine.leoflow("lite", "reset-password")
        assert reset.returncode == 0, reset.stderr
        assert "p%40ss" not in lite.said
