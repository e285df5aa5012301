"""Many writes share one commit; each stands or falls alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from leoflow_runtime.engine.store import Change, LeaseLost, Tx
from leoflow_server.store import SqlStore, StoreClosed, migrate


@pytest.fixture
def groups() -> list[int]:
    return []


@pytest.fixture
def store(tmp_path: Path, groups: list[int]) -> Iterator[SqlStore]:
    url = f"sqlite:///{tmp_path}/leoflow.db"
    migrate(url)
    opened = SqlStore(url, on_group=groups.append)
    yield opened
    opened.close()


async def held_up(store: SqlStore) -> tuple[threading.Event, asyncio.Future[None]]:
    """Keeps the writer busy, so that what comes meanwhile waits together."""
    release, busy = threading.Event(), threading.Event()

    def occupy(tx: Tx) -> None:
        busy.set()
        release.wait(10)

    occupied = asyncio.ensure_future(store.write(occupy))
    await asyncio.to_thread(busy.wait, 10)
    return release, occupied


def announce(number: int) -> Change:
    return Change(kind="run", pk=number)


async def inbox(store: SqlStore) -> list[int]:
    rows = await store.read_rows(lambda conn: conn.execute(text("SELECT ref FROM inbox ORDER BY seq")).all())
    return [row.ref for row in rows]


def test_writes_that_wait_together_share_one_commit(store: SqlStore, groups: list[int]) -> None:
    async def scenario() -> None:
        release, occupied = await held_up(store)
        waiting = [
            asyncio.ensure_future(store.write(lambda tx, number=number: tx.announce(announce(number))))
            for number in range(100)
        ]
        await asyncio.sleep(0)
        release.set()
        await asyncio.gather(occupied, *waiting)
        assert await inbox(store) == list(range(100))

    asyncio.run(scenario())
    assert groups == [1, 100]


def test_a_failing_write_of_a_group_takes_nobody_with_it(store: SqlStore) -> None:
    def fail(tx: Tx) -> None:
        tx.announce(announce(-1))
        raise ValueError("this one alone")

    async def scenario() -> None:
        release, occupied = await held_up(store)
        before = asyncio.ensure_future(store.write(lambda tx: tx.announce(announce(1))))
        failing = asyncio.ensure_future(store.write(fail))
        after = asyncio.ensure_future(store.write(lambda tx: tx.announce(announce(2))))
        await asyncio.sleep(0)
        release.set()
        await asyncio.gather(occupied, before, after)
        with pytest.raises(ValueError, match="this one alone"):
            await failing
        assert await inbox(store) == [1, 2]

    asyncio.run(scenario())


def test_a_failing_write_that_is_alone_leaves_nothing(store: SqlStore) -> None:
    def fail(tx: Tx) -> None:
        tx.announce(announce(-1))
        raise ValueError("alone")

    async def scenario() -> None:
        with pytest.raises(ValueError, match="alone"):
            await store.write(fail)
        await store.write(lambda tx: tx.announce(announce(1)))
        assert await inbox(store) == [1]

    asyncio.run(scenario())


def test_a_stale_lease_writes_nothing(store: SqlStore) -> None:
    async def scenario() -> None:
        first = await store.acquire_lease("first", timedelta(seconds=-1))
        second = await store.acquire_lease("second", timedelta(seconds=60))
        assert first is not None
        assert second is not None
        assert second.epoch > first.epoch
        with pytest.raises(LeaseLost):
            await store.write(lambda tx: tx.update_dag(1, {"is_paused": True}), lease=first)

    asyncio.run(scenario())


def test_listeners_hear_of_foreign_inbox_rows_after_the_commit(store: SqlStore) -> None:
    heard: list[str] = []
    store.changed.append(lambda: heard.append("changed"))

    async def scenario() -> None:
        await store.write(lambda tx: tx.find_dag("none"))
        assert heard == []
        await store.write(lambda tx: tx.announce(announce(1)))
        assert heard == ["changed"]

    asyncio.run(scenario())


def test_a_read_sees_one_moment_and_cannot_write(store: SqlStore) -> None:
    async def scenario() -> None:
        with pytest.raises(Exception, match="readonly"):
            await store.read(lambda tx: tx.announce(announce(1)))
        assert await inbox(store) == []

    asyncio.run(scenario())


def test_a_closed_store_says_so(store: SqlStore) -> None:
    store.close()

    async def scenario() -> None:
        with pytest.raises(StoreClosed):
            await store.write(lambda tx: None)
        with pytest.raises(StoreClosed):
            await store.read(lambda tx: None)

    asyncio.run(scenario())


def test_closing_writes_what_was_queued(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/leoflow.db"
    migrate(url)

    async def scenario() -> None:
        store = SqlStore(url)
        writes = [store.write(lambda tx, n=n: tx.announce(announce(n))) for n in range(10)]
        pending = [asyncio.ensure_future(write) for write in writes]
        await asyncio.sleep(0)
        await asyncio.to_thread(store.close)
        await asyncio.gather(*pending)
        again = SqlStore(url)
        assert await inbox(again) == list(range(10))
        again.close()

    asyncio.run(scenario())
