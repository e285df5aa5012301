"""`make bench-airflow`: the same work on Airflow 3.2.2 (LocalExecutor) and on Leoflow, in turn."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.airflow_setup import airflow
from benchmarks.leoflow import leoflow
from benchmarks.processes import idle_percent, pss_megabytes
from benchmarks.subject import Subject, p50
from benchmarks.workloads import CHAIN_DAG, FAN_OUT_DAG, start_dag

RESULTS = Path(__file__).parent / "results" / "airflow.json"
PROJECTS = {"bench_chain": CHAIN_DAG, "bench_fan_out": FAN_OUT_DAG, "bench_start": start_dag("bench_start")}
# Of these, more is better.
RATES = frozenset({"tasks_per_s"})


def measure(subjects: list[Subject], rounds: int, console: Console) -> dict[str, dict[str, float]]:
    """Every measurement in turn, so that a busy minute of the machine meets both."""
    values: dict[str, dict[str, list[float]]] = {subject.name: {} for subject in subjects}

    def note(subject: Subject, name: str, value: float) -> None:
        values[subject.name].setdefault(name, []).append(value)

    for subject in subjects:
        console.print(f"warming up {subject.name}", style="dim")
        subject.start_ms("bench_start")
        subject.chain()
    for number in range(rounds):
        for subject in subjects:
            console.print(f"round {number + 1} of {rounds}: {subject.name}", style="dim")
            note(subject, "trigger_to_start_ms", subject.start_ms("bench_start"))
            chain = subject.chain()
            note(subject, "chain_period_ms", chain.period_ms)
            note(subject, "chain_cpu_ms_per_task", chain.cpu_ms_per_task)
            fan = subject.fan_out()
            note(subject, "tasks_per_s", fan.tasks_per_s)
            note(subject, "cpu_ms_per_task", fan.cpu_ms_per_task)
    for subject in subjects:
        console.print(f"idle: {subject.name}", style="dim")
        note(subject, "idle_cpu_percent", idle_percent(subject.roots, seconds=30))
        note(subject, "idle_pss_mb", pss_megabytes(subject.roots()))
    return {name: {key: p50(found) for key, found in of.items()} for name, of in values.items()}


def table(results: dict[str, dict[str, float]], database: str) -> Table:
    shown = Table(
        "measure", "Leoflow", "Airflow 3.2.2", "ratio", title=f"The same work; Airflow on {database}"
    )
    for name, ours in results["Leoflow"].items():
        theirs = results["Airflow"][name]
        ratio = ours / theirs if name in RATES else theirs / ours
        shown.add_row(name, f"{ours:.1f}", f"{theirs:.1f}", f"{ratio:.1f}×")
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    console = Console(stderr=True)
    with airflow(PROJECTS, console) as (theirs, database), leoflow(PROJECTS) as (ours, _):
        results = measure([ours, theirs], arguments.rounds, console)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({**results, "airflow_database": database}, indent=2) + "\n")
    Console().print(table(results, database))
    return 0


if __name__ == "__main__":
    sys.exit(main())
