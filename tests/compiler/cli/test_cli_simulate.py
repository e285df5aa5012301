"""`leoflow simulate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.compiler.cli.cli_runner import Leoflow

DAG = """\
from airflow.sdk import DAG, task

with DAG("{name}", schedule="0 6 * * *", start_date=None, catchup=False):

    @task
    def extract():
        return 1

    @task(pool="db")
    def load(value):
        raise RuntimeError("a simulation executes nothing")

    load(extract())
"""
FROM = ("--from", "2026-03-02T00:00:00Z")
TWO_DAYS = """\
2026-03-02 00:00 to 2026-03-04 00:00 UTC: 4 runs, 8 task starts

DAG    RUNS  FAILED  UNFINISHED  MEAN    LONGEST  LONGEST QUEUED  LONGEST WAIT
one    2     0       0           11m     11m      0s              0s
other  2     0       0           21m     21m      0s              10m

RUN OF  AFTER (UTC)           START     END       TOOK  QUEUED  WAITED  STATE
one     Mon 2026-03-02 06:00  06:00:00  06:11:00  11m   0s      0s      success
other   Mon 2026-03-02 06:00  06:00:00  06:21:00  21m   0s      10m     success
one     Tue 2026-03-03 06:00  06:00:00  06:11:00  11m   0s      0s      success
other   Tue 2026-03-03 06:00  06:00:00  06:21:00  21m   0s      10m     success

POOL          SLOTS  PEAK  USED   FULL FOR
db            1      1     1.4 %  40m
default_pool  128    2     0.0 %  0s

WAITED AT  TASKS  IN ALL  LONGEST
pool db    2      20m     10m

Critical path of the longest run (other of 2026-03-02 06:00, 21m):
  extract  60s
  load  10m, after 10m without a slot
"""


@pytest.fixture
def projects(leoflow: Leoflow) -> None:
    for name in ("one", "other"):
        folder = Path("dags", name)
        folder.mkdir(parents=True)
        (folder / "leoflow.yaml").write_text(f"dag_id: {name}\n")
        (folder / "dag.py").write_text(DAG.format(name=name))
    Path("durations.json").write_text('{"load": 600, "extract": 60}')


@pytest.mark.usefixtures("projects")
def test_two_dags_that_share_a_pool_for_two_days(leoflow: Leoflow) -> None:
    done = leoflow(
        "simulate", "dags", *FROM, "--days", "2", "--pool", "db=1", "--durations", "durations.json"
    )

    assert [line.split() for line in done.out.splitlines()] == [
        line.split() for line in TWO_DAYS.splitlines()
    ]
    assert (done.status, done.err) == (0, "")


@pytest.mark.usefixtures("projects")
def test_json_for_programs(leoflow: Leoflow) -> None:
    done = leoflow("simulate", "dags/one", *FROM, "--days", "1", "--start-seconds", "5", "--json")

    shown = json.loads(done.out)
    (run,) = shown["runs"]
    assert (run["start"], run["end"]) == ("2026-03-02T06:00:00+00:00", "2026-03-02T06:02:10+00:00")
    assert [step["task_id"] for step in run["critical_path"]] == ["extract", "load"]
    assert {pool["name"]: pool["slots"] for pool in shown["pools"]} == {"db": -1, "default_pool": 128}


@pytest.mark.usefixtures("projects")
def test_a_document_needs_no_project(leoflow: Leoflow) -> None:
    leoflow("compile", "dags/one", "-o", "dag.json")

    assert "2 runs" in leoflow("simulate", "dag.json", *FROM, "--days", "2").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--pool", "db"), "--pool takes NAME=SLOTS such as db=4, not 'db'"),
        (("--pool", "db=-3"), "--pool takes NAME=SLOTS such as db=4, not 'db=-3'"),
        (("--durations", "none.json"), "'none.json' cannot be read: No such file or directory"),
        (("--durations", "dags/one/dag.py"), "'dags/one/dag.py' is not JSON: "),
        (("--from", "2026-03-02T00:00:00"), "'2026-03-02T00:00:00' has no offset; write"),
    ],
)
@pytest.mark.usefixtures("projects")
def test_a_mistake_is_one_sentence(leoflow: Leoflow, arguments: tuple[str, ...], said: str) -> None:
    done = leoflow("simulate", "dags/one", *arguments)

    assert done.status == 2
    assert done.err.splitlines()[0].startswith(f"error: {said}")


@pytest.mark.usefixtures("projects")
def test_names_that_no_task_has_are_told(leoflow: Leoflow) -> None:
    done = leoflow("simulate", "dags/one", *FROM, "--days", "0", "--durations", "durations.json")
    assert done.err == ""
    Path("durations.json").write_text('{"lod": 1}')
    done = leoflow("simulate", "dags/one", *FROM, "--days", "0", "--durations", "durations.json")
    assert done.err == "note: durations.json names no task of these DAGs: lod\n"
