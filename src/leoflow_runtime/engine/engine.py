"""The engine: the planner's shell. Lease, transactions, timers, dispatch, and what repairs them.

It keeps one write of its own in flight. What is asked for meanwhile waits and goes into the next one, so
that under load many operations share a commit; a write that fails is known before memory is used again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from leoflow_runtime.engine.batch import Batch, BatchResult, OperationFailed, perform
from leoflow_runtime.engine.dispatch import Dispatcher
from leoflow_runtime.engine.observer import NoObserver, Observer
from leoflow_runtime.engine.operations import lose_launch, refuse_launch
from leoflow_runtime.engine.planner import MAX_MAP_LENGTH, Planner
from leoflow_runtime.engine.reconcile import reconcile
from leoflow_runtime.engine.store import Lease, LeaseLost, Store, Tx
from leoflow_runtime.engine.work import MemoryStale
from leoflow_runtime.executors.protocol import Executor, OffersPlaces, Place, TellsObstacles

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSettings:
    """Times are in seconds."""

    lease_ttl: float = 4.0
    lease_renewal: float = 1.0
    lease_watch: float = 0.25  # of who stands by: with the lease's end it takes over
    sweep: float = 1.0  # the inbox, whatever hints were lost
    thorough_sweep: float = 30.0  # memory against the record
    reconcile: float = 15.0  # launches against what the executor holds
    heartbeat_silence: float = 90.0
    batch: int = 500
    patience: float = 0.005  # how long what is not urgent waits for company in a transaction
    dispatch_limit: int = 256  # of each executor: launches that it has not taken yet
    dispatch_concurrency: int = 16  # of each executor: calls at once
    max_map_length: int = MAX_MAP_LENGTH


class _NoPlaces:
    """Of an executor whose launches are opened by those who run them."""

    def places(self) -> Sequence[Place]:
        return ()

    def spend(self, places: Iterable[Place]) -> None: ...


@dataclass(slots=True, eq=False)
class _Asked:
    operation: Callable[[Tx], Any]
    launch: int | None  # that it is about
    answer: asyncio.Future[Any]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Engine:
    """`owner` names this planner among replicas; `clock` only says how long to wait for a timer."""

    def __init__(
        self,
        store: Store,
        executor: Executor,
        *,
        owner: str,
        observer: Observer | None = None,
        clock: Callable[[], datetime] = _utc_now,
        settings: EngineSettings | None = None,
    ) -> None:
        self._store = store
        self._executor = executor
        self._places = executor if isinstance(executor, OffersPlaces) else _NoPlaces()
        self._owner = owner
        self._observer = observer or NoObserver()
        self._clock = clock
        self.settings = settings or EngineSettings()
        self.planner = Planner(
            self._observer,
            dispatch_limit=self.settings.dispatch_limit,
            max_map_length=self.settings.max_map_length,
        )
        self._dispatcher = Dispatcher(
            executor,
            self._observer,
            refused=self._refused,
            left=self._dispatch_left,
            concurrency=self.settings.dispatch_concurrency,
        )
        self._lease: Lease | None = None
        self._leaving = asyncio.Event()
        self._asked: deque[_Asked] = deque()
        self._is_urgent = False  # something that was asked waits no longer
        self._patience: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()
        self._planning = asyncio.Event()
        self._standing_by = asyncio.Event()
        self._standing_by.set()
        self._ahead = timedelta(0)  # this clock before the record's
        self._drain = True
        self._swept = 0.0
        self._thorough = 0.0
        self._writing = asyncio.Lock()
        self._reconcile_now = asyncio.Event()
        self._background: set[asyncio.Future[Any]] = set()
        self.last_beat: datetime | None = None

    @property
    def is_planning(self) -> bool:
        return self._lease is not None

    async def wait_until_planning(self) -> None:
        await self._planning.wait()

    async def wait_until_standing_by(self) -> None:
        await self._standing_by.wait()

    def poke(self) -> None:
        """A hint that the inbox has something. May be called from any coroutine of the loop."""
        self._drain = True
        self._wake.set()

    async def apply(
        self, operation: Callable[[Tx], T], *, launch: int | None = None, is_urgent: bool = True
    ) -> T:
        """Runs an operation, and where this engine plans its consequences in the same transaction.

        `launch`: what it reports on; what waits with it is read together. What is not urgent waits a little
        for others, as a commit costs more than what is in it.

        Returns after the commit. What the operation raises undoes the operation alone and is raised here.
        The operation may be run more than once before one commit; it must touch only its transaction.
        """
        if not self.is_planning:
            return await self._store.write(operation)
        asked = _Asked(operation, launch, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        if is_urgent:
            self._hurry()
        elif self._patience is None:
            self._patience = asyncio.get_running_loop().call_later(self.settings.patience, self._hurry)
        return await asked.answer  # type: ignore[no-any-return]

    def _hurry(self) -> None:
        self._is_urgent = True
        self._wake.set()

    def _take_asked(self) -> list[_Asked]:
        asked = [self._asked.popleft() for _ in range(min(len(self._asked), self.settings.batch))]
        self._is_urgent = bool(self._asked)
        if self._patience is not None and not self._asked:
            self._patience.cancel()
            self._patience = None
        return asked

    async def run(self) -> None:
        """Plans while it holds the lease, stands by otherwise; until cancelled, then lets go of it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hold_lease(), name="engine-lease")
                group.create_task(self._plan(), name="engine-planner")
                group.create_task(self._reconcile(), name="engine-reconcile")
        finally:
            lease = self._lease
            await self._step_down()
            await self._let_go()  # again, where stepping down was cut short
            if lease is not None:
                with contextlib.suppress(Exception):
                    # It ends by itself in seconds; leaving must not fail on a store that is gone.
                    await self._store.release_lease(lease)

    async def hand_over(self) -> None:
        """Lets go of the lease, so that another replica plans at once, and never asks for it again."""
        self._leaving.set()
        lease = self._lease
        await self._step_down()
        if lease is not None:
            await self._store.release_lease(lease)

    # The lease

    async def _hold_lease(self) -> None:
        ttl = timedelta(seconds=self.settings.lease_ttl)
        while True:
            try:
                lease = await self._acquire(ttl)
            except Exception:
                log.exception("the planner's lease could not be renewed")
                lease = self._lease
                if lease is not None and lease.expires_at <= self._clock() - self._ahead:
                    lease = None
            if self._lease is not None and (lease is None or lease.epoch != self._lease.epoch):
                await self._step_down()
            if lease is not None:
                if self._lease is None:
                    self._step_up()
                self._lease = lease
                self._standing_by.clear()
                self._planning.set()
            self.last_beat = self._clock()
            await asyncio.sleep(self.settings.lease_renewal if lease else self.settings.lease_watch)

    async def _acquire(self, ttl: timedelta) -> Lease | None:
        if self._leaving.is_set():
            return None
        lease = await self._store.acquire_lease(self._owner, ttl)
        if lease is not None and self._leaving.is_set():
            # Renewed while it was given back.
            await self._store.release_lease(lease)
            return None
        return lease

    def _step_up(self) -> None:
        self.planner.forget()
        self._dispatcher.start()
        self._drain = True
        self._wake.set()
        self._reconcile_now.set()
        self._observer.lease(True)
        log.info("this replica plans")

    async def _step_down(self) -> None:
        if self._lease is None:
            return
        self._lease = None
        self._planning.clear()
        self._standing_by.set()
        self._observer.lease(False)
        await self._let_go()
        log.info("this replica stands by")

    async def _let_go(self) -> None:
        """Of memory, of launches on their way, of who waits for an answer."""
        async with self._writing:
            self.planner.forget()
        await self._dispatcher.stop()
        asked, self._asked = list(self._asked), deque()
        self._take_asked()
        for one in asked:
            await self._apply_elsewhere(one)

    async def _apply_elsewhere(self, asked: _Asked) -> None:
        """Another planner will draw the consequences: the fact goes to the inbox."""
        if asked.answer.done():
            return
        try:
            result = await self._store.write(asked.operation)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            if not asked.answer.done():
                asked.answer.set_exception(error)
        else:
            if not asked.answer.done():
                asked.answer.set_result(result)

    # Transactions

    async def _plan(self) -> None:
        while True:
            await self._planning.wait()
            await self._wait_for_work()
            if not self.is_planning:
                continue
            asked = self._take_asked()
            try:
                await self._commit(asked)
            except LeaseLost:
                self._asked.extendleft(reversed([one for one in asked if not one.answer.done()]))
                await self._step_down()
            except MemoryStale as stale:
                log.info("%s; rebuilding", stale)
                await self._redo(asked)
            except Exception as error:
                log.exception("a transaction of the planner failed")
                self._observer.decision("plan_error")
                if not asked:
                    # Nothing waits for an answer: do not spin on what fails.
                    await asyncio.sleep(self.settings.sweep)
                elif len(asked) == 1:
                    _answer(asked[0], error)
                else:
                    await self._redo(asked)

    async def _wait_for_work(self) -> None:
        while not self._is_urgent and not self._drain and self.is_planning:
            if any(self._has_room(native) for native in self.planner.waits_for_dispatch):
                return
            now = _seconds()
            pause = self.settings.sweep - (now - self._swept)
            due = self.planner.next_due()
            if due is not None:
                pause = min(pause, (due - self._clock() + self._ahead).total_seconds())
            if pause <= 0:
                return
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                # Not wait_for: before Python 3.12 it forgets a cancellation that comes with the wake-up.
                async with asyncio.timeout(pause):
                    await self._wake.wait()
        self._wake.clear()

    async def _commit(self, asked: list[_Asked]) -> None:
        """One write. Raises whatever undid it; memory is forgotten then."""
        now, began = _seconds(), time.monotonic()
        thorough = now - self._thorough >= self.settings.thorough_sweep
        drain = self._drain or thorough or now - self._swept >= self.settings.sweep
        self._drain = False
        gone = self._dispatcher.take_gone()
        before = self._clock()
        batch = Batch(
            operations=[one.operation for one in asked],
            launches={one.launch for one in asked if one.launch is not None},
            drain=drain,
            sweep=thorough,
            dispatched=gone,
            ordered=tuple(self._dispatcher.pending.values()),
            places=self._places.places(),
            savepoints=False,  # they cost as much as the rest of a report, and few operations fail
        )
        async with self._writing:
            try:
                try:
                    result = await self._write(batch)
                except OperationFailed:
                    result = await self._write(replace(batch, savepoints=True))
            except Exception:
                self._places.spend(batch.places)  # it may have been committed all the same
                self.planner.forget()
                self._drain = True
                raise
            self._places.spend(order.place for order in result.consequences.orders if order.place)
        if drain:
            self._swept = now
        if thorough:
            self._thorough = now
        self.last_beat = self._clock()
        self._ahead = _ahead(before, result.now, self.last_beat)
        self._observer.batch(len(asked), time.monotonic() - began)
        self._carry_out(asked, result)

    async def _write(self, batch: Batch) -> BatchResult:
        write = self._store.write(partial(perform, planner=self.planner, batch=batch), lease=self._lease)
        return await _to_its_end(asyncio.ensure_future(write))

    async def _redo(self, asked: list[_Asked]) -> None:
        """One by one, so that what fails fails alone."""
        for position, one in enumerate(asked):
            for last_time in (False, True):
                try:
                    await self._commit([one])
                    break
                except LeaseLost:
                    left = [other for other in asked[position:] if not other.answer.done()]
                    self._asked.extendleft(reversed(left))
                    await self._step_down()
                    return
                except Exception as error:
                    if last_time or not isinstance(error, MemoryStale):
                        self._observer.decision("plan_error")
                        log.exception("the consequences of an operation could not be drawn")
                        _answer(one, error)
                        break

    def _carry_out(self, asked: list[_Asked], result: BatchResult) -> None:
        """After the commit, and only then."""
        for one, outcome, failed in zip(asked, result.outcomes, result.failed, strict=True):
            if one.answer.done():
                continue
            if failed:
                one.answer.set_exception(outcome)
            else:
                one.answer.set_result(outcome)
        if result.inbox_left:
            self._drain = True
        if not self.is_planning:
            # The next planner finds these launches unopened and orders them.
            return
        self._dispatcher.order(result.consequences.orders)
        for launch_id, reason in result.consequences.cancels.items():
            self.cancel(launch_id, reason)

    # Launches

    def cancel(self, launch_id: int, reason: str) -> None:
        """Ends a launch: here where it has not left yet, else by the executor."""
        if self._dispatcher.cancel(launch_id, reason):
            self._end_unstarted(lambda tx: lose_launch(tx, launch_id, reason))

    def _refused(self, launch_id: int, reason: str) -> None:
        self._end_unstarted(lambda tx: refuse_launch(tx, launch_id, reason))

    def _end_unstarted(self, operation: Callable[[Tx], object]) -> None:
        task = asyncio.ensure_future(self.apply(operation))
        self._background.add(task)
        task.add_done_callback(self._background_done)

    def _background_done(self, task: asyncio.Future[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # The reconciliation finds the launch again.
            log.error("the end of a launch could not be recorded", exc_info=task.exception())

    # What `explain` asks (`Handover`)

    def why_held_back(self, *, native: bool) -> str | None:
        """Why no more launches of that executor are ordered; None: they are."""
        if self._has_room(native):
            return None
        limit = self.settings.dispatch_limit
        return f"{limit} launches are on their way to the executor, as many as may be at once."

    def obstacle(self, launch_id: int) -> str | None:
        """Why an ordered launch has no process yet; None: nothing is known."""
        if launch_id in self._dispatcher.pending:
            return "It is on its way to the executor, which has not taken it yet."
        executor = self._executor
        return executor.obstacle(launch_id) if isinstance(executor, TellsObstacles) else None

    def _dispatch_left(self) -> None:
        if self.planner.waits_for_dispatch:
            self._wake.set()

    def _has_room(self, native: bool) -> bool:
        pending = sum(order.is_native is native for order in self._dispatcher.pending.values())
        return pending < self.settings.dispatch_limit

    async def _reconcile(self) -> None:
        while True:
            await self._planning.wait()
            settled = False
            self._reconcile_now.clear()
            try:
                settled = await reconcile(self, self._store, self._executor, self._dispatcher, self.settings)
            except Exception:
                log.exception("launches could not be compared with what the executor holds")
            pause = self.settings.reconcile if settled else self.settings.lease_renewal
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._reconcile_now.wait()


def _seconds() -> float:
    """The event loop's clock, which is virtual in a simulation."""
    return asyncio.get_running_loop().time()


def _ahead(before: datetime, record: datetime, after: datetime) -> timedelta:
    """By how much this clock is ahead of the record's, as far as the time between cannot explain it."""
    return max(before - record, timedelta(0)) or min(after - record, timedelta(0))


def _answer(asked: _Asked, error: BaseException) -> None:
    if not asked.answer.done():
        asked.answer.set_exception(error)


async def _to_its_end(write: asyncio.Future[BatchResult]) -> BatchResult:
    """A write that has begun is not given up on: whoever asked is to learn how it ended."""
    try:
        return await asyncio.shield(write)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        try:
            return await write
        finally:
            # Also where it failed: whoever stops this engine must not wait for ever.
            if task is not None:
                task.get_loop().call_soon(task.cancel)
