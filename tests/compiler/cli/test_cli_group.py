"""The group: names without imports, misuse and defects as one sentence."""

import json
import os
import subprocess
import sys

import pytest

from leoflow_compiler.cli.group import COMMANDS
from leoflow_compiler.cli.main import main
from tests.compiler.cli.cli_runner import Leoflow

HEAVY = ("libcst", "httpx", "rich", "jsonschema", "yaml", "grpc", "sqlalchemy", "fastapi")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["version", "--json"], ["runs", "--help"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from leoflow_compiler.cli.main import main; status = main(sys.argv[1:]); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "[]")


def test_help_lists_every_command_with_its_summary(leoflow: Leoflow) -> None:
    listed = leoflow("--help").out
    for name, command in COMMANDS.items():
        assert f"  {name} " in listed
        assert command.summary in listed
    # These come from the entry points of the installation.
    assert "  lite " in listed
    assert "  server " in listed


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_helps_with_examples(leoflow: Leoflow, name: str) -> None:
    done = leoflow(name, "--help")
    assert done.status == 0
    subcommands = [
        line.split()[0] for line in done.out.partition("Commands:")[2].splitlines() if line.strip()
    ]
    for arguments in [[name, sub] for sub in subcommands] or [[name]]:
        assert "Example" in leoflow(*arguments, "--help").out, arguments


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["validat"], "there is no command 'validat'; did you mean `validate`?"),
        (["compile", "--nope"], "No such option '--nope'"),
        (["compile", "nowhere"], "there is no folder 'nowhere'"),
        (["explain"], "name one code, or use --list"),
        (["explain", "LF000"], "there is no diagnostic 'LF000'"),
    ],
)
def test_misuse_is_one_sentence_and_status_2(leoflow: Leoflow, arguments: list[str], sentence: str) -> None:
    done = leoflow(*arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: {sentence}")
    assert "Traceback" not in done.err


def test_a_defect_is_one_line_and_a_traceback_only_on_demand(
    leoflow: Leoflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the compiler stumbled\nat length")

    monkeypatch.setattr("leoflow_compiler.cli.commands.explain.find_code", broken)
    done = leoflow("explain", "LF001")
    assert done.status == 2
    assert done.err == (
        "error: internal error: RuntimeError: the compiler stumbled\n"
        "hint: this is a defect of Leoflow; LEOFLOW_DEBUG=1 shows where\n"
    )
    monkeypatch.setenv("LEOFLOW_DEBUG", "1")
    assert "Traceback" in leoflow("explain", "LF001").err


def test_version_as_json(leoflow: Leoflow) -> None:
    facts = json.loads(leoflow("version", "--json").out)
    assert set(facts) == {"version", "python", "platform", "dag_schema"}
    assert facts["version"] in leoflow("--version").out


def test_explain_shows_a_page_and_lists_all(leoflow: Leoflow) -> None:
    assert leoflow("explain", "unknown-key").out.startswith("# LF005 unknown-key (error)")
    assert "LF005  unknown-key: " in leoflow("explain", "--list").out


def test_a_small_character_set_is_no_problem() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "leoflow_compiler", "explain", "LF003"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_goes_away_is_no_problem() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "leoflow_compiler", "explain", "--list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(timeout=60) != 0


def test_main_returns_the_status() -> None:
    assert main(["--version"]) == 0
