"""What is measured of the engine alone. Each function takes a fresh bench and returns its figures."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterable

import psutil

from benchmarks.engine.asking import watched
from benchmarks.engine.counting import RoundTrips
from benchmarks.engine.pretending import Bench
from leoflow_runtime.executors.protocol import LaunchOrder

# As many at once as the way to an executor takes, so that reports come together as they do under load.
WIDTH = 250


async def throughput(bench: Bench, tasks: int) -> dict[str, float]:
    """`tasks` tasks in layers of WIDTH, each below one of the layer before; the run is on record already."""
    depth = max(1, tasks // WIDTH)
    layers = [
        {"task_id": f"t{level}_{column}", "depends_on": [f"t{level - 1}_{column}"] if level else []}
        for level in range(depth)
        for column in range(WIDTH)
    ]
    await bench.register("layers", layers, max_active_tasks=10 * WIDTH)
    await _unlimited_pool(bench)
    run = await bench.trigger("layers")
    trips = RoundTrips()
    began, used, at_server = time.perf_counter(), time.process_time(), bench.database_cpu()
    await bench.finish(run)
    took, cpu = time.perf_counter() - began, time.process_time() - used
    return {
        "completions_per_s": len(layers) / took,
        "cpu_ms_per_completion": 1000 * cpu / len(layers),
        "server_cpu_ms_per_completion": 1000 * (bench.database_cpu() - at_server) / len(layers),
        "round_trips_per_completion": trips.total / len(layers),
        "completions_per_transaction": len(layers) / trips.transactions,
    }


async def edge(bench: Bench, seconds: float, per_second: float) -> dict[str, float]:
    """From the report of an end to the executor's order for the successor, at a steady rate."""
    chains, length = int(per_second // 10), 10_000
    await bench.register(
        "chain",
        [
            {"task_id": f"t{number}", "depends_on": [f"t{number - 1}"] if number else []}
            for number in range(int(min(length, 20 * seconds)))
        ],
        max_active_runs=chains,
    )
    executor = bench.executor
    executor.hold = lambda order: True
    await bench.trigger("chain", chains)
    while len(executor.orders) < chains:
        await asyncio.sleep(0.01)
    waiting: dict[tuple[str, str], float] = {}
    edges: list[float] = []
    tasks: set[asyncio.Task[None]] = set()
    taken = 0
    trips = RoundTrips()
    used, at_server = time.process_time(), bench.database_cpu()
    until = time.perf_counter() + seconds
    pause = 1 / per_second
    due = time.perf_counter()
    while time.perf_counter() < until:
        while taken < len(executor.orders):
            order = executor.orders[taken]
            ended = waiting.pop((order.run_id, order.task_id), None)
            if ended is not None:
                edges.append(1000 * (executor.ordered[order.launch_id] - ended))
            tasks.add(asyncio.ensure_future(_live(bench, order, chains * pause, waiting)))
            taken += 1
        due += pause / 4
        await asyncio.sleep(max(0.0005, due - time.perf_counter()))
    cpu = time.process_time() - used + bench.database_cpu() - at_server
    await asyncio.sleep(0.2)
    for task in tasks:
        task.cancel()
    return {
        "edge_ms_p50": statistics.median(edges),
        "edge_ms_p99": _percentile(edges, 99),
        "edge_rate_per_s": len(edges) / seconds,
        "edge_cpu_ms": 1000 * cpu / len(edges),
        "edge_round_trips": trips.total / len(edges),
        "edge_transactions": trips.transactions / len(edges),
    }


async def _live(
    bench: Bench, order: LaunchOrder, seconds: float, waiting: dict[tuple[str, str], float]
) -> None:
    """A task that runs for so long, and when it ended by what comes next."""
    ends = time.perf_counter() + seconds
    await bench.executor.start(order)
    await asyncio.sleep(max(0.0, ends - time.perf_counter()))
    waiting[order.run_id, f"t{int(order.task_id[1:]) + 1}"] = time.perf_counter()
    await bench.executor.end(order)


async def transition(bench: Bench, runs: int, sample: int) -> dict[str, float]:
    """CPU of one end with its successor's order, while `runs` runs are active."""
    length = 50
    await bench.register(
        "many",
        [
            {"task_id": f"t{number}", "depends_on": [f"t{number - 1}"] if number else []}
            for number in range(length)
        ],
        max_active_runs=20_000,
    )
    await _unlimited_pool(bench)
    bench.executor.hold = lambda order: True
    await bench.trigger("many", runs)
    while len(bench.executor.orders) < runs:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    orders = bench.executor.orders
    costs = []
    for _ in range(sample):
        position = len(orders)
        order = orders.pop()
        used = time.process_time()
        await bench.executor.live(order)
        while len(orders) < position:
            await asyncio.sleep(0)
        costs.append(1000 * (time.process_time() - used))
        if int(orders[-1].task_id[1:]) == length - 1:
            orders.insert(0, orders.pop())
    return {f"transition_cpu_ms_{runs}_runs": statistics.median(costs)}


async def idle(bench: Bench, dags: int, seconds: float) -> dict[str, float]:
    """A database of `dags` scheduled DAGs that have nothing to do."""
    tasks = [{"task_id": "a"}, {"task_id": "b", "depends_on": ["a"]}]
    for number in range(dags):
        await bench.register(f"idle_{number:05}", tasks, schedule="0 0 1 1 *", start_date="2026-01-01")
    await asyncio.sleep(2)
    used, began = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    busy = 100 * (time.process_time() - used) / (time.perf_counter() - began)
    memory = psutil.Process().memory_info().rss / 2**20
    return {f"engine_idle_cpu_percent_{dags}": busy, f"engine_idle_rss_mb_{dags}": memory}


async def mapped(bench: Bench, width: int) -> dict[str, float]:
    """One task mapped over a list, to its end, while somebody watches the run."""
    each = {"task_id": "each", "depends_on": ["list"], "mapped": {"expand": {"x": {"$xcom": "list"}}}}
    await bench.register("wide", [{"task_id": "list"}, each], max_active_tasks=1000)
    await _unlimited_pool(bench)
    bench.executor.returns = {"list": width}
    began = time.perf_counter()
    (run_pk,) = await bench.trigger("wide")
    run = await bench.store.read(lambda tx: tx.run(run_pk))
    assert run is not None
    async with watched(bench, "wide", run.run_id) as took:
        await bench.finish([run_pk])
        seconds = time.perf_counter() - began
    answers = {f"api_{name}_ms_p95": _percentile(times, 95) for name, times in took.items()}
    return {
        f"mapped_{width}_s": seconds,
        "api_answers": sum(map(len, took.values())),
        "api_ms_p95": _percentile([one for times in took.values() for one in times], 95),
        **answers,
    }


async def _unlimited_pool(bench: Bench) -> None:
    from sqlalchemy import update

    from leoflow_runtime.engine import operations
    from leoflow_server.store.tables import pools

    def lift(connection: object) -> None:
        connection.execute(update(pools).values(slots=-1))  # type: ignore[attr-defined]

    await bench.store.write_rows(lift)
    await bench.engine.apply(operations.announce_config)


def _percentile(values: Iterable[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
