"""A cluster whose processes survive the control plane: they start late, die silently, report twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from leoflow_runtime.artifact.records import RETURN_VALUE
from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.operations import Verdict
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.executors.protocol import LaunchOrder, LaunchRefused

if TYPE_CHECKING:
    from .replicas import Line, Replica

TAKEN = "another process has opened this launch"
OUTCOMES = ["success"] * 6 + ["failed", "failed", "failed_no_retry", "skipped", "up_for_reschedule"]


@dataclass(kw_only=True)
class Process:
    """What runs for one launch. `is_working`: the user's code is at it."""

    order: LaunchOrder
    number: int
    is_working: bool = False
    is_over: bool = False
    asked_to_stop: asyncio.Event = field(default_factory=asyncio.Event)


class Cluster:
    """`replicas`: whom a process may talk to, at any time. `trouble`: how often something goes wrong."""

    def __init__(
        self, chance: random.Random, clock: Callable[[], datetime], replicas: Callable[[], list[Replica]]
    ) -> None:
        self.chance = chance
        self.failures: list[BaseException] = []
        self.trouble = 0.0
        self.processes: dict[int, Process] = {}
        self.reports: list[LaunchReport] = []  # every report that was ever sent
        self.accepted: dict[int, str] = {}
        self._clock = clock
        self._replicas = replicas
        self._numbers = count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    def seen_through(self, line: Line) -> SeenCluster:
        return SeenCluster(self, line)

    def start(self, order: LaunchOrder) -> None:
        """At most one process at a time; one that is gone without a word may be replaced."""
        if order.launch_id not in self.held():
            process = self.processes[order.launch_id] = Process(order=order, number=next(self._numbers))
            self.spawn(self._live(process))

    def held(self) -> set[int]:
        return {launch_id for launch_id, process in self.processes.items() if not process.is_over}

    def spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.failures.append(error)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # One process

    async def _live(self, process: Process) -> None:
        launch_id = process.order.launch_id
        await asyncio.sleep(self.chance.choice([0, 0.01, 1, 20]))
        if self.chance.random() < self.trouble:
            process.is_over = True  # its node is gone, and nobody says so
            return
        opened = await self.tell(partial(_open, launch_id=launch_id, host=str(process.number)))
        if opened.accepted:
            opened = await self.tell(lambda tx: operations.start_launch(tx, launch_id, pid=1, hostname="n"))
        if opened.accepted:
            await self._work(process)
        elif opened.reason != TAKEN:
            await self.report(launch_id, Outcome.CANCELLED)
        process.is_over = True

    async def _work(self, process: Process) -> None:
        order = process.order
        key = (order.dag_id, order.run_id, order.task_id, order.map_index)
        others = [
            other.order.launch_id
            for other in self.processes.values()
            if other.is_working and _key(other.order) == key
        ]
        assert not others, f"launch {order.launch_id} of {key} works beside {others}"
        process.is_working = True
        beats = asyncio.ensure_future(self._beat(process))
        try:
            if self.chance.random() < 0.2:
                await self._wait_for_trigger(process)
            await self._pass_time(process)
        finally:
            beats.cancel()
        stopped = process.asked_to_stop.is_set()
        process.is_working = False
        if self.chance.random() < self.trouble:
            return  # it died before it could report
        outcome = Outcome.CANCELLED if stopped else Outcome(self.chance.choice(OUTCOMES))
        await self.report(order.launch_id, outcome, **self._left(order, outcome))
        if self.chance.random() < self.trouble:
            await asyncio.sleep(self.chance.choice([0, 5, 500]))
            await self.report(order.launch_id, outcome)

    async def _pass_time(self, process: Process) -> None:
        """Until it is asked to stop, at the latest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.chance.choice([0, 0.1, 3, 60, 400])):
                await process.asked_to_stop.wait()

    async def _wait_for_trigger(self, process: Process) -> None:
        """It gives its slots back meanwhile; the word that it works again may be said twice."""
        for is_deferred in self.chance.choice(
            [(True, False), (True, False, True, False), (True, False, False)]
        ):
            launch_id = process.order.launch_id
            verdict = await self.tell(
                partial(operations.defer_launch, launch_id=launch_id, is_deferred=is_deferred)
            )
            if verdict.should_stop:
                process.asked_to_stop.set()
            if is_deferred:
                await self._pass_time(process)

    async def _beat(self, process: Process) -> None:
        while not process.asked_to_stop.is_set():
            await asyncio.sleep(20)
            verdict = await self.tell(partial(_beat, launch_id=process.order.launch_id))
            if verdict.should_stop:
                process.asked_to_stop.set()

    def _left(self, order: LaunchOrder, outcome: Outcome) -> dict[str, Any]:
        """The list that others are mapped over; none at all where the user's code forgot it."""
        if not order.task_id.startswith(("list", "each")) or outcome is not Outcome.SUCCESS:
            return {}
        return {"xcoms": {RETURN_VALUE: b"[]"}, "map_length": self.chance.choice([0, 1, 2, 3, 3, 7])}

    async def report(self, launch_id: int, outcome: Outcome, **left: Any) -> None:
        report = LaunchReport(
            launch_id=launch_id,
            outcome=outcome,
            reschedule_at=self._clock() + timedelta(seconds=30) if outcome == "up_for_reschedule" else None,
            **left,
        )
        self.reports.append(report)
        await self.send(report)

    async def send(self, report: LaunchReport) -> None:
        verdict = await self.tell(lambda tx: operations.finish_launch(tx, report))
        if verdict.accepted:
            known = self.accepted.setdefault(report.launch_id, report.outcome)
            assert known == report.outcome, f"launch {report.launch_id}: {report.outcome} after {known}"

    async def tell(self, operation: Callable[[Tx], Verdict]) -> Verdict:
        """Until some replica has acknowledged it."""
        while True:
            alive = [replica for replica in self._replicas() if replica.is_alive]
            if alive:
                replica = self.chance.choice(alive)
                try:
                    async with asyncio.timeout(10):
                        return await replica.engine.apply(operation)
                except (TimeoutError, OSError):
                    pass
            await asyncio.sleep(0.5)


class SeenCluster:
    """The executor of one replica: what it asks for arrives late where the replica stands still."""

    def __init__(self, cluster: Cluster, line: Line) -> None:
        self._cluster = cluster
        self._line = line

    async def launch(self, order: LaunchOrder) -> None:
        await self._line.passed()
        await asyncio.sleep(self._cluster.chance.choice([0, 0.01, 2]))
        await self._line.passed()
        if order.launch_id in self._cluster.held():
            return
        if self._cluster.chance.random() < self._cluster.trouble / 2:
            raise LaunchRefused(order.launch_id, "there is no room")
        if self._cluster.chance.random() < self._cluster.trouble:
            raise ConnectionError("the cluster does not answer")
        self._cluster.start(order)
        if self._cluster.chance.random() < self._cluster.trouble:
            raise ConnectionError("the answer was lost")

    async def cancel(self, launch_id: int, reason: str) -> None:
        await self._line.passed()
        process = self._cluster.processes.get(launch_id)
        if process is not None:
            process.asked_to_stop.set()

    async def running(self) -> Collection[int] | None:
        await self._line.passed()
        return self._cluster.held()


def _open(tx: Tx, *, launch_id: int, host: str) -> Verdict:
    """A launch is opened by one process, however often that asks."""
    launch = tx.launch(launch_id)
    if launch is not None and launch.opened_at is not None and launch.host != host:
        return Verdict(accepted=False, should_stop=True, reason=TAKEN)
    return operations.open_launch(tx, launch_id, values={"host": host})


def _beat(tx: Tx, *, launch_id: int) -> Verdict:
    reason = operations.stop_reason(tx, launch_id)
    tx.update_launch(launch_id, {"heartbeat_at": tx.now})
    return Verdict(accepted=reason is None, should_stop=reason is not None)


def _key(order: LaunchOrder) -> tuple[str, str, str, int]:
    return (order.dag_id, order.run_id, order.task_id, order.map_index)
