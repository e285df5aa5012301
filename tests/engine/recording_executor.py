"""An executor that starts nothing and tells all."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from leoflow_runtime.executors.protocol import LaunchOrder, LaunchRefused


class RecordingExecutor:
    """`refuse`, `fail`: what happens to the next launches. `gate`: launches wait while it is clear."""

    def __init__(self) -> None:
        self.orders: list[LaunchOrder] = []
        self.cancelled: list[int] = []
        self.held: set[int] = set()
        self.refuse = 0
        self.fail = 0
        self.knows = True
        self.gate = asyncio.Event()
        self.gate.set()
        self._changed = asyncio.Condition()

    async def launch(self, order: LaunchOrder) -> None:
        await self.gate.wait()
        if self.refuse:
            self.refuse -= 1
            raise LaunchRefused(order.launch_id, "there is no image")
        if self.fail:
            self.fail -= 1
            raise ConnectionError("the cluster does not answer")
        self.held.add(order.launch_id)
        self.orders.append(order)
        async with self._changed:
            self._changed.notify_all()

    async def cancel(self, launch_id: int, reason: str) -> None:
        self.cancelled.append(launch_id)
        async with self._changed:
            self._changed.notify_all()

    async def running(self) -> Collection[int] | None:
        return set(self.held) if self.knows else None

    async def wait_for_orders(self, count: int) -> list[LaunchOrder]:
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: len(self.orders) >= count), 10)
        return self.orders

    async def wait_for_cancel(self, launch_id: int) -> None:
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: launch_id in self.cancelled), 10)
