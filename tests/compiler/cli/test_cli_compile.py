"""`leoflow compile`, `validate` and `graph` from outside."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leoflow_runtime.artifact import canonical_bytes, check_document
from tests.compiler.cli.cli_runner import Leoflow


def test_a_project_becomes_its_dag_json(leoflow: Leoflow, hello: Path) -> None:
    done = leoflow("compile", "hello")
    assert done.status == 0
    data = (hello / "dag.json").read_bytes()
    document = json.loads(data)
    check_document(document)
    assert data == canonical_bytes(document)
    assert done.out == f"hello: hello/dag.json (hello {document['dag_version']}, 2 tasks)\n"
    assert leoflow("compile", "hello").out.endswith("2 tasks, unchanged)\n")
    assert [task["task_id"] for task in document["tasks"]] == ["greet", "shout"]


def test_standard_output_holds_the_document_alone(leoflow: Leoflow, hello: Path) -> None:
    done = leoflow("compile", "hello", "-o", "-", "--format", "json")
    assert json.loads(done.out)["dag_id"] == "hello"
    assert json.loads(done.err)["errors"] == 0
    assert not (hello / "dag.json").exists()


def test_a_workspace_compiles_each_project_into_its_own_folder(leoflow: Leoflow, hello: Path) -> None:
    leoflow("init", "other")
    assert leoflow("compile").status == 0
    assert Path("hello/dag.json").exists()
    assert Path("other/dag.json").exists()
    done = leoflow("compile", "-o", "x.json")
    assert (done.status, done.err) == (2, "error: -o names one file, there are 2 projects\n")


def test_all_problems_of_all_projects_at_once_and_the_old_result_stays(leoflow: Leoflow, hello: Path) -> None:
    leoflow("compile")
    before = (hello / "dag.json").read_bytes()
    (hello / "leoflow.yaml").write_text("dag_id: hello\nowne: me\ntags: x\n")
    leoflow("init", "good")
    Path("bad").mkdir()
    Path("bad/leoflow.yaml").write_text("dag_id: [\n")

    done = leoflow("compile")

    assert done.status == 1
    assert [line for line in done.err.splitlines() if " --> " in line] == [
        " --> bad/leoflow.yaml:2:1",
        " --> hello/leoflow.yaml:2:1",
        " --> hello/leoflow.yaml:3:7",
    ]
    assert done.err.endswith("3 errors in 2 of 3 projects\n")
    assert Path("good/dag.json").exists()
    assert (hello / "dag.json").read_bytes() == before


def test_two_projects_with_one_id_are_refused(leoflow: Leoflow, hello: Path) -> None:
    leoflow("init", "a/hello")
    done = leoflow("validate")
    assert done.status == 1
    assert "error[LF016]: the dag_id `hello` is already used by a/hello" in done.err


def test_the_report_for_programs(leoflow: Leoflow, hello: Path) -> None:
    (hello / "leoflow.yaml").write_text("dag_id: hello\nowne: me\n")
    done = leoflow("validate", "hello", "--format", "json")
    assert done.status == 1
    report = json.loads(done.out)
    (project,) = report["projects"]
    assert (report["errors"], report["warnings"]) == (1, 0)
    assert project["path"] == "hello"
    assert project["diagnostics"] == [
        {
            "code": "LF005",
            "name": "unknown-key",
            "severity": "error",
            "message": "unknown key `owne`",
            "span": {"file": "leoflow.yaml", "line": 2, "column": 1, "end_line": 2, "end_column": 5},
            "notes": [],
            "help": "did you mean `owner`?",
            "fixable": False,
        }
    ]


def test_validate_says_nothing_about_a_clean_project_and_writes_nothing(
    leoflow: Leoflow, hello: Path
) -> None:
    done = leoflow("validate", "hello/leoflow.yaml")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert not (hello / "dag.json").exists()


def test_a_place_without_projects(leoflow: Leoflow) -> None:
    done = leoflow("validate")
    assert done.status == 1
    assert done.err.startswith("error: there is no leoflow.yaml in '.' or below it (LF001)\n")


def test_a_result_inside_the_bundle_is_refused_because_it_would_change_itself(
    leoflow: Leoflow, hello: Path
) -> None:
    done = leoflow("compile", "hello", "-o", "hello/result.json")
    assert done.status == 2
    assert "would become part of the project's own bundle" in done.err
    assert not (hello / "result.json").exists()
    (hello / ".leoflowignore").write_text("out/\n")
    (hello / "out").mkdir()
    assert leoflow("compile", "hello", "-o", "hello/out/result.json").status == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission(leoflow: Leoflow, hello: Path) -> None:
    hello.chmod(0o555)
    try:
        done = leoflow("compile", "hello")
    finally:
        hello.chmod(0o755)
    assert (done.status, done.err) == (1, "error: 'hello/dag.json' cannot be written: Permission denied\n")


def test_a_target_that_cannot_be_written_leaves_nothing_behind(leoflow: Leoflow, hello: Path) -> None:
    done = leoflow("compile", "hello", "-o", "no/such/folder/dag.json")
    assert (done.status, done.err) == (
        1,
        "error: 'no/such/folder/dag.json' cannot be written: No such file or directory\n",
    )
    Path("taken").mkdir()
    assert leoflow("compile", "hello", "-o", "taken").status == 1
    assert sorted(path.name for path in Path().iterdir()) == ["hello", "taken"]


def test_the_short_way_and_click_say_the_same(leoflow: Leoflow, hello: Path) -> None:
    leoflow("compile", "hello")
    assert leoflow("compile", "hello") == leoflow("compile", "--format", "text", "hello")
    assert leoflow("compile", "nowhere") == leoflow("compile", "--format", "text", "nowhere")


def imported(*arguments: str) -> list[str]:
    """Which of the slow modules a fresh process loads for a command."""
    program = (
        "import sys; from leoflow_compiler.cli.main import main; main(sys.argv[1:]); "
        "slow = ('click', 'jsonschema', 'leoflow_compiler.evaluate'); "
        "print([name for name in slow if name in sys.modules], file=sys.stderr)"
    )
    environment = {**os.environ, "LEOFLOW_COMPILER_INLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True, text=True, timeout=60, check=True, env=environment,
    )  # fmt: skip
    return json.loads(done.stderr.splitlines()[-1].replace("'", '"'))


def test_what_was_compiled_before_needs_no_compiler(leoflow: Leoflow, hello: Path) -> None:
    assert imported("compile", "hello") == ["leoflow_compiler.evaluate"]
    first = (hello / "dag.json").read_bytes()
    (hello / "dag.json").unlink()
    assert imported("compile", "hello") == []
    assert (hello / "dag.json").read_bytes() == first
    assert imported("compile", "hello", "--no-cache") == ["click", "leoflow_compiler.evaluate"]


def test_any_changed_input_is_compiled_anew(leoflow: Leoflow, hello: Path) -> None:
    def tasks() -> list[str]:
        return [task["task_id"] for task in json.loads(leoflow("compile", "hello", "-o", "-").out)["tasks"]]

    assert tasks() == ["greet", "shout"]
    source = (hello / "dag.py").read_text()
    (hello / "dag.py").write_text(source.replace("shout", "sing"))
    assert tasks() == ["greet", "sing"]


def test_a_broken_cache_entry_is_ignored_and_replaced(leoflow: Leoflow, hello: Path, tmp_path: Path) -> None:
    good = leoflow("compile", "hello", "-o", "-").out
    entries = {path: path.read_bytes() for path in (tmp_path / "cache" / "compiled").iterdir()}
    assert len(entries) == 2  # that the yaml is clean, and the result
    for damage in (b"", b"{}", b"\xff", next(iter(entries.values()))[:-20]):
        for path in entries:
            path.write_bytes(damage)
        assert leoflow("compile", "hello", "-o", "-").out == good
        assert {path: path.read_bytes() for path in entries} == entries


def test_a_cache_that_cannot_be_written_is_told_and_does_no_harm(
    leoflow: Leoflow, hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("occupied").write_text("")
    monkeypatch.setenv("LEOFLOW_CACHE_DIR", "occupied")
    done = leoflow("compile", "hello")
    assert done.status == 0
    assert "note: results cannot be kept in occupied" in done.err


def test_problems_are_kept_as_well(leoflow: Leoflow, hello: Path) -> None:
    (hello / "dag.py").write_text("from airflow.sdk import DAG\nwith DAG('hello'):\n    undefined()\n")
    first = leoflow("validate", "hello")
    second = leoflow("validate", "hello")
    assert first.status == second.status == 1
    assert first.err == second.err
    assert " --> hello/dag.py:3" in first.err
