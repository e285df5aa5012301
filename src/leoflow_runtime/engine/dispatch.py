"""The ways from the planner to the executors: a bounded queue for each, with a few workers.

A slow executor slows nothing but its own queue; a full queue makes the planner hold its tasks back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from leoflow_runtime.engine.observer import Observer
from leoflow_runtime.executors.protocol import Executor, LaunchOrder, LaunchRefused

log = logging.getLogger(__name__)

# Seconds before an order that failed is tried again.
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0


class Dispatcher:
    """One way for native launches, which the control plane does by itself, and one for all others.

    `concurrency`: calls of each at once. `refused(launch_id, reason)`: this launch will never start.
    `left()`: something left a queue.
    """

    def __init__(
        self,
        executor: Executor,
        observer: Observer,
        *,
        refused: Callable[[int, str], None],
        left: Callable[[], None],
        concurrency: int = 16,
    ) -> None:
        self._executor = executor
        self._observer = observer
        self._refused = refused
        self._left = left
        self._queues = _new_queues()
        self._pending: dict[int, LaunchOrder] = {}
        self._in_hand: set[int] = set()
        self._pauses: dict[int, float] = {}
        self._gone: list[int] = []
        self._concurrency = concurrency
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> Mapping[int, LaunchOrder]:
        """Launches that no executor has taken yet."""
        return self._pending

    def take_gone(self) -> list[int]:
        """Launches that have left the queue since the last call."""
        gone, self._gone = self._gone, []
        return gone

    def start(self) -> None:
        for native, queue in self._queues.items():
            for number in range(self._concurrency):
                self._spawn(self._work(queue), f"dispatch-{'native-' if native else ''}{number}")

    async def stop(self) -> None:
        """Forgets what is pending: the next planner finds it in the record and orders it again."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._queues = _new_queues()
        self._pending.clear()
        self._in_hand.clear()
        self._pauses.clear()
        self._gone.clear()

    def order(self, orders: Iterable[LaunchOrder]) -> None:
        for order in orders:
            if order.launch_id not in self._pending:
                self._pending[order.launch_id] = order
                self._queues[order.is_native].put_nowait(order)
        self._observer.dispatch_queue(len(self._pending))

    def cancel(self, launch_id: int, reason: str) -> bool:
        """True: it was still waiting here and will never start. Otherwise the executor is asked to end it."""
        if launch_id in self._pending and launch_id not in self._in_hand:
            self._drop(launch_id)
            return True
        self._spawn(self._cancel(launch_id, reason), f"cancel-{launch_id}")
        return False

    async def _cancel(self, launch_id: int, reason: str) -> None:
        try:
            await self._executor.cancel(launch_id, reason)
        except Exception:
            # The engine asks again while the launch has not ended.
            log.exception("the executor could not cancel launch %s", launch_id)

    async def _work(self, queue: asyncio.Queue[LaunchOrder]) -> None:
        while True:
            order = await queue.get()
            if order.launch_id in self._pending:
                await self._hand_over(order)

    async def _hand_over(self, order: LaunchOrder) -> None:
        launch_id = order.launch_id
        self._in_hand.add(launch_id)
        try:
            await self._executor.launch(order)
        except LaunchRefused as refusal:
            self._observer.decision("launch_refused")
            self._drop(launch_id)
            self._refused(launch_id, refusal.reason)
        except Exception:
            self._observer.decision("launch_error")
            pause = self._pauses.get(launch_id, _FIRST_PAUSE)
            self._pauses[launch_id] = min(pause * 2, _LONGEST_PAUSE)
            log.exception("the executor failed on launch %s; again in %.1f s", launch_id, pause)
            asyncio.get_running_loop().call_later(pause, self._queues[order.is_native].put_nowait, order)
        else:
            self._drop(launch_id)
        finally:
            self._in_hand.discard(launch_id)

    def _drop(self, launch_id: int) -> None:
        self._pending.pop(launch_id, None)
        self._pauses.pop(launch_id, None)
        self._gone.append(launch_id)
        self._observer.dispatch_queue(len(self._pending))
        self._left()

    def _spawn(self, work: object, name: str) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name=name)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _new_queues() -> dict[bool, asyncio.Queue[LaunchOrder]]:
    return {native: asyncio.Queue() for native in (False, True)}
