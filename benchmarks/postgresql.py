"""`make bench-postgresql`: the same work on SQLite and on PostgreSQL, in turn, on this machine.

PostgreSQL is Debian's with its defaults: it syncs each commit to the disk. Its CPU time counts.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from benchmarks.leoflow import leoflow
from benchmarks.subject import Subject, p50
from benchmarks.workloads import CHAIN_DAG, FAN_OUT_DAG
from tests.postgresql import running_postgresql

PROJECTS = {"bench_chain": CHAIN_DAG, "bench_fan_out": FAN_OUT_DAG}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    settings = {"fsync": "on", "synchronous_commit": "on", "shared_buffers": "128MB"}
    with running_postgresql(**settings) as server:
        environment = {"LEOFLOW_DATABASE_URL": server.new_database()}
        with (
            leoflow(PROJECTS, name="SQLite") as (sqlite, _),
            leoflow(PROJECTS, name="PostgreSQL", environment=environment, also=[server.pid]) as (
                postgresql,
                _,
            ),
        ):
            measured = measure([sqlite, postgresql], rounds)
    table = Table("measure", *measured, "ratio", title=f"medians of {rounds} rounds, in turn")
    for name in next(iter(measured.values())):
        first, second = (results[name] for results in measured.values())
        table.add_row(name, f"{first:.2f}", f"{second:.2f}", f"{second / first:.2f}")
    Console().print(table)


def measure(subjects: list[Subject], rounds: int) -> dict[str, dict[str, float]]:
    """Medians, and for the chain the quietest round, of each subject."""
    for subject in subjects:
        subject.chain()
    chains = [[subject.chain() for subject in subjects] for _ in range(rounds)]
    fans = [[subject.fan_out() for subject in subjects] for _ in range(max(2, rounds // 2))]
    return {
        subject.name: {
            "chain period ms": p50(row[place].period_ms for row in chains),
            "chain period ms, least": min(row[place].period_ms for row in chains),
            "chain CPU ms per task": p50(row[place].cpu_ms_per_task for row in chains),
            "500 tasks: tasks/s": p50(row[place].tasks_per_s for row in fans),
            "500 tasks: CPU ms per task": p50(row[place].cpu_ms_per_task for row in fans),
        }
        for place, subject in enumerate(subjects)
    }


if __name__ == "__main__":
    main()
