"""What goes wrong is said in one sentence, with an exit code, and nothing is lost."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from tests.acceptance.driving import Lite, Machine, until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


def complaint(done: subprocess.CompletedProcess[str], *words: str, code: int = 1) -> str:
    """Asserts that a command failed as a good tool fails; returns what it said."""
    said = done.stderr
    assert done.returncode == code, f"exit {done.returncode}: {done.stdout}{said}"
    assert "Traceback" not in said + done.stdout
    for word in words:
        assert word in said, said
    return said


def one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    lines = [line for line in complaint(done, *words).splitlines() if line.strip()]
    assert len(lines) <= 2, lines  # the sentence, and perhaps a hint


def start(machine: Machine, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = [] if "--port" in arguments else ["--port", "0"]
    return machine.leoflow("lite", str(machine.workspace), "--no-setup", *options, *arguments, timeout=40)


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("option", ["--port", "--grpc-port", "--metrics-port"])
def test_a_port_in_use_is_named(machine: Machine, busy_port: int, option: str) -> None:
    one_sentence(start(machine, option, str(busy_port)), str(busy_port))


def test_a_home_that_cannot_be_written(machine: Machine) -> None:
    # Root may write everywhere, so a file stands where a folder is needed.
    machine.state.joinpath("lite").write_text("")
    one_sentence(start(machine), str(machine.state / "lite"), "it is a file, not a folder")


def test_a_workspace_that_is_not_there(machine: Machine) -> None:
    done = machine.leoflow("lite", str(machine.folder / "nowhere"), "--port", "0", "--no-setup")
    one_sentence(done, "nowhere", "there is no such folder")


def test_a_corrupt_database_is_kept(machine: Machine) -> None:
    machine.database.parent.mkdir(parents=True)
    machine.database.write_bytes(b"this is not a database" * 500)
    one_sentence(start(machine), str(machine.database), "damaged")
    assert machine.database.read_bytes() == b"this is not a database" * 500


def test_corrupt_secrets_are_kept(machine: Machine) -> None:
    secrets = machine.database.parent / "secrets.json"
    secrets.parent.mkdir(parents=True)
    secrets.write_text("{")
    one_sentence(start(machine), str(secrets))
    assert secrets.read_text() == "{"


def test_no_password_to_reset_before_the_first_start(machine: Machine) -> None:
    one_sentence(machine.leoflow("lite", "reset-password"), "not been started")


def test_two_lites_on_one_home(lite: Lite, shared_machine: Machine) -> None:
    port = lite.url.rsplit(":", 1)[1]
    one_sentence(start(shared_machine), str(lite.pid), port)
    assert lite.api("GET", "/api/v2/dags").status_code == 200


def test_a_wrong_password(lite: Lite, shared_machine: Machine) -> None:
    done = shared_machine.leoflow(
        *("auth", "login", "--server", lite.url, "--username", "admin", "--password-stdin"), stdin="wrong\n"
    )
    one_sentence(done)
    assert shared_machine.leoflow("dags", "list").returncode == 0, "the saved login is kept"


def test_an_expired_token(lite: Lite, shared_machine: Machine) -> None:
    claims = jwt.decode(lite.token, options={"verify_signature": False})
    key = (shared_machine.state / "lite" / "secrets.json").read_text()
    secret = json.loads(key)["jwt_secret"]
    past = datetime.now(UTC) - timedelta(days=2)
    stale = claims | {"iat": past, "nbf": past, "exp": past + timedelta(hours=1)}
    machine = Machine(
        folder=shared_machine.folder,
        environment={"LEOFLOW_TOKEN": jwt.encode(stale, secret, algorithm="HS512")},
    )
    one_sentence(machine.leoflow("dags", "list"), "leoflow auth login")


def test_an_unknown_dag(lite: Lite, shared_machine: Machine) -> None:
    one_sentence(shared_machine.leoflow("runs", "trigger", "nothing"), "nothing")


def test_a_server_that_is_not_there(machine: Machine, busy_port: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    done = machine.leoflow("dags", "list", "--server", url)
    one_sentence(done, url)


GOOD = 'from airflow.sdk import DAG\n\nwith DAG("x", schedule=None):\n    pass\n'


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"leoflow.yaml": "dag_id: [", "dag.py": GOOD}, ["leoflow.yaml"]),
        ({"leoflow.yaml": "dag_id: x\nretrys: 3\n", "dag.py": GOOD}, ["leoflow.yaml", "retrys"]),
        ({"leoflow.yaml": "dag_id: x\n", "dag.py": "def (:\n"}, ["dag.py"]),
        ({"leoflow.yaml": "dag_id: x\n"}, ["dag.py"]),
        ({"dag.py": GOOD}, ["leoflow.yaml"]),
    ],
    ids=["broken yaml", "unknown key", "broken Python", "no dag.py", "no leoflow.yaml"],
)
def test_a_project_that_does_not_compile(machine: Machine, files: dict[str, str], words: list[str]) -> None:
    folder: Path = machine.workspace / "x"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content)
    done = machine.leoflow("compile", "dags/x", "-o", "-")
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_lite_goes_on_when_a_project_is_broken(machine: Machine) -> None:
    machine.project("broken", "def (:\n")
    with machine.lite() as lite:
        found = until(lite.import_errors, "an import error")
        assert "dag.py" in found[0]["stack_trace"]
        assert "Traceback" not in found[0]["stack_trace"]
        until(lambda: "broken" in lite.said, "the terminal names the project")
