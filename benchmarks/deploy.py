"""`make bench-deploy`: from the command to a registered version, for a project with pandas and requests.

A real registry and a real server on loopback. First: nothing of ours in caches but what uv has downloaded.
Code: one line of the DAG has changed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.results_file import keep
from tests.base_image import PYTHON_VERSION, REPOSITORY, TAG, push_base
from tests.registry_server import registry_server
from tests.server.test_process import ServerProcess

GOALS = {"deploy_first_s": 30.0, "deploy_code_s": 3.0, "deploy_code_sent_kb": 100.0}
DAG = """\
from airflow.sdk import DAG, task

with DAG("measured"):

    @task
    def count() -> int:
        import pandas

        return len(pandas.DataFrame({{"a": range({number})}}))

    count()
"""


def deployed(folder: Path, environ: Mapping[str, str]) -> tuple[float, dict[str, Any]]:
    """Wall seconds of one command, and what it says."""
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "leoflow_compiler", "deploy", str(folder), "--json"],
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    return time.perf_counter() - begin, json.loads(done.stdout)


def measured(folder: Path, host: str, server: str, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """The figures, and what the first deployment spent its time on."""
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LEOFLOW_")},
        "LEOFLOW_CONFIG": str(folder / "config.yaml"),
        "LEOFLOW_CACHE_DIR": str(folder / "cache"),
        "LEOFLOW_SERVER_URL": server,
        "LEOFLOW_PASSWORD": "correct horse",
    }
    login = [
        sys.executable,
        "-m",
        "leoflow_compiler",
        "auth",
        "login",
        "--server",
        server,
        "--username",
        "admin",
    ]
    subprocess.run(login, env=environ, capture_output=True, timeout=60, check=True)
    project = folder / "measured"
    project.mkdir()
    (project / "leoflow.yaml").write_text(
        f"dag_id: measured\npython_version: '{PYTHON_VERSION}'\nbase_image: {host}/{REPOSITORY}:{TAG}\n"
        f"dependencies: [pandas, requests]\nregistry: {{url: {host}/dags}}\n"
    )
    (project / "dag.py").write_text(DAG.format(number=0))
    deployed(project, environ)  # uv has downloaded everything after this
    shutil.rmtree(folder / "cache")
    (project / "leoflow.yaml").write_text((project / "leoflow.yaml").read_text().replace("/dags}", "/first}"))
    first, said = deployed(project, environ)
    walls, sent = [], []
    for number in range(1, rounds + 1):
        (project / "dag.py").write_text(DAG.format(number=number))
        wall, answer = deployed(project, environ)
        walls.append(wall)
        sent.append(answer["sent_bytes"] / 1000)
    figures = {
        "deploy_first_s": first,
        "deploy_first_sent_mb": said["sent_bytes"] / 1e6,
        "deploy_code_s": statistics.median(walls),
        "deploy_code_sent_kb": max(sent),
    }
    return figures, said["seconds"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often the code changes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leoflow-bench-") as name:
        folder = Path(name)
        (folder / "server").mkdir()
        process = ServerProcess(folder / "server" / "home", "start")
        try:
            with registry_server(folder / "registry") as registry:
                push_base(registry.host)
                server = f"http://127.0.0.1:{process.until_ready()[0]}"
                figures, steps = measured(folder, registry.host, server, options.rounds)
        finally:
            process.process.terminate()
            process.process.wait(30)
    shown = Table("measure", "value", "goal", title="Deploying pandas and requests")
    for key, value in figures.items():
        goal = GOALS.get(key)
        mark = "" if goal is None else f"[{'green' if value <= goal else 'red'}]≤ {goal:g}[/]"
        shown.add_row(key, f"{value:.2f}", mark)
    for step, seconds in steps.items():
        shown.add_row(f"  first: {step}", f"{seconds:.2f}", "")
    Console().print(shown)
    keep(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
