"""`make bench-compile`: what compiling costs, against Airflow's DagBag importing the same files.

Cold and cached: `leoflow compile` of one project, process start included. Many: 1,000 projects of about 100
lines in one command, then again from the cache; CPU is that of the whole process tree. Airflow's share is CPU
of DagBag alone, its own imports done before, and one DagBag with one file in a fresh process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.airflow_setup import installed_python
from benchmarks.compile_projects import write_projects
from benchmarks.results_file import keep

LEOFLOW = Path(sys.executable).with_name("leoflow")
GOALS = {
    "compile_cold_ms": 400.0,
    "compile_cached_ms": 120.0,
    "compile_cpu_ms_per_project": 25.0,
    "compile_all_cached_s": 2.0,
    "compile_peak_rss_mb": 300.0,
}


def timed(command: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Wall and CPU seconds of a command, its children included."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
    wall = time.perf_counter() - begin
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def leoflow(folder: Path, projects: list[Path], rounds: int) -> dict[str, float]:
    cache = folder / "cache"
    environment = {
        **os.environ,
        "LEOFLOW_CACHE_DIR": str(cache),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed: byte code is there after the first use
    one = [str(LEOFLOW), "compile", str(projects[0])]
    everything = [str(LEOFLOW), "compile", str(folder / "projects")]
    timed(one, environment)
    cold, cached = [], []
    for _ in range(rounds):
        shutil.rmtree(cache)
        cold.append(timed(one, environment))
        cached.append(timed(one, environment))
    shutil.rmtree(cache)
    wall, cpu = timed(everything, environment)
    again = min(timed(everything, environment) for _ in range(3))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "compile_cold_ms": 1000 * statistics.median(wall for wall, _ in cold),
        "compile_cold_cpu_ms": 1000 * statistics.median(cpu for _, cpu in cold),
        "compile_cached_ms": 1000 * statistics.median(wall for wall, _ in cached),
        "compile_cached_cpu_ms": 1000 * statistics.median(cpu for _, cpu in cached),
        "compile_all_s": wall,
        "compile_cpu_ms_per_project": 1000 * cpu / len(projects),
        "compile_all_cached_s": again[0],
        "compile_peak_rss_mb": peak,
    }


_DAGBAG = """
import json, pathlib, sys, time
begin = time.perf_counter()
from airflow.dag_processing.dagbag import DagBag
import airflow.providers.standard.operators.bash, airflow.providers.standard.operators.empty
import airflow.providers.standard.operators.python
import airflow.sdk
for name in ("DAG", "Label", "TaskGroup", "chain", "task"):
    getattr(airflow.sdk, name)
files = sorted(pathlib.Path(sys.argv[1]).glob("*/dag.py"))[: int(sys.argv[2])]
before, dags = time.process_time(), 0
for file in files:
    bag = DagBag(dag_folder=str(file.parent), collect_dags=False, include_examples=False)
    dags += len(bag.process_file(str(file), only_if_updated=False, safe_mode=True))
    assert not bag.import_errors, bag.import_errors
assert dags == len(files), dags
cpu = (time.process_time() - before) / len(files)
print(json.dumps({"cpu_ms": 1000 * cpu, "wall_s": time.perf_counter() - begin}))
"""


def dagbag(folder: Path, count: int) -> dict[str, float]:
    """Airflow imports the same files: CPU of each, and the wall of a process that imports one."""
    python = installed_python(Console(stderr=True))
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        "HOME": str(folder),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }

    def run(files: int) -> dict[str, float]:
        command = [str(python), "-c", _DAGBAG, str(folder / "projects"), str(files)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-2000:])
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found

    run(1)
    return {
        "airflow_dagbag_one_ms": 1000 * statistics.median(run(1)["wall_s"] for _ in range(3)),
        "airflow_dagbag_cpu_ms_per_file": run(count)["cpu_ms"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=9, help="how often one project is compiled")
    parser.add_argument("--no-airflow", action="store_true", help="do not compare with Airflow's DagBag")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leoflow-bench-") as name:
        folder = Path(name)
        projects = write_projects(folder / "projects", options.projects)
        results = leoflow(folder, projects, options.rounds)
        if not options.no_airflow:
            results |= dagbag(folder, min(options.projects, 300))
    shown = Table("measure", "value", "goal", title=f"Compiling {options.projects} projects")
    for key, value in results.items():
        goal = GOALS.get(key)
        mark = "" if goal is None else f"[{'green' if value <= goal else 'red'}]≤ {goal:g}[/]"
        shown.add_row(key, f"{value:.1f}", mark)
    Console().print(shown)
    keep(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
