"""Replicas of a control plane that crash, stall and come back, on one record."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from leoflow_runtime.engine.engine import Engine, EngineSettings
from leoflow_runtime.engine.store import Lease, Tx

from .cluster import Cluster
from .records import Record

T = TypeVar("T")


class ConnectionLost(OSError):
    """Nobody knows whether the commit went through."""


class Dead(Exception):
    """The coroutine of a dead replica, which is taken away."""


class Line:
    """A replica's way to the world: to the database and to the cluster. It may hang, or be cut."""

    def __init__(self) -> None:
        self.is_cut = False
        self.is_buried = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()

    def stall(self) -> None:
        """The whole replica stands still, as under SIGSTOP: it notices nothing."""
        self._open.clear()

    def go_on(self) -> None:
        self._open.set()

    async def passed(self) -> None:
        """Returns when the replica runs; never again once it is dead. Raises Dead after the history."""
        await self._open.wait()
        if self.is_cut:
            await self.is_buried.wait()
            raise Dead


class ReplicaStore:
    """The record, as one replica reaches it. `trouble`: how often a write fails, or its answer is lost."""

    def __init__(self, record: Record, line: Line, chance: random.Random, check: Callable[[], None]):
        self._record = record
        self._line = line
        self._chance = chance
        self._check = check
        self.trouble = 0.0

    async def write(self, body: Callable[[Tx], T], *, lease: Lease | None = None) -> T:
        await self._delay()
        if self._chance.random() < self.trouble:
            self._record.failing_commits += 1
        result = self._record.write_now(body, lease=lease)
        self._check()
        await self._delay()
        if self._chance.random() < self.trouble:
            raise ConnectionLost("after the commit")
        return result

    async def read(self, body: Callable[[Tx], T]) -> T:
        await self._delay()
        return self._record.read_now(body)

    async def acquire_lease(self, owner: str, ttl: timedelta) -> Lease | None:
        await self._delay()
        lease = await self._record.acquire_lease(owner, ttl)
        await self._delay()
        return lease

    async def release_lease(self, lease: Lease) -> None:
        await self._delay()
        await self._record.release_lease(lease)

    async def _delay(self) -> None:
        await self._line.passed()
        await asyncio.sleep(self._chance.choice([0, 0, 0.001, 0.02]))
        await self._line.passed()


class Replica:
    """One server: an engine, until it is killed."""

    def __init__(
        self,
        name: str,
        record: Record,
        cluster: Cluster,
        chance: random.Random,
        check: Callable[[], None],
        settings: EngineSettings,
    ) -> None:
        self.name = name
        self.line = Line()
        self.store = ReplicaStore(record, self.line, chance, check)
        self.engine = Engine(
            self.store,
            cluster.seen_through(self.line),
            owner=name,
            clock=record.clock,
            settings=settings,
        )
        self._task = asyncio.ensure_future(self.engine.run())

    @property
    def is_alive(self) -> bool:
        return not self.line.is_cut

    def failure(self) -> BaseException | None:
        """Why its engine has ended, although nobody asked for it."""
        if not self._task.done() or self._task.cancelled():
            return None
        return self._task.exception()

    def kill(self) -> None:
        """As kill -9: what it was about to do is not done, what it held is not given back."""
        self.line.is_cut = True
        self.line.go_on()

    async def stop(self) -> None:
        """As SIGTERM."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.line.is_cut = True

    async def bury(self) -> None:
        """After the history: a dead replica's coroutines still wait."""
        self.kill()
        self.line.is_buried.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
