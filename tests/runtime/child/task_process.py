"""Runs one task in a process of its own, as the zygote does: `load`, then `run`, output to a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import leoflow_runtime
from leoflow_runtime.child import build, structure
from leoflow_runtime.zygote import records

RUNTIME = Path(leoflow_runtime.__file__).parent

DRIVER = """
import json, os, sys
package = type(sys)("leoflow_runtime")
package.__path__ = [sys.argv[2]]
sys.modules["leoflow_runtime"] = package
directory = sys.argv[1]
launch = json.load(open(os.path.join(directory, "launch.json")))
output = os.open(os.path.join(directory, "output"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.dup2(output, 1), os.dup2(output, 2)
os.setsid()
from leoflow_runtime.child import build, lean
os._exit(lean.run(build.load(launch), launch, directory, lean.prepare()))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What a task left behind."""

    exit_code: int
    result: dict[str, Any]
    records: list[dict[str, Any]]
    raw_lines: list[str]

    @property
    def xcoms(self) -> dict[str, Any]:
        return {key: json.loads(text) for key, text in self.result["xcoms"].items()}

    def printed(self, logger: str = "task.stdout") -> list[str]:
        return [record["event"] for record in self.records if record["logger"] == logger]

    @property
    def error(self) -> dict[str, Any]:
        """The innermost account of the exception in the log."""
        (record,) = [record for record in self.records if "error_detail" in record]
        detail: dict[str, Any] = record["error_detail"][0]
        return detail


class Task:
    """A task of a project, and the launch to start it with."""

    def __init__(self, folder: Path, task_id: str, launch: dict[str, Any], python: str) -> None:
        self.folder = folder / "launch"
        self.folder.mkdir()
        (self.folder / "launch.json").write_text(json.dumps(launch))
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [self._python, "-I", "-B", "-c", DRIVER, str(self.folder), str(RUNTIME)],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return self._process

    def wait_for(self, condition: Callable[[], Any], seconds: float = 20) -> None:
        """Until a process outside has done something; it cannot signal us."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the task did not get there in time"
            assert self._process is not None
            assert self._process.poll() is None, self._process.communicate()[1].decode()
            time.sleep(0.005)

    def output(self) -> str:
        path = self.folder / "output"
        return path.read_text(errors="replace") if path.exists() else ""

    def end(self) -> Ended:
        assert self._process is not None
        try:
            errors = self._process.communicate(timeout=60)[1].decode()
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        result = self.folder / "result.json"
        lines = self.output().split("\n")[:-1]
        left = records.read_json(str(result))
        assert left is not None, errors or "\n".join(lines)
        return Ended(
            exit_code=self._process.returncode,
            result=left,
            records=[json.loads(line[1:]) for line in lines if line.startswith("\x1e")],
            raw_lines=[line for line in lines if not line.startswith("\x1e")],
        )


def document(folder: Path, **more: Any) -> dict[str, Any]:
    """A `dag.json` for the project's DAG `d`, made by building it: what a compiler says that accepts it."""
    modules, path = set(sys.modules), list(sys.path)
    try:
        dag, _ = build.build_dag(str(folder), "d", more)
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if str(folder) in (getattr(sys.modules[name], "__file__", None) or ""):
                del sys.modules[name]
    tasks = [
        {
            "task_id": task_id,
            "type": "python",
            "operator_class": shape.operator_class,
            "depends_on": list(shape.upstream),
        }
        for task_id, shape in sorted(structure.of_dag(dag).items())
    ]
    return {"schema_version": "1.0", "dag_id": "d", "tasks": tasks, **more}


class Project:
    """A folder with a `dag.py` that holds one DAG, `d`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._launched = 0

    def write(self, source: str, name: str = "dag.py") -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))

    def task(self, task_id: str, python: str = sys.executable, **fields: Any) -> Task:
        self._launched += 1
        folder = self.folder.parent / f"spool-{self._launched}"
        folder.mkdir()
        launch = {
            "launch_id": 7,
            "dag_id": "d",
            "run_id": "run-1",
            "task_id": task_id,
            "map_index": -1,
            "try_number": 1,
            "max_tries": 2,
            "content_digest": "sha256:0",
            "dag_version": "v1",
            "code_path": str(self.folder),
            "inputs": [],
            "env": {},
            "variables": {},
            "connections": {},
            "socket": "",
            "nonce": "secret",
            **fields,
        }
        if "dag_json" not in launch:
            launch["dag_json"] = document(self.folder)
        launch["context"] = {
            "run_type": "manual",
            "logical_date": "2026-03-01T04:05:06Z",
            "data_interval_start": "2026-02-28T04:05:06Z",
            "data_interval_end": "2026-03-01T04:05:06Z",
            "run_after": "2026-03-01T04:05:06Z",
            "start_date": "2026-03-01T04:05:07.123456Z",
            "conf_json": "{}",
            "params_json": "{}",
            "task_start_date": "2026-03-01T04:05:08Z",
            **fields.get("context", {}),
        }
        return Task(folder, task_id, launch, python)

    def run(self, task_id: str, **fields: Any) -> Ended:
        task = self.task(task_id, **fields)
        task.start()
        return task.end()
