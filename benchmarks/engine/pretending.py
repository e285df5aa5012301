"""A control plane's engine in this process, and what stands for agents: reports that come by themselves."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.engine.counting import cpu_seconds_of
from leoflow_runtime.domain.states import Outcome, RunState
from leoflow_runtime.engine import Engine, EngineSettings, operations
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.executors.protocol import LaunchOrder
from leoflow_server.store import SqlStore, migrate
from tests.postgresql import running_postgresql


class PretendingExecutor:
    """Each launch starts and ends at once, in two reports, as an agent would. `hold`: it does not end."""

    def __init__(self) -> None:
        self.engine: Engine
        self.hold: Callable[[LaunchOrder], bool] = lambda order: False
        self.returns: Mapping[str, int] = {}  # task -> length of the list that it returns
        self.ordered: dict[int, float] = {}  # launch -> when it came here
        self.orders: list[LaunchOrder] = []
        self.completed = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def launch(self, order: LaunchOrder) -> None:
        self.ordered[order.launch_id] = time.perf_counter()
        self.orders.append(order)
        if not self.hold(order):
            task = asyncio.ensure_future(self.live(order))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def live(self, order: LaunchOrder) -> None:
        await self.start(order)
        await self.end(order)

    async def start(self, order: LaunchOrder) -> None:
        launch_id = order.launch_id
        await self.engine.apply(
            lambda tx: operations.start_launch(tx, launch_id, pid=1, hostname="h"),
            launch=launch_id,
            is_urgent=False,
        )

    async def end(self, order: LaunchOrder) -> None:
        length = self.returns.get(order.task_id)
        left: dict[str, Any] = {}
        if length is not None:
            left = {"xcoms": {"return_value": b"[]"}, "map_length": length}
        report = LaunchReport(launch_id=order.launch_id, outcome=Outcome.SUCCESS, **left)
        await self.engine.apply(lambda tx: operations.finish_launch(tx, report), launch=order.launch_id)
        self.completed += 1

    async def cancel(self, launch_id: int, reason: str) -> None:
        return

    async def running(self) -> Collection[int] | None:
        return set(self.ordered)


class Bench:
    """An engine that plans. `url`: of its database; `database_cpu`: seconds that its server has used."""

    def __init__(self, url: str, database_cpu: Callable[[], float]) -> None:
        migrate(url)
        self.database_cpu = database_cpu
        self.store = SqlStore(url)
        self.executor = PretendingExecutor()
        self.engine = Engine(self.store, self.executor, owner="bench", settings=EngineSettings())
        self.executor.engine = self.engine
        self.store.changed.append(self.engine.poke)

    async def register(self, dag_id: str, tasks: Sequence[Mapping[str, Any]], **fields: Any) -> None:
        document = {
            "schema_version": "1.0",
            "dag_id": dag_id,
            "tasks": [{"type": "python", **task} for task in tasks],
            **fields,
        }
        await self.engine.apply(
            lambda tx: operations.register_version(tx, document, created_by="bench", meta={}, paused=False)
        )

    async def trigger(self, dag_id: str, count: int = 1) -> list[int]:
        """The keys of the new runs."""
        asked = [
            self.engine.apply(lambda tx: operations.trigger_run(tx, dag_id=dag_id)) for _ in range(count)
        ]
        return [run.pk for run in await asyncio.gather(*asked)]

    async def finish(self, run_pks: Sequence[int]) -> None:
        for pk in run_pks:
            while (run := await self.store.read(lambda tx, pk=pk: tx.run(pk))).state is not RunState.SUCCESS:
                if run.state is RunState.FAILED:
                    raise RuntimeError(f"run {run.run_id} failed")
                await asyncio.sleep(0.02)


@asynccontextmanager
async def bench(url: str, database_cpu: Callable[[], float]) -> AsyncIterator[Bench]:
    made = Bench(url, database_cpu)
    running = asyncio.ensure_future(made.engine.run())
    try:
        await made.engine.wait_until_planning()
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        made.store.close()


@dataclass(frozen=True)
class Databases:
    """`fresh` gives the URL of a new one; `cpu_seconds`: what their server has used, if there is one."""

    fresh: Callable[[], str]
    cpu_seconds: Callable[[], float] = lambda: 0.0


@contextmanager
def databases(kind: str, url: str | None) -> Iterator[Databases]:
    """Of that kind; one that is given is used as it is."""
    if url is not None:
        yield Databases(lambda: url)
    elif kind == "postgresql":
        with running_postgresql(fsync="on", shared_buffers="256MB") as server:
            yield Databases(server.new_database, cpu_seconds_of(server.pid))
    else:
        with tempfile.TemporaryDirectory(prefix="leoflow-bench-") as folder:
            numbers = iter(range(1_000_000))
            yield Databases(lambda: f"sqlite:///{Path(folder) / f'{next(numbers)}.db'}")
