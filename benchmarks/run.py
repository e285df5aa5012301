"""`make bench`: what Leoflow costs on this machine, as a table and as benchmarks/results/latest.json."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.leoflow import leoflow, push_copies
from benchmarks.processes import idle_percent, pss_megabytes
from benchmarks.results_file import LATEST, keep
from benchmarks.subject import p50
from benchmarks.workloads import CHAIN_DAG, FAN_OUT_DAG, IDLE_DAG, start_dag

# What the first release promised itself: the key, its limit, and whether less is better.
GOALS = {
    "chain_period_ms_p50": 40.0,
    "cpu_ms_per_task": 30.0,
    "trigger_to_start_ms_p50": 80.0,
    "idle_cpu_percent_1000": 2.0,
    "idle_pss_mb_1000": 250.0,
}


def work(rounds: int, say: Callable[[str], None]) -> dict[str, float]:
    """Chain, fan-out and latency, on one Lite."""
    cold = [f"bench_cold_{number}" for number in range(max(3, rounds // 2))]
    projects = {
        "bench_chain": CHAIN_DAG,
        "bench_fan_out": FAN_OUT_DAG,
        "bench_start": start_dag("bench_start"),
    }
    projects |= {dag_id: start_dag(dag_id) for dag_id in cold}
    with leoflow(projects) as (subject, _):
        say("latency, cold")
        cold_ms = [subject.start_ms(dag_id) for dag_id in cold]
        say("latency, warm")
        subject.start_ms("bench_start")
        warm_ms = [subject.start_ms("bench_start") for _ in range(rounds * 2)]
        say("chain of 20")
        subject.chain()
        chains = [subject.chain() for _ in range(rounds)]
        say("500 independent tasks")
        fans = [subject.fan_out() for _ in range(max(2, rounds // 3))]
    return {
        "chain_period_ms_p50": p50(chain.period_ms for chain in chains),
        "chain_period_ms_min": min(chain.period_ms for chain in chains),
        "chain_cpu_ms_per_task": p50(chain.cpu_ms_per_task for chain in chains),
        "tasks_per_s": p50(fan.tasks_per_s for fan in fans),
        "cpu_ms_per_task": p50(fan.cpu_ms_per_task for fan in fans),
        "trigger_to_start_ms_p50": p50(warm_ms),
        "trigger_to_start_ms_max": max(warm_ms),
        "trigger_to_start_cold_ms_p50": p50(cold_ms),
    }


def idle(dags: int, seconds: float, say: Callable[[str], None]) -> dict[str, float]:
    """CPU and memory of a Lite that has `dags` scheduled DAGs and nothing to do."""
    say(f"idle with {dags} DAGs")
    with leoflow({"idle": IDLE_DAG} if dags else {}) as (subject, lite):
        if dags:
            push_copies(lite, "idle", dags - 1)
        time.sleep(5)
        return {
            f"idle_cpu_percent_{dags}": idle_percent(subject.roots, seconds=seconds),
            f"idle_pss_mb_{dags}": pss_megabytes(subject.roots()),
        }


def table(results: dict[str, float]) -> Table:
    shown = Table("measure", "value", "goal", title="Leoflow")
    for name, value in results.items():
        goal = GOALS.get(name)
        mark = "" if goal is None else f"[{'green' if value < goal else 'red'}]< {goal:g}[/]"
        shown.add_row(name, f"{value:.2f}", mark)
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each measurement is repeated")
    parser.add_argument("--idle-seconds", type=float, default=30.0)
    parser.add_argument("--output", type=Path, default=LATEST)
    parser.add_argument(
        "--share", action="store_true", help="one round of work and no idling: does it measure?"
    )
    arguments = parser.parse_args()
    console = Console(stderr=True)

    def say(what: str) -> None:
        console.print(f"measuring: {what}", style="dim")

    results = work(1 if arguments.share else arguments.rounds, say)
    for dags in () if arguments.share else (0, 1000):
        results |= idle(dags, arguments.idle_seconds, say)
    Console().print(table(results))
    keep(results, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
