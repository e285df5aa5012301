"""The zygote as the agent sees it: a program on a socket, on any interpreter."""

from __future__ import annotations

import ast
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import leoflow_runtime
from leoflow_runtime.zygote import records

PROGRAM = Path(leoflow_runtime.__file__).parent / "zygote" / "program.py"

DAG = """
import os, time
from airflow.sdk import DAG, task

with DAG("d", schedule=None):
    @task
    def work():
        while not os.path.exists("go"):
            time.sleep(0.005)

    work()
"""


class Zygote:
    def __init__(self, project: Path, interpreter: str) -> None:
        self.project = project
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [interpreter, "-I", str(PROGRAM), "serve", str(theirs.fileno())],
                cwd=project,
                env={"PATH": os.defpath},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        ours.settimeout(60)
        self.control = ours
        self.events = ours.makefile("r")

    def say(self, **command: Any) -> None:
        self.control.sendall(json.dumps(command).encode() + b"\n")

    def hear(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.events.readline())
        return event

    def directory(self, launch_id: int) -> Path:
        directory = self.project.parent / str(launch_id)
        directory.mkdir()
        document = {"dag_id": "d", "tasks": [{"task_id": "work", "type": "python", "entrypoint": "dag:work"}]}
        records.write_json(str(directory / "document.json"), document)
        launch = {
            "launch_id": launch_id,
            "dag_id": "d",
            "run_id": "r",
            "task_id": "work",
            "map_index": -1,
            "try_number": 1,
            "max_tries": 0,
            "content_digest": "sha256:0",
            "dag_version": "v",
            "dag_json_path": str(directory / "document.json"),
            "code_path": str(self.project),
            "inputs": [],
            "env": {},
            "variables": {},
            "connections": {},
            "context": {},
            "socket": "",
            "nonce": "",
        }
        records.write_json(str(directory / "launch.json"), launch)
        return directory

    def close(self) -> None:
        (self.project / "go").touch()
        self.process.kill()
        self.process.wait()
        self.events.close()
        self.control.close()


def interpreters() -> list[Any]:
    """This one, and whichever others that DAGs may choose are installed here."""
    found = [pytest.param(sys.executable, id="this")]
    for minor in (9, 10, 12, 13, 14):
        path = shutil.which(f"python3.{minor}")
        command = [path or "false", "-I", "-c", "pass"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            found.append(pytest.param(path, id=f"3.{minor}"))
    return found


@pytest.fixture(params=interpreters())
def zygote(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Zygote]:
    project = tmp_path / "project"
    project.mkdir()
    (project / "dag.py").write_text(DAG)
    zygote = Zygote(project, request.param)
    yield zygote
    zygote.close()


def test_children_outlive_the_agent_and_their_end_is_on_record(zygote: Zygote) -> None:
    directory = zygote.directory(1)
    zygote.say(op="load", directory=str(directory))
    ready = zygote.hear()
    assert (ready["event"], ready["mode"], ready["reasons"]) == ("ready", "fork", [])
    zygote.say(op="launch", launch_id=1, directory=str(directory), mode="fork")
    assert zygote.hear()["event"] == "launched"
    zygote.events.close()
    zygote.control.close()  # the agent is gone
    (zygote.project / "go").touch()
    assert zygote.process.wait(60) == 0
    end = records.read_json(str(directory / "exit.json"))
    result = records.read_json(str(directory / "result.json"))
    assert end is not None
    assert result is not None
    assert (end["exit_code"], end["signal"], result["outcome"]) == (0, 0, "success")


def test_a_launch_that_someone_else_has_claimed_is_left_alone(zygote: Zygote) -> None:
    directory = zygote.directory(1)
    zygote.say(op="load", directory=str(directory))
    zygote.hear()
    assert records.claim(str(directory))
    zygote.say(op="launch", launch_id=1, directory=str(directory), mode="fork")
    assert zygote.hear() == {"event": "refused", "launch_id": 1, "reason": "the launch is already taken"}
    assert not (directory / "process.json").exists()


def test_children_die_with_their_zygote(zygote: Zygote) -> None:
    directory = zygote.directory(1)
    zygote.say(op="launch", launch_id=1, directory=str(directory), mode="spawn")
    launched = zygote.hear()
    descriptor = os.pidfd_open(launched["pid"])
    try:
        while not (directory / "started").exists():
            assert not zygote.process.poll()
        zygote.process.send_signal(signal.SIGKILL)
        zygote.process.wait()
        import select

        readable, _, _ = select.select([descriptor], [], [], 60)
        assert readable
    finally:
        os.close(descriptor)


def test_nothing_of_leoflows_own_environment_is_importable(zygote: Zygote) -> None:
    """An interpreter without Leoflow gets the façade and the child, and nothing that Leoflow depends on."""
    code = (
        f"import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p and '/src' not in p];"
        f"program = {str(PROGRAM)!r};"
        "space = {'__file__': program, '__name__': 'program'};"
        "exec(open(program).read(), space); space['make_importable']();"
        "import leoflow_runtime.child.build, leoflow_runtime.zygote.service;"
        "import importlib.util;"
        "print([importlib.util.find_spec(name) for name in ('grpc', 'leoflow_compiler')])"
    )
    out = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert out.stdout == "[None, None]\n", out.stderr


@pytest.mark.parametrize("path", sorted(PROGRAM.parent.glob("*.py")), ids=lambda path: path.name)
def test_every_file_is_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported <= sys.stdlib_module_names | {"leoflow_runtime"}


def test_a_start_time_names_a_process_for_good() -> None:
    process = subprocess.Popen(["sleep", "600"])
    started = records.start_time(process.pid)
    assert started is not None
    assert records.start_time(process.pid) == started
    process.kill()
    process.wait()
    assert records.start_time(process.pid) is None


def children(pid: int) -> set[int]:
    """The processes that it has made and that have not ended."""
    found = set()
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        stat = Path(f"/proc/{child}/stat").read_text()
        if stat.rsplit(")", 1)[1].split()[0] != "Z":
            found.add(int(child))
    return found


def run_one(zygote: Zygote, launch_id: int) -> int:
    """The process that it ran in; the zygote has heard of its end."""
    directory = zygote.directory(launch_id)
    zygote.say(op="launch", launch_id=launch_id, directory=str(directory), mode="fork")
    launched, ended = zygote.hear(), zygote.hear()
    assert (launched["event"], ended["event"], ended["exit_code"]) == ("launched", "exit", 0)
    result = records.read_json(str(directory / "result.json"))
    assert result is not None
    assert result["outcome"] == "success"
    return int(launched["pid"])


def test_the_next_launch_finds_its_process_there(zygote: Zygote) -> None:
    (zygote.project / "go").touch()
    zygote.say(op="load", directory=str(zygote.directory(1)))
    zygote.hear()
    assert children(zygote.process.pid) == set()
    run_one(zygote, 2)
    (spare,) = children(zygote.process.pid)
    assert run_one(zygote, 3) == spare
    (other,) = children(zygote.process.pid)
    watched = os.pidfd_open(other)
    os.kill(other, signal.SIGKILL)  # whatever becomes of it, the next launch has a process
    select.select([watched], [], [], 60)
    os.close(watched)
    assert run_one(zygote, 4) != other
    zygote.control.shutdown(socket.SHUT_RDWR)
    assert zygote.process.wait(60) == 0
