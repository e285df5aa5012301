"""The command as a function of its arguments, in a folder and with a cache of its own."""

from pathlib import Path

import pytest

from leoflow_compiler.cli.main import main
from tests.compiler.cli.cli_runner import Leoflow, Outcome

HELLO = """\
from airflow.sdk import DAG, task

with DAG("hello", schedule=None):

    @task
    def greet():
        return "hi"

    @task
    def shout(message):
        print(message)

    shout(greet())
"""


@pytest.fixture
def leoflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Leoflow:
    """Runs `leoflow ARGUMENTS` in an empty folder."""
    monkeypatch.setenv("LEOFLOW_CACHE_DIR", str(tmp_path / "cache"))
    # Most cases are not about the worker; those that are run the command in a process.
    monkeypatch.setenv("LEOFLOW_COMPILER_INLINE", "1")
    monkeypatch.setenv("LEOFLOW_CONFIG", str(tmp_path / "config.yaml"))
    for name in (
        "LEOFLOW_TOKEN",
        "LEOFLOW_SERVER_URL",
        "LEOFLOW_USERNAME",
        "LEOFLOW_PASSWORD",
        "LEOFLOW_DEBUG",
    ):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def run(*arguments: str) -> Outcome:
        capfd.readouterr()
        status = main(arguments)
        out, err = capfd.readouterr()
        return Outcome(status=status, out=out, err=err)

    return run


@pytest.fixture
def hello(leoflow: Leoflow) -> Path:
    """A clean project `hello` in the current folder."""
    folder = Path("hello")
    folder.mkdir()
    (folder / "dag.py").write_text(HELLO)
    (folder / "leoflow.yaml").write_text("dag_id: hello\n")
    return folder
