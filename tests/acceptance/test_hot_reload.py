"""Saves in the workspace, and what becomes of them."""

from __future__ import annotations

import shutil
import time

import pytest

from tests.acceptance.driving import Lite, Machine, until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

DAG = """\
from airflow.sdk import DAG, task
{imports}
with DAG("{dag_id}", schedule=None):

    @task
    def say() -> str:
        return {value}

    say()
"""


def dag(dag_id: str, value: str = "'one'", imports: str = "") -> str:
    return DAG.format(dag_id=dag_id, value=value, imports=imports)


def result(lite: Lite, dag_id: str) -> object:
    run_id = lite.trigger(dag_id)
    assert lite.finish(dag_id, run_id) == "success", lite.describe(dag_id, run_id)
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/say/xcomEntries/return_value"
    return lite.get(path + "?deserialize=true")["value"]


def test_a_save_is_the_next_runs_version(lite: Lite, shared_machine: Machine) -> None:
    folder = shared_machine.project("saved", dag("saved"))
    lite.wait_for_dag("saved")
    assert result(lite, "saved") == "one"
    (folder / "dag.py").write_text(dag("saved", "'two'"))
    until(lambda: len(lite.versions("saved")) == 2, "a second version", seconds=10)
    assert result(lite, "saved") == "two"


def test_the_same_content_makes_no_new_version(lite: Lite, shared_machine: Machine) -> None:
    folder = shared_machine.project("same", dag("same"))
    lite.wait_for_dag("same")
    said = len(lite.said)
    (folder / "dag.py").write_text(dag("same"))
    until(lambda: "same" in lite.said[said:], "it was compiled again", seconds=10)
    assert "unchanged" in lite.said[said:]
    assert len(lite.versions("same")) == 1


def test_a_sibling_file_belongs_to_the_version(lite: Lite, shared_machine: Machine) -> None:
    folder = shared_machine.project("sibling", dag("sibling", "words.WORD", "import words\n"))
    (folder / "words.py").write_text("WORD = 'first'\n")
    lite.wait_for_dag("sibling")
    until(lambda: not lite.import_errors(), "no import error", seconds=10)
    assert result(lite, "sibling") == "first"
    before = len(lite.versions("sibling"))
    (folder / "words.py").write_text("WORD = 'second'\n")
    until(lambda: len(lite.versions("sibling")) > before, "a new version", seconds=10)
    assert result(lite, "sibling") == "second"


def test_a_broken_save_shows_and_the_last_good_version_runs(lite: Lite, shared_machine: Machine) -> None:
    folder = shared_machine.project("fragile", dag("fragile"))
    lite.wait_for_dag("fragile")
    (folder / "dag.py").write_text(dag("fragile") + "\nwhile True\n")

    def complaint() -> str | None:
        texts = [e["stack_trace"] for e in lite.import_errors() if e["filename"].startswith("fragile/")]
        return texts[0] if texts else None

    text = until(complaint, "an import error", seconds=10)
    assert "dag.py" in text
    assert "Traceback" not in text
    assert result(lite, "fragile") == "one"
    (folder / "dag.py").write_text(dag("fragile", "'mended'"))
    until(lambda: complaint() is None, "the import error is gone", seconds=10)
    assert result(lite, "fragile") == "mended"


def test_a_removed_project_runs_no_more_and_keeps_its_history(lite: Lite, shared_machine: Machine) -> None:
    folder = shared_machine.project("brief", dag("brief"))
    lite.wait_for_dag("brief")
    result(lite, "brief")
    shutil.rmtree(folder)
    until(lambda: lite.get("/api/v2/dags/brief")["is_stale"], "it is stale", seconds=10)
    assert lite.get("/api/v2/dags/brief/dagRuns")["total_entries"] == 1
    shared_machine.project("brief", dag("brief"))
    until(lambda: not lite.get("/api/v2/dags/brief")["is_stale"], "it is back", seconds=10)


def test_two_projects_with_one_id_are_both_named(lite: Lite, shared_machine: Machine) -> None:
    shared_machine.project("twin_a", dag("twin"), dag_id="twin")
    lite.wait_for_dag("twin")
    second = shared_machine.project("twin_b", dag("twin", "'other'"), dag_id="twin")

    def complaint() -> str | None:
        texts = [e["stack_trace"] for e in lite.import_errors() if e["filename"].startswith("twin_b/")]
        return texts[0] if texts else None

    text = until(complaint, "an import error", seconds=10)
    assert "twin_a" in text
    assert "twin_b" in text
    assert result(lite, "twin") == "one"
    shutil.rmtree(second)
    until(lambda: complaint() is None, "the import error is gone", seconds=10)


def test_missing_packages_are_named_and_the_dag_is_there(lite: Lite, shared_machine: Machine) -> None:
    more = "dependencies:\n  - no-such-package-anywhere>=1\n"
    shared_machine.project("needy", dag("needy"), more=more)
    lite.wait_for_dag("needy")
    texts = until(
        lambda: [e["stack_trace"] for e in lite.import_errors() if e["filename"].startswith("needy/")],
        "an import error",
        seconds=10,
    )
    assert "no-such-package-anywhere>=1 (not installed)" in texts[0]


@pytest.mark.alone
def test_a_save_is_noticed_at_once(lite: Lite, shared_machine: Machine) -> None:
    folder = shared_machine.project("quick", dag("quick"))
    lite.wait_for_dag("quick")
    begin = time.monotonic()
    (folder / "dag.py").write_text(dag("quick", "'again'"))
    until(lambda: len(lite.versions("quick")) == 2, "a second version", seconds=10)
    # Mostly the compiler's own start; generous, because the machine is shared.
    assert time.monotonic() - begin < 5


FILTERED = """\
from airflow.sdk import DAG, task

with DAG("ahead"):

    @task
    def f(x):
        return x

    @task
    def numbers():
        return [1, 2]

    f.expand(x=numbers().filter(bool))
"""


def test_what_this_release_does_not_run_is_refused_by_name(lite: Lite, shared_machine: Machine) -> None:
    shared_machine.project("ahead", dag("ahead"))
    lite.wait_for_dag("ahead")
    (shared_machine.workspace / "ahead" / "dag.py").write_text(FILTERED)

    def complaint() -> str | None:
        texts = [e["stack_trace"] for e in lite.import_errors() if e["filename"].startswith("ahead/")]
        return texts[0] if texts else None

    text = until(complaint, "an import error", seconds=20)

    assert "does not run yet: mapping over `.filter(…)` (task `f`)" in text
    assert len(lite.versions("ahead")) == 1
    assert result(lite, "ahead") == "one"
