"""Two engines on one record: who leaves hands over, who stands by takes over, clocks need not agree."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from leoflow_runtime.engine.engine import _ahead
from leoflow_runtime.engine.in_memory import InMemoryStore

from .recording_executor import RecordingExecutor
from .test_engine import running, start, state_of_run, success, task

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_handing_over_lets_the_other_plan_at_once_and_for_good() -> None:
    store, executor = InMemoryStore(), RecordingExecutor()
    async with running(store, executor, owner="one") as one:
        run = await start(one, task("a"))
        async with running(store, executor, owner="two", plans=False) as two:
            await one.hand_over()
            await asyncio.wait_for(two.wait_until_planning(), 10)
            assert not one.is_planning
            await asyncio.wait_for(one.wait_until_standing_by(), 10)
            # A fact that reaches the one that left is planned by the other.
            launch_id = next(iter(store.tables["launches"]))
            await one.apply(lambda tx: success(launch_id, tx))
            two.poke()
            async with asyncio.timeout(10):
                while state_of_run(store, run) != "success":
                    await asyncio.sleep(0.01)
            assert not one.is_planning


@pytest.mark.parametrize(
    ("before", "record", "after", "ahead"),
    [
        (0, 0, 0, 0),
        (0, 1, 2, 0),  # the time between explains it
        (10, 0, 12, 10),  # this clock is fast
        (0, 20, 2, -18),  # this clock is slow
    ],
)
def test_the_clock_is_corrected_by_what_the_way_there_and_back_cannot_explain(
    before: int, record: int, after: int, ahead: int
) -> None:
    times = (NOON + seconds * SECOND for seconds in (before, record, after))
    assert _ahead(*times) == ahead * SECOND
