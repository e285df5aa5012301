"""What every log store promises. A test module subclasses it and gives `open_logs`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leoflow_server.logs import LogGap, LogKey, LogStore

KEY = LogKey(tenant_id=1, dag_id="shop", run_id="manual__1", task_id="load", map_index=-1, launch_id=7)
NASTY = ["..", ".", "a/b", "../../etc", "a\x00b", "", " ", "ü", "-x" * 200, "con.txt", "A", "a", "a_b", "a?b"]
OpenLogs = Callable[[], LogStore]


def named(**parts: Any) -> LogKey:
    return LogKey(**({name: getattr(KEY, name) for name in KEY.__dataclass_fields__} | parts))


@pytest.mark.anyio
class LogsConformance:
    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.fixture
    async def logs(self, open_logs: OpenLogs) -> AsyncIterator[LogStore]:
        logs = open_logs()
        yield logs
        logs.close()

    async def test_appends_continue_repeat_and_overlap(self, logs: LogStore) -> None:
        assert await logs.append(KEY, 0, b"one\n") == 4
        assert await logs.append(KEY, 0, b"one\n") == 4
        assert await logs.append(KEY, 2, b"e\ntwo\n") == 8
        assert await logs.read(KEY) == b"one\ntwo\n"
        assert await logs.read(KEY, 4, 2) == b"tw"
        assert await logs.read(KEY, 3, 3) == b"\ntw"
        assert await logs.read(KEY, 8) == b""
        assert await logs.size(KEY) == 8

    async def test_a_log_that_nobody_wrote_is_empty(self, logs: LogStore) -> None:
        assert await logs.read(KEY) == b""
        assert await logs.size(KEY) == 0
        await logs.close_log(KEY)
        await logs.delete_log(KEY)

    async def test_a_gap_is_refused_with_the_offset_to_go_on_from(self, logs: LogStore) -> None:
        await logs.append(KEY, 0, b"one\n")
        with pytest.raises(LogGap) as caught:
            await logs.append(KEY, 9, b"late\n")
        assert caught.value.durable_offset == 4
        assert await logs.read(KEY) == b"one\n"

    async def test_what_is_closed_reads_the_same_and_may_still_grow(self, logs: LogStore) -> None:
        for offset, piece in [(0, b"one\n"), (4, b"two\n"), (8, b"three\n")]:
            await logs.append(KEY, offset, piece, final=offset == 8)
        await logs.close_log(KEY)
        assert await logs.read(KEY) == b"one\ntwo\nthree\n"
        assert await logs.append(KEY, 4, b"two\nthree\nlate\n") == 19
        await logs.close_log(KEY)
        await logs.close_log(KEY)
        assert await logs.read(KEY) == b"one\ntwo\nthree\nlate\n"

    async def test_the_next_control_plane_goes_on_where_the_last_one_ended(self, open_logs: OpenLogs) -> None:
        first = open_logs()
        await first.append(KEY, 0, b"one\n")
        first.close()
        second = open_logs()
        assert await second.size(KEY) == 4
        assert await second.append(KEY, 4, b"two\n") == 8
        second.close()

    async def test_an_agent_may_change_replicas_and_every_one_reads_all(self, open_logs: OpenLogs) -> None:
        first, second = open_logs(), open_logs()
        await first.append(KEY, 0, b"one\n")
        assert await second.append(KEY, 4, b"two\n") == 8
        assert await first.size(KEY) == 8, "the tail that another replica wrote"
        assert await first.append(KEY, 8, b"three\n") == 14
        with pytest.raises(LogGap) as caught:
            await second.append(KEY, 20, b"x")
        assert caught.value.durable_offset == 14
        # What the first has and could not acknowledge is sent to the second once more.
        assert await second.append(KEY, 8, b"three\nfour\n") == 19
        assert await first.append(KEY, 8, b"three\nfour\n") == 19
        assert await first.read(KEY) == await second.read(KEY) == b"one\ntwo\nthree\nfour\n"
        first.close()
        second.close()

    async def test_many_logs_at_once(self, logs: LogStore) -> None:
        keys = [named(launch_id=number) for number in range(150)]
        for key in keys:
            await logs.append(key, 0, b"x")
        for key in keys:
            assert await logs.append(key, 1, b"y") == 2

    async def test_a_deleted_run_takes_its_logs_along(self, logs: LogStore) -> None:
        other, task = named(run_id="another"), named(task_id="load2")
        for key in (KEY, other, task):
            await logs.append(key, 0, b"text\n")
        await logs.delete_task(1, dag_id="shop", run_id="manual__1", task_id="load", map_index=-1)
        assert await logs.read(KEY) == b""
        assert await logs.read(task) == b"text\n"
        await logs.append(KEY, 0, b"anew\n")
        await logs.delete_run(1, KEY.dag_id, KEY.run_id)
        await logs.delete_run(1, "never", "was")
        assert [await logs.read(key) for key in (KEY, task, other)] == [b"", b"", b"text\n"]
        await logs.delete_dag(1, KEY.dag_id)
        assert await logs.read(other) == b""

    async def test_names_of_any_kind_are_kept_apart(self, logs: LogStore) -> None:
        for name in NASTY:
            await logs.append(named(dag_id=name, run_id=name, task_id=name), 0, name.encode() + b"!")
        for name in NASTY:
            assert await logs.read(named(dag_id=name, run_id=name, task_id=name)) == name.encode() + b"!"

    # One function for several classes on purpose, and each example has a log of its own.
    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
        max_examples=20,
        deadline=None,
    )
    @given(
        sent=st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 20)), max_size=15),
        number=st.integers(1, 10**9),
    )
    def test_whatever_is_sent_to_whom_the_log_is_a_prefix_of_the_text(
        self, open_logs: OpenLogs, sent: list[tuple[bool, int, int]], number: int
    ) -> None:
        import asyncio

        text, key = bytes(range(64)), named(launch_id=number)

        async def scenario() -> None:
            replicas = [open_logs(), open_logs()]
            await replicas[0].delete_log(key)
            reached = 0
            for which, offset, length in sent:
                piece = text[offset : offset + length]
                if offset > reached:
                    with pytest.raises(LogGap):
                        await replicas[which].append(key, offset, piece)
                else:
                    reached = max(reached, offset + len(piece))
                    assert await replicas[which].append(key, offset, piece) == reached
                assert await replicas[not which].read(key) == text[:reached]
            await replicas[0].close_log(key)
            assert await replicas[1].read(key) == text[:reached]
            for replica in replicas:
                replica.close()

        asyncio.run(scenario())
