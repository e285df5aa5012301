"""Task logs: bytes at acknowledged offsets, followed by signal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoflow_server.logs import LogGap, LogKey, LogStore

KEY = LogKey(tenant_id=1, dag_id="shop", run_id="manual__1", task_id="load", map_index=-1, launch_id=7)


def named(**parts: object) -> LogKey:
    values = {name: getattr(KEY, name) for name in KEY.__dataclass_fields__} | parts
    return LogKey(**values)  # type: ignore[arg-type]


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[LogStore]:
    store = LogStore(tmp_path)
    yield store
    store.close()


def test_appends_continue_repeat_and_overlap(logs: LogStore) -> None:
    async def scenario() -> None:
        assert await logs.append(KEY, 0, b"one\n") == 4
        assert await logs.append(KEY, 0, b"one\n") == 4
        assert await logs.append(KEY, 2, b"e\ntwo\n") == 8
        assert await logs.read(KEY) == b"one\ntwo\n"
        assert await logs.read(KEY, 4, 2) == b"tw"
        assert await logs.read(KEY, 8) == b""

    asyncio.run(scenario())


def test_a_gap_is_refused_with_the_offset_to_go_on_from(logs: LogStore) -> None:
    async def scenario() -> None:
        await logs.append(KEY, 0, b"one\n")
        with pytest.raises(LogGap) as caught:
            await logs.append(KEY, 9, b"late\n")
        assert caught.value.durable_offset == 4
        assert await logs.read(KEY) == b"one\n"

    asyncio.run(scenario())


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20)), max_size=30))
def test_whatever_is_sent_the_log_is_a_prefix_of_the_text(
    tmp_path_factory: pytest.TempPathFactory, sent: list[tuple[int, int]]
) -> None:
    text = bytes(range(64))
    logs = LogStore(tmp_path_factory.mktemp("logs"))

    async def scenario() -> None:
        reached = 0
        for offset, length in sent:
            piece = text[offset : offset + length]
            if offset > reached:
                with pytest.raises(LogGap):
                    await logs.append(KEY, offset, piece)
            else:
                reached = max(reached, offset + len(piece))
                assert await logs.append(KEY, offset, piece) == reached
            assert await logs.read(KEY) == text[:reached]

    asyncio.run(scenario())
    logs.close()


def test_a_new_process_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    async def scenario() -> None:
        first = LogStore(tmp_path)
        await first.append(KEY, 0, b"one\n")
        first.close()
        second = LogStore(tmp_path)
        assert await second.size(KEY) == 4
        assert await second.append(KEY, 4, b"two\n") == 8
        second.close()

    asyncio.run(scenario())


def test_a_follower_is_woken_by_more_and_by_the_end(logs: LogStore) -> None:
    async def scenario() -> None:
        following = asyncio.create_task(logs.wait_for_more(KEY, 0, 10))
        await asyncio.sleep(0)
        await logs.append(KEY, 0, b"one\n")
        assert await following
        assert await logs.wait_for_more(KEY, 0, 10)  # there already
        ending = asyncio.create_task(logs.wait_for_more(KEY, 4, 10))
        await asyncio.sleep(0)
        await logs.close_log(KEY)
        assert await ending
        assert logs.is_final(KEY)

    asyncio.run(scenario())


def test_a_follower_of_silence_is_told_so(logs: LogStore) -> None:
    assert asyncio.run(logs.wait_for_more(KEY, 0, 0.01)) is False


def test_many_open_logs_do_not_run_out_of_files(logs: LogStore) -> None:
    async def scenario() -> None:
        for number in range(300):
            await logs.append(named(launch_id=number), 0, b"x")
        for number in range(300):
            assert await logs.append(named(launch_id=number), 1, b"y") == 2

    asyncio.run(scenario())


NASTY = ["..", ".", "a/b", "../../etc", "a\x00b", "", " ", "ü", "-x" * 200, "con.txt", "A", "a"]


@pytest.mark.parametrize("name", NASTY)
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    store = LogStore(tmp_path / "logs")
    path = store.path(named(dag_id=name, run_id=name, task_id=name))
    store.close()

    assert path.resolve().is_relative_to(tmp_path / "logs" / "1")
    assert len(path.relative_to(tmp_path / "logs").parts) == 6
    assert all(len(part.encode()) < 255 for part in path.parts)


def test_different_names_never_share_a_file(tmp_path: Path) -> None:
    store = LogStore(tmp_path)
    paths = {store.path(named(dag_id=name)) for name in [*NASTY, "a_b", "a?b"]}
    store.close()

    assert len(paths) == len(NASTY) + 2


def test_a_deleted_run_takes_its_logs_along(logs: LogStore) -> None:
    other = named(run_id="another")

    async def scenario() -> None:
        await logs.append(KEY, 0, b"gone\n")
        await logs.append(other, 0, b"kept\n")
        await logs.delete_run(1, KEY.dag_id, KEY.run_id)
        await logs.delete_run(1, "never", "was")
        assert await logs.read(KEY) == b""
        assert await logs.read(other) == b"kept\n"
        await logs.delete_dag(1, KEY.dag_id)
        assert await logs.read(other) == b""

    asyncio.run(scenario())


def test_logs_are_their_owners_alone(logs: LogStore, tmp_path: Path) -> None:
    asyncio.run(logs.append(KEY, 0, b"x"))

    assert logs.path(KEY).stat().st_mode & 0o777 == 0o600
