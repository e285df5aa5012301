"""push, dags and runs against a fake control plane."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.client.fake_control_plane import FakeControlPlane

DOCUMENT = {
    "schema_version": "1.0",
    "dag_id": "sales",
    "dag_version": "abc",
    "tasks": [{"task_id": "a", "type": "empty"}],
}


def test_push_registers_once(leoflow, fake: FakeControlPlane) -> None:
    Path("dag.json").write_text(json.dumps(DOCUMENT))
    assert leoflow("push", "dag.json").out == f"Registered sales version 1 (abc) with {fake.url}\n"
    assert (
        leoflow("push", "dag.json").out
        == f"Known already, and current: sales version 1 (abc) with {fake.url}\n"
    )
    assert json.loads(leoflow("push", "dag.json", "--json").out)["created"] is False
    assert fake.requests[0].body == DOCUMENT


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "'dag.json' is not JSON"),
        ("[]", "'dag.json' is no valid dag.json: $: [] is not of type 'object'"),
        (
            json.dumps({**DOCUMENT, "tasks": [{"task_id": "a", "type": "empty", "depends_on": ["b"]}]}),
            "'dag.json' is no valid dag.json: task 'a' depends on 'b', which does not exist",
        ),
    ],
    ids=["syntax", "schema", "meaning"],
)
def test_what_is_no_dag_json_never_leaves_the_machine(
    leoflow, fake: FakeControlPlane, content: str, sentence: str
) -> None:
    Path("dag.json").write_text(content)
    done = leoflow("push", "dag.json")
    assert done.status == 1
    assert done.err.startswith(f"error: {sentence}")
    assert fake.requests == []


def test_dags_are_listed_page_by_page(leoflow, fake: FakeControlPlane) -> None:
    for name in ("a", "b", "c"):
        fake.add_dag(name, is_paused=name == "b")
    assert leoflow("dags", "list").out == (
        "DAG    PAUSED  SCHEDULE  TAGS\n"
        "a      no      -         -\n"
        "b      yes     -         -\n"
        "c      no      -         -\n"
        "sales  no      @daily    example\n"
    )
    assert [dag["dag_id"] for dag in json.loads(leoflow("dags", "list", "--json").out)] == [
        "a",
        "b",
        "c",
        "sales",
    ]


def test_pause_and_unpause(leoflow, fake: FakeControlPlane) -> None:
    assert leoflow("dags", "pause", "sales").out == "sales is paused\n"
    assert fake.dags["sales"]["is_paused"] is True
    assert leoflow("dags", "unpause", "sales").out == "sales is active\n"
    assert fake.dags["sales"]["is_paused"] is False
    assert leoflow("dags", "pause", "nope").err == f"error: {fake.url} knows no DAG 'nope'\n"


def test_delete_asks_first(leoflow, fake: FakeControlPlane) -> None:
    done = leoflow("dags", "delete", "sales", stdin="y\n")
    assert (done.status, done.err) == (
        2,
        "error: deleting asks first, and this is not a terminal: use --yes\n",
    )
    assert "sales" in fake.dags
    assert leoflow("dags", "delete", "sales", "--yes").out == "Deleted sales\n"
    assert "sales" not in fake.dags


def test_trigger_sends_what_was_given(leoflow, fake: FakeControlPlane) -> None:
    Path("conf.json").write_text('{"day": 1}')
    when = "2026-01-31T00:00:00Z"
    given = ("--conf", "@conf.json", "--run-id", "r 1/x", "--logical-date", when)
    done = leoflow("runs", "trigger", "sales", *given)
    assert (done.status, done.out) == (0, "r 1/x\tqueued\n")
    assert fake.requests[-1].body == {
        "conf": {"day": 1},
        "dag_run_id": "r 1/x",
        "logical_date": "2026-01-31T00:00:00+00:00",
    }
    assert leoflow("runs", "status", "sales", "r 1/x").out == "r 1/x\tqueued\n"
    done = leoflow("runs", "trigger", "sales", "--run-id", "r 1/x")
    assert done.status == 1
    assert "in conflict" in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--conf", "{"], "--conf is not JSON"),
        (["--conf", "[1]"], '--conf must be a JSON object such as {"key": 1}'),
        (["--conf", "@gone.json"], "'gone.json' cannot be read: No such file or directory"),
        (["--logical-date", "tomorrow"], "'tomorrow' is no time such as 2026-01-31T00:00:00Z"),
        (["--logical-date", "2026-01-31T00:00:00"], "'2026-01-31T00:00:00' has no offset"),
        (["--timeout", "3"], "--timeout only makes sense with --wait or --follow"),
    ],
)
def test_wrong_values_never_leave_the_machine(
    leoflow, fake: FakeControlPlane, arguments: list[str], sentence: str
) -> None:
    done = leoflow("runs", "trigger", "sales", *arguments)
    assert done.status == 2
    assert done.err.startswith(f"error: {sentence}")
    assert fake.requests == []


def ends_after(fake: FakeControlPlane, looks: int, state: str) -> None:
    """The run ends with `state` when it is looked at for the n-th time."""
    seen: list[dict[str, Any]] = []

    def look(run: dict[str, Any]) -> None:
        seen.append(run)
        run["state"] = state if len(seen) >= looks else "running"

    fake.on_run_read = look


@pytest.mark.parametrize(("state", "status"), [("success", 0), ("failed", 1)])
def test_waiting_ends_with_the_run_and_tells_by_its_status(
    leoflow, fake: FakeControlPlane, state: str, status: int
) -> None:
    ends_after(fake, 2, state)
    done = leoflow("runs", "trigger", "sales", "--wait")
    assert (done.status, done.out, done.err) == (status, f"manual__1\t{state}\n", "Triggered manual__1\n")


def test_waiting_has_a_limit(leoflow, fake: FakeControlPlane) -> None:
    done = leoflow("runs", "trigger", "sales", "--wait", "--timeout", "0")
    assert done.status == 1
    assert "error: run 'manual__1' is still queued after 0 seconds\n" in done.err


def test_waiting_for_a_paused_dag_says_so(leoflow, fake: FakeControlPlane) -> None:
    fake.add_dag("sales", is_paused=True)
    done = leoflow("runs", "trigger", "sales", "--wait", "--timeout", "0")
    assert "note: sales is paused; `leoflow dags unpause sales` lets it run\n" in done.err


def test_follow_prints_each_line_once_as_it_comes(leoflow, fake: FakeControlPlane) -> None:
    def progress(run: dict[str, Any]) -> None:
        key = ("sales", "manual__1")
        if run["state"] == "queued":
            run["state"] = "running"
            fake.add_task(*key, "extract", "running", "begin")
        elif not fake.instances[key][1:]:
            fake.logs[*key, "extract", 1].append({"event": "end"})
            fake.instances[key][0]["state"] = "success"
            fake.add_task(*key, "load", "success", *(f"row {number}" for number in range(5)))
        else:
            run["state"] = "success"

    fake.on_run_read = progress
    done = leoflow("runs", "trigger", "sales", "--follow")
    assert done.status == 0
    rows = "".join(f"[load] row {number}\n" for number in range(5))
    assert done.out == f"[extract] begin\n[extract] end\n{rows}manual__1\tsuccess\n"


def test_status_of_the_newest_run_with_its_tasks(leoflow, fake: FakeControlPlane) -> None:
    assert leoflow("runs", "status", "sales").err == (
        "error: DAG 'sales' has no runs yet\nhint: `leoflow runs trigger sales` makes one\n"
    )
    fake.add_run("sales", "old", "success")
    fake.add_run("sales", "new", "failed")
    fake.add_task("sales", "new", "extract", "success")
    fake.add_task("sales", "new", "load", "failed", tries=3)
    assert leoflow("runs", "status", "sales").out == (
        "new\tfailed\n"
        "TASK     STATE    TRY  SECONDS\n"
        "extract  success  1    1.2\n"
        "load     failed   3    1.2\n"
    )
    as_json = json.loads(leoflow("runs", "status", "sales", "old", "--json").out)
    assert (as_json["state"], as_json["task_instances"]) == ("success", [])
    assert (
        leoflow("runs", "status", "sales", "x").err == f"error: {fake.url} knows no run 'x' of DAG 'sales'\n"
    )


def test_what_tasks_wait_for(leoflow, fake: FakeControlPlane) -> None:
    fake.add_run("sales", "r", "running")
    fake.add_task("sales", "r", "extract", "success")
    fake.add_task("sales", "r", "load", None, tries=0)
    fake.waits["load"] = [{"name": "Pool Slots Available", "reason": "It waits at pool db: 1 of 1."}]
    assert leoflow("runs", "explain", "sales", "latest").out == (
        "r\trunning\nload  not begun\n  Pool Slots Available: It waits at pool db: 1 of 1.\n"
    )
    assert leoflow("runs", "explain", "sales", "r", "extract").out.endswith(
        "extract  success  waits for nothing\n"
    )
    (told,) = json.loads(leoflow("runs", "explain", "sales", "r", "load", "--json").out)
    assert (told["state"], told["waits_for"]) == (None, fake.waits["load"])
    assert leoflow("runs", "explain", "sales", "r", "--map-index", "1").status == 2
    assert leoflow("runs", "explain", "sales", "r", "none").status == 2


def test_of_a_mapped_task_each_instance_is_explained(leoflow, fake: FakeControlPlane) -> None:
    fake.add_run("sales", "r", "running")
    for index in range(60):
        fake.add_task("sales", "r", "each", None, tries=0)["map_index"] = index
    fake.waits["each[7]"] = [{"name": "Task Concurrency", "reason": "It waits."}]
    done = leoflow("runs", "explain", "sales", "r")
    assert "each[7]  not begun\n  Task Concurrency: It waits.\n" in done.out
    assert done.out.endswith("… and 10 more task instances; name a task to see them\n")
    assert leoflow("runs", "explain", "sales", "r", "each", "--map-index", "7").out.count("each[") == 1


def test_runs_are_listed(leoflow, fake: FakeControlPlane) -> None:
    assert leoflow("runs", "list", "sales").out == "sales has no runs\n"
    fake.add_run(
        "sales", "r1", "success", start_date="2026-01-01T00:00:00Z", end_date="2026-01-01T00:00:03.5Z"
    )
    assert leoflow("runs", "list", "sales").out == (
        "RUN  STATE    STARTED               SECONDS\nr1   success  2026-01-01T00:00:00Z  3.5\n"
    )


def test_logs_of_a_run_of_a_task_and_of_a_try(leoflow, fake: FakeControlPlane) -> None:
    fake.add_run("sales", "r1", "failed")
    fake.add_task("sales", "r1", "extract", "success", "from extract")
    fake.add_task("sales", "r1", "load", "failed", "second", tries=2)
    fake.logs["sales", "r1", "load", 1] = [
        {
            "event": "Task failed with exception",
            "error_detail": [{"exc_type": "ValueError", "exc_value": "no rows", "frames": []}],
        }
    ]
    fake.add_task("sales", "r1", "never", "upstream_failed", tries=0)
    assert leoflow("runs", "logs", "sales", "latest").out == (
        "[extract] from extract\n"
        "[load] Task failed with exception\n"
        "[load] ValueError: no rows\n"
        "[load] second\n"
    )
    assert leoflow("runs", "logs", "sales", "r1", "load", "--try", "2").out == "second\n"
    assert json.loads(leoflow("runs", "logs", "sales", "r1", "extract", "--json").out) == {
        "task_id": "extract",
        "map_index": -1,
        "try_number": 1,
        "event": "from extract",
        "level": "info",
    }
    assert leoflow("runs", "logs", "sales", "r1", "nope").err == (
        "error: run 'r1' of DAG 'sales' has no task 'nope'\n"
    )


def test_following_the_logs_of_a_failed_run_ends_with_status_1(leoflow, fake: FakeControlPlane) -> None:
    fake.add_run("sales", "r1", "failed")
    fake.add_task("sales", "r1", "load", "failed", "oh")
    done = leoflow("runs", "logs", "sales", "r1", "--follow")
    assert (done.status, done.out) == (1, "[load] oh\n")
