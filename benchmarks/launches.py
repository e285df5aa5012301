"""`make bench-launches`: what one task that does nothing costs its zygote and its own process.

Drives a zygote over its socket, without agent and server. CPU times and page faults are the kernel's account.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import leoflow_runtime
from benchmarks.workloads import CHAIN, CHAIN_DAG

PROGRAM = Path(leoflow_runtime.__file__).parent / "zygote" / "program.py"
LAUNCHES = 100
ROUNDS = 5
GOAL_MS = 3.5
_MOMENT = "2026-01-01T00:00:00.000001Z"
_CONTEXT = {"logical_date": _MOMENT, "run_after": _MOMENT, "conf_json": "{}", "params_json": "{}"}


class Zygote:
    """One zygote of the chain, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._launched = 0
        (folder / "dag.py").write_text(CHAIN_DAG)
        (folder / "dag.json").write_text(json.dumps(_document()))
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-I", str(PROGRAM), "serve", str(theirs.fileno())]
            environment = {"PATH": os.defpath}
            self._process = subprocess.Popen(
                command, cwd=folder, env=environment, pass_fds=[theirs.fileno()], start_new_session=True
            )
        self._control, self._events = ours, ours.makefile("r")
        ready = self._say(op="load", directory=str(self._directory()))
        if ready.get("mode") != "fork":
            raise SystemExit(f"The zygote does not fork here: {ready}")

    def close(self) -> None:
        self._events.close()
        self._control.close()
        self._process.wait()

    def round(self) -> dict[str, float]:
        """One launch after the other: milliseconds of CPU, page faults and milliseconds, each for one."""
        directories = [self._directory() for _ in range(LAUNCHES)]
        cpu, faults, children, walls = self._cpu(), self._faults(), 0.0, []
        for directory in directories:
            began = time.perf_counter()
            event = self._say(
                op="launch", launch_id=int(directory.name), directory=str(directory), mode="fork"
            )
            while event["event"] != "exit":
                event = json.loads(self._events.readline())
            walls.append(time.perf_counter() - began)
            children += event["cpu_seconds"]
            if event["exit_code"] != 0:
                raise SystemExit((directory / "output").read_text())
        own, inherited = (after - before for after, before in zip(self._faults(), faults, strict=True))
        spent = self._cpu() - cpu
        for directory in directories:
            shutil.rmtree(directory)
        return {
            "zygote, CPU ms": spent * 1e3 / LAUNCHES,
            "child, CPU ms": children * 1e3 / LAUNCHES,
            "both, CPU ms": (spent + children) * 1e3 / LAUNCHES,
            "zygote, page faults": own / LAUNCHES,
            "child, page faults": inherited / LAUNCHES,
            "order to end, ms": statistics.median(walls) * 1e3,
        }

    def _directory(self) -> Path:
        self._launched += 1
        directory = self._folder / str(self._launched)
        directory.mkdir()
        (directory / "launch.json").write_text(json.dumps(self._launch()))
        return directory

    def _launch(self) -> dict[str, Any]:
        return {
            "launch_id": self._launched,
            "dag_id": "bench_chain",
            "run_id": "manual",
            "task_id": f"t{self._launched % CHAIN}",
            "try_number": 1,
            "max_tries": 0,
            "dag_json_path": str(self._folder / "dag.json"),
            "code_path": str(self._folder),
            "context": _CONTEXT,
        }

    def _say(self, **command: Any) -> dict[str, Any]:
        self._control.sendall(json.dumps(command).encode() + b"\n")
        event: dict[str, Any] = json.loads(self._events.readline())
        return event

    def _cpu(self) -> float:
        return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[0]) / 1e9

    def _faults(self) -> tuple[int, int]:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[7]), int(fields[8])  # its own, and those of children that it waited for


def _document() -> dict[str, Any]:
    operator = "airflow.providers.standard.operators.python.PythonOperator"
    tasks = [
        {
            "task_id": f"t{index}",
            "type": "python",
            "operator_class": operator,
            "depends_on": [f"t{index - 1}"] if index else [],
        }
        for index in range(CHAIN)
    ]
    return {"dag_id": "bench_chain", "dag_source": "dag.py", "tasks": tasks}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        zygote = Zygote(Path(folder))
        zygote.round()
        rounds = [zygote.round() for _ in range(ROUNDS)]
        zygote.close()
    print(f"One task that does nothing, best of {ROUNDS} rounds of {LAUNCHES}:")
    for name in rounds[0]:
        print(f"  {name:22} {min(one[name] for one in rounds):8.2f}")
    print(f"The goal is {GOAL_MS} ms of CPU for both.")


if __name__ == "__main__":
    main()
