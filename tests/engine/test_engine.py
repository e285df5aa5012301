"""The engine as a whole: lease, group commit, dispatch and take-over, in real time without sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine import Engine, EngineSettings, errors, operations
from leoflow_runtime.engine.in_memory import InMemoryStore
from leoflow_runtime.engine.rows import LaunchReport, RunRow
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.executors.protocol import Executor
from leoflow_runtime.executors.routed import RoutedExecutor

from .machine import document, task
from .recording_executor import RecordingExecutor

pytestmark = pytest.mark.anyio

QUICK = EngineSettings(lease_ttl=0.5, lease_renewal=0.02, sweep=0.02, reconcile=0.02, thorough_sweep=0.1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def running(
    store: InMemoryStore,
    executor: Executor,
    *,
    owner: str = "one",
    plans: bool = True,
    settings: EngineSettings = QUICK,
) -> AsyncIterator[Engine]:
    engine = Engine(store, executor, owner=owner, settings=settings)
    store.changed = engine.poke
    runner = asyncio.create_task(engine.run())
    if plans:
        await asyncio.wait_for(engine.wait_until_planning(), 10)
    try:
        yield engine
    finally:
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)


async def start(engine: Engine, *tasks: dict[str, object], dag_id: str = "d") -> RunRow:
    wanted = document(dag_id, tasks=tasks)
    await engine.apply(
        lambda tx: operations.register_version(tx, wanted, created_by="t", meta={}, paused=False)
    )
    return await engine.apply(lambda tx: operations.trigger_run(tx, dag_id=dag_id))


def success(launch_id: int, tx: Tx) -> operations.Verdict:
    return operations.finish_launch(tx, LaunchReport(launch_id=launch_id, outcome=Outcome.SUCCESS))


def state_of_run(store: InMemoryStore, run: RunRow) -> str:
    return str(store.tables["runs"][run.pk].state)


async def test_a_chain_runs_to_its_end() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    async with running(store, executor) as engine:
        run = await start(engine, task("a"), task("b", "a"), task("c", "b"))
        for count, name in enumerate("abc", start=1):
            order = (await executor.wait_for_orders(count))[-1]
            assert (order.task_id, order.dag_id, order.run_id, order.try_number) == (name, "d", run.run_id, 1)
            await engine.apply(partial(success, order.launch_id))
        assert state_of_run(store, run) == "success"


async def test_an_executor_that_hangs_holds_up_no_other() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    native = RecordingExecutor()
    executor.gate.clear()
    async with running(store, RoutedExecutor(native, executor)) as engine:
        await start(engine, *(task(f"t{number}") for number in range(QUICK.dispatch_concurrency)))
        await start(engine, task("native", execution_mode="inline"), dag_id="n")
        assert [order.task_id for order in await native.wait_for_orders(1)] == ["native"]
        executor.gate.set()


async def test_an_engine_ends_although_its_last_write_fails() -> None:
    class Hanging(InMemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.begun, self.go_on = asyncio.Event(), asyncio.Event()

        async def write(self, body, *, lease=None):  # type: ignore[no-untyped-def]
            if self.begun.is_set():
                return await super().write(body, lease=lease)
            self.begun.set()
            await self.go_on.wait()
            raise OSError("the database is gone")

    store = Hanging()
    engine = Engine(store, RecordingExecutor(), owner="one", settings=QUICK)
    runner = asyncio.create_task(engine.run())
    await store.begun.wait()
    runner.cancel()
    store.go_on.set()
    done, _ = await asyncio.wait([runner], timeout=10)
    assert done, "the engine waits for ever"


async def test_what_waits_shares_a_commit() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    async with running(store, executor) as engine:
        await start(engine, *(task(f"t{n}") for n in range(100)))
        orders = await executor.wait_for_orders(16)
        before = store.commits
        verdicts = await asyncio.gather(
            *(engine.apply(partial(success, order.launch_id)) for order in orders[:16])
        )
        assert all(verdict.accepted for verdict in verdicts)
        assert store.commits - before <= 4


async def test_what_is_not_urgent_goes_with_the_next_that_is() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    for_ever = EngineSettings(patience=3600, sweep=3600)
    async with running(store, executor, settings=for_ever) as engine:
        await start(engine, task("a"), task("b"))
        first, second = await executor.wait_for_orders(2)
        before = store.commits
        begun = partial(operations.start_launch, launch_id=first.launch_id)
        patient = asyncio.ensure_future(engine.apply(begun, launch=first.launch_id, is_urgent=False))
        await asyncio.sleep(0)
        await engine.apply(partial(success, second.launch_id), launch=second.launch_id)
        assert (await patient).accepted
        assert store.commits - before == 1


async def test_what_is_not_urgent_does_not_wait_for_ever() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    soon = EngineSettings(patience=0.001, sweep=3600)
    async with running(store, executor, settings=soon) as engine:
        await start(engine, task("a"))
        (order,) = await executor.wait_for_orders(1)
        begun = partial(operations.start_launch, launch_id=order.launch_id)
        verdict = await asyncio.wait_for(engine.apply(begun, is_urgent=False), 10)
        assert verdict.accepted


async def test_an_operation_that_is_refused_fails_alone() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    async with running(store, executor) as engine:
        await start(engine, task("a"))
        answers = await asyncio.gather(
            engine.apply(lambda tx: operations.trigger_run(tx, dag_id="unknown")),
            engine.apply(lambda tx: operations.trigger_run(tx, dag_id="d", run_id="good")),
            return_exceptions=True,
        )
        assert isinstance(answers[0], errors.UnknownDag)
        assert isinstance(answers[1], RunRow)


async def test_a_commit_that_fails_is_told_and_the_next_goes_on() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    async with running(store, executor) as engine:
        run = await start(engine, task("a"), task("b", "a"))
        order = (await executor.wait_for_orders(1))[0]
        store.failing_commits = 1
        try:
            await engine.apply(partial(success, order.launch_id))
        except OSError:
            await engine.apply(partial(success, order.launch_id))
        last = (await executor.wait_for_orders(2))[-1]
        assert last.task_id == "b"
        await engine.apply(partial(success, last.launch_id))
        assert state_of_run(store, run) == "success"


async def test_a_refused_launch_fails_its_task_at_once_whatever_its_retries() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    executor.refuse = 1
    async with running(store, executor) as engine:
        run = await start(engine, task("a", retries=3), task("b", "a", trigger_rule="all_done"))
        order = (await executor.wait_for_orders(1))[0]
        assert order.task_id == "b"
        (row,) = [one for one in store.tables["tasks"].values() if one.task_id == "a"]
        assert (row.state, row.infra_failures, row.try_number) == ("failed", 0, 1)
        assert store.tables["unseen"][row.pk]["message"] == "there is no image"
        assert executor.orders == [order]
        assert state_of_run(store, run) == "running"


async def test_an_executor_that_fails_is_asked_again() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    executor.fail = 1
    async with running(store, executor) as engine:
        await start(engine, task("a"))
        await executor.wait_for_orders(1)
        (row,) = store.tables["tasks"].values()
        assert row.infra_failures == 0


async def test_a_slow_executor_does_not_slow_planning() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    executor.gate.clear()
    async with running(store, executor) as engine:
        await start(engine, task("a"))
        run = await start(engine, task("e", type="empty"), dag_id="other")
        assert state_of_run(store, run) == "success"
        executor.gate.set()
        await executor.wait_for_orders(1)


async def test_a_launch_that_is_stopped_before_it_left_ends_at_once() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    executor.gate.clear()
    async with running(store, executor) as engine:
        run = await start(engine, *(task(f"t{n:02}") for n in range(16)), task("u"))
        await engine.apply(lambda tx: operations.mark_run(tx, dag_id="d", run_id=run.run_id, state="failed"))
        executor.gate.set()
        assert state_of_run(store, run) == "failed"


async def test_a_cleared_running_task_is_stopped_by_the_executor() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    async with running(store, executor) as engine:
        run = await start(engine, task("a"))
        order = (await executor.wait_for_orders(1))[0]
        await engine.apply(lambda tx: operations.open_launch(tx, order.launch_id))
        await engine.apply(lambda tx: operations.start_launch(tx, order.launch_id))
        await engine.apply(lambda tx: operations.clear_tasks(tx, dag_id="d", run_id=run.run_id))
        await executor.wait_for_cancel(order.launch_id)
        executor.held.discard(order.launch_id)
        await engine.apply(partial(success, order.launch_id))
        again = (await executor.wait_for_orders(2))[-1]
        assert (again.task_id, again.try_number) == ("a", 2)


async def test_a_fact_taken_by_a_replica_that_stands_by_reaches_the_planner() -> None:
    store, executor, idle = InMemoryStore(), RecordingExecutor(), RecordingExecutor()
    async with (
        running(store, idle, owner="second", plans=False) as standby,
        running(store, executor, owner="first", plans=False) as other,
    ):

        async def one_plans() -> None:
            while not (standby.is_planning or other.is_planning):
                await asyncio.sleep(0)

        await asyncio.wait_for(one_plans(), 10)
        planner, replica = (standby, other) if standby.is_planning else (other, standby)
        works = idle if planner is standby else executor
        store.changed = planner.poke
        await start(replica, task("a"))
        order = (await works.wait_for_orders(1))[0]
        assert order.task_id == "a"
        assert not replica.is_planning


async def test_a_planner_that_leaves_hands_over_at_once_and_nothing_is_launched_twice() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    async with running(store, executor, owner="first") as engine:
        run = await start(engine, task("a"), task("b", "a"))
        order = (await executor.wait_for_orders(1))[0]
        await engine.apply(partial(operations.open_launch, launch_id=order.launch_id))
    async with running(store, executor, owner="second") as engine:
        await engine.apply(partial(success, order.launch_id))
        last = (await executor.wait_for_orders(2))[-1]
        assert last.task_id == "b"
        await engine.apply(partial(success, last.launch_id))
        assert state_of_run(store, run) == "success"
    assert len({order.launch_id for order in executor.orders}) == len(executor.orders) == 2


async def test_after_a_crash_an_unopened_launch_is_ordered_again_under_its_number() -> None:
    store, dead, executor = InMemoryStore(), RecordingExecutor(), RecordingExecutor()
    dead.gate.clear()
    async with running(store, dead, owner="first") as engine:
        await start(engine, task("a"))
    assert dead.orders == []
    async with running(store, executor, owner="second"):
        order = (await executor.wait_for_orders(1))[0]
    assert order.launch_id == 1


async def test_a_silent_launch_is_lost_only_once_the_executor_disowns_it() -> None:
    moment = [0.0]
    base = InMemoryStore().clock()
    store, executor = InMemoryStore(lambda: base + timedelta(seconds=moment[0])), RecordingExecutor()
    store.tables["pools"][1, "default_pool"] = 1
    async with running(store, executor) as engine:
        await start(engine, task("a"))
        order = (await executor.wait_for_orders(1))[0]
        await engine.apply(partial(operations.open_launch, launch_id=order.launch_id))
        moment[0] = 91.0
        await executor.wait_for_cancel(order.launch_id)
        assert store.tables["launches"][order.launch_id].finished_at is None
        executor.held.clear()
        moment[0] = 93.0
        while store.tables["launches"][order.launch_id].finished_at is None:
            await asyncio.sleep(0)
        assert store.tables["launches"][order.launch_id].outcome is Outcome.LOST


async def test_a_wake_up_in_the_moment_of_leaving_is_no_reason_to_stay() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    engine = Engine(store, executor, owner="one", settings=EngineSettings(sweep=60))
    runner = asyncio.create_task(engine.run())
    await asyncio.wait_for(engine.wait_until_planning(), 10)
    await engine.apply(lambda tx: None)
    for _ in range(10):  # until the planner waits for its next wake-up
        await asyncio.sleep(0)
    engine.poke()
    runner.cancel()
    done, _ = await asyncio.wait({runner}, timeout=10)
    assert done, "the engine outlived its cancellation"
