"""`leoflow diff`: projects, documents, revisions of git."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from leoflow_compiler.diff.changes import Change, changes
from tests.compiler.cli.cli_runner import Leoflow

DAG = """\
from datetime import datetime

from airflow.sdk import DAG, task

with DAG("sales", schedule={schedule!r}, start_date=datetime(2026, 1, 1), description={description!r}):

    @task(retries={retries})
    def extract():
        return 1

    @task
    def {second}(x):
        return x

    {second}(extract())
"""
FIRST = {"schedule": "@daily", "description": "one", "retries": 1, "second": "load"}


def write(**values: object) -> None:
    Path("sales").mkdir(exist_ok=True)
    Path("sales/leoflow.yaml").write_text("dag_id: sales\n")
    Path("sales/dag.py").write_text(DAG.format(**{**FIRST, **values}))


def git(*arguments: str) -> None:
    author = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *author, *arguments], check=True, capture_output=True, timeout=60)


def test_a_revision_against_the_work_tree(leoflow: Leoflow) -> None:
    write()
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    write(schedule="@hourly", retries=3, second="store")

    done = leoflow("diff", "HEAD:sales", "sales")

    assert done.status == 1
    assert "~ DAG schedule: @daily → @hourly" in done.out
    assert "- task `load`" in done.out
    assert "+ task `store`" in done.out
    assert "~ task `extract` retries: 1 → 3" in done.out
    assert "next run before:" in done.out


def test_what_only_looks_otherwise_is_told_apart(leoflow: Leoflow) -> None:
    write()
    leoflow("compile", "sales", "-o", "old.json")
    write(description="two")

    done = leoflow("diff", "old.json", "sales", "--format", "json")

    found = json.loads(done.out)["changes"]
    assert {one["field"] for one in found} == {"description", "files", "source"}
    assert all(one["is_cosmetic"] for one in found)


def test_the_same_says_nothing(leoflow: Leoflow) -> None:
    write()

    done = leoflow("diff", "sales", "sales")

    assert (done.status, done.out) == (0, "")


def test_what_cannot_be_compared_is_misuse(leoflow: Leoflow) -> None:
    write()
    Path("broken.json").write_text("{}")

    assert leoflow("diff", "broken.json", "sales").status == 2
    assert leoflow("diff", "no-such-revision:sales", "sales").status == 2
    write(retries="-1")
    assert "does not compile" in leoflow("diff", "sales", "sales").err


def test_edges_and_needs_are_changes_of_their_own() -> None:
    tasks = [{"task_id": "a", "type": "empty"}, {"task_id": "b", "type": "empty"}]
    before = {"dag_id": "d", "tasks": tasks, "requires": {"connections": ["old"]}}
    after = {
        "dag_id": "d",
        "tasks": [tasks[0], tasks[1] | {"depends_on": ["a"]}],
        "requires": {"connections": ["new"], "variables": ["v"]},
    }

    assert changes(before, after) == (
        Change(kind="added", subject="connection `new`"),
        Change(kind="removed", subject="connection `old`"),
        Change(kind="added", subject="variable `v`"),
        Change(kind="added", subject="edge `a` → `b`"),
    )
