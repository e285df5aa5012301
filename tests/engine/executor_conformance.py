"""What every executor promises. A test module subclasses it and gives an `executor` fixture that is ready."""

from __future__ import annotations

import pytest

from leoflow_runtime.executors.protocol import Executor, LaunchOrder


def order(launch_id: int) -> LaunchOrder:
    return LaunchOrder(
        launch_id=launch_id,
        generation=1,
        dag_id="d",
        run_id="r",
        task_id="t",
        map_index=-1,
        try_number=1,
        content_digest="sha256:" + "0" * 64,
        image="registry.test/d@sha256:" + "1" * 64,
    )


@pytest.mark.anyio
class ExecutorConformance:
    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    async def test_what_it_took_it_holds(self, executor: Executor) -> None:
        await executor.launch(order(7))
        held = await executor.running()
        assert held is not None
        assert 7 in held

    async def test_the_same_launch_may_be_ordered_twice_and_is_held_once(self, executor: Executor) -> None:
        await executor.launch(order(7))
        await executor.launch(order(7))
        held = await executor.running()
        assert held is not None
        assert list(held).count(7) == 1

    async def test_what_it_does_not_know_it_need_not_cancel(self, executor: Executor) -> None:
        await executor.cancel(999, "no longer wanted")
        assert 999 not in (await executor.running() or ())
