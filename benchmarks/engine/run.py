"""`make bench-engine`: what the engine alone costs, as a table and in benchmarks/results/latest.json."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.engine import measures
from benchmarks.engine.pretending import Bench, Databases, bench, databases
from benchmarks.results_file import LATEST, keep

# Issue 5's limits; `>` where more is better.
GOALS = {
    "completions_per_s": ("> 3000", lambda value: value >= 3000),
    "edge_ms_p50": ("< 5", lambda value: value <= 5),
    "edge_ms_p99": ("< 25", lambda value: value <= 25),
    "transition_ratio": ("< 1.3", lambda value: value <= 1.3),
    "engine_idle_cpu_percent_1000": ("< 1", lambda value: value <= 1),
    "engine_idle_cpu_percent_10000": ("< 2", lambda value: value <= 2),
    "mapped_10000_s": ("< 20", lambda value: value <= 20),
    "api_ms_p95": ("< 100", lambda value: value <= 100),
}
Measure = Callable[[Bench], Awaitable[dict[str, float]]]


def measures_of(share: bool) -> dict[str, Measure]:
    """What is run, by name; `share`: a small size of each."""
    small, large = (10, 500) if share else (10, 10_000)
    dags = (100,) if share else (1000, 10_000)
    width = 500 if share else 10_000
    return {
        "throughput": lambda made: measures.throughput(made, 1000 if share else 10_000),
        "edge": lambda made: measures.edge(made, 3 if share else 15, 100),
        f"transition, {small} runs": lambda made: measures.transition(made, small, 50 if share else 300),
        f"transition, {large} runs": lambda made: measures.transition(made, large, 50 if share else 300),
        f"mapped, {width} wide": lambda made: measures.mapped(made, width),
        **{
            f"idle, {count} DAGs": lambda made, count=count: measures.idle(made, count, 3 if share else 20)
            for count in dags
        },
    }


def measured(
    kind: str, url: str | None, chosen: dict[str, Measure], say: Callable[[str], None]
) -> dict[str, float]:
    results: dict[str, float] = {}

    async def one(measure: Measure, place: Databases) -> dict[str, float]:
        async with bench(place.fresh(), place.cpu_seconds) as made:
            return await measure(made)

    with databases(kind, url) as place:
        for name, measure in chosen.items():
            say(f"{kind}: {name}")
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                results |= runner.run(one(measure, place))
    costs = [value for name, value in results.items() if name.startswith("transition_cpu_ms_")]
    if len(costs) == 2:
        results["transition_ratio"] = costs[1] / costs[0]
    return results


def table(results: dict[str, dict[str, float]]) -> Table:
    shown = Table("measure", *results, "goal", title="The engine alone")
    for name in next(iter(results.values())):
        text, holds = GOALS.get(name, ("", None))
        cells = []
        for of_kind in results.values():
            value = of_kind.get(name)
            colour = "white" if holds is None or value is None else "green" if holds(value) else "red"
            cells.append("-" if value is None else f"[{colour}]{value:.2f}[/]")
        shown.add_row(name, *cells, text)
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", choices=["sqlite", "postgresql"], action="append", help="default: both")
    parser.add_argument("--only", metavar="TEXT", help="measures whose name holds this")
    parser.add_argument("--share", action="store_true", help="small sizes: does it measure?")
    parser.add_argument("--output", type=Path, default=LATEST)
    arguments = parser.parse_args()
    console = Console(stderr=True)
    given = os.environ.get("LEOFLOW_BENCH_DATABASE_URL")
    kinds = arguments.on or ["sqlite", "postgresql"]
    chosen = {
        name: measure
        for name, measure in measures_of(arguments.share).items()
        if not arguments.only or arguments.only in name
    }
    results = {
        kind: measured(
            kind,
            given if kind == "postgresql" else None,
            chosen,
            lambda what: console.print(f"measuring: {what}", style="dim"),
        )
        for kind in kinds
    }
    Console().print(table(results))
    flat = {
        f"engine_{kind}_{name}": value for kind, found in results.items() for name, value in found.items()
    }
    keep(flat, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
