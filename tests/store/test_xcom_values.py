"""Where the bytes of XComs are: the database, or a real Redis beside it."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from leoflow_runtime.domain.states import TaskState
from leoflow_server.services import Services
from leoflow_server.store.tables import xcoms
from leoflow_server.store.xcom_values import (
    DatabaseValues,
    RedisValues,
    XComGone,
    XComStoreAway,
    XComStoreInvalid,
    XComValues,
)
from tests.executors.native.web import web_server
from tests.server.test_native_tasks import document, play, trigger, until

VALUES = {"return_value": b"[1, 2, 3]", "note:with:colons": '"ü"'.encode(), "": b"null"}


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--requirepass", "pw"],
        stdin=subprocess.DEVNULL,
        stdout=(folder / "log").open("w"),
    )
    url = f"redis://:pw@127.0.0.1:{port}/0"
    try:
        _until_up(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import time

    deadline = time.monotonic() + 30
    while True:
        try:
            return RedisValues(url, seconds=60).check()
        except XComStoreInvalid:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)


def keep(values: XComValues, launch_id: int = 7) -> dict[str, bytes]:
    return dict(asyncio.run(values.keep(launch_id, VALUES)))


def test_what_is_kept_in_the_database_is_what_was_left() -> None:
    values = DatabaseValues()

    assert keep(values) == VALUES
    assert values.fetch([b"1", None]) == [b"1", None]


def test_what_is_kept_in_redis_comes_back_in_order(redis_url: str) -> None:
    values = RedisValues(redis_url, seconds=60)

    held = keep(values)

    assert held.keys() == VALUES.keys()
    assert all(value not in held.values() for value in VALUES.values())
    asked = [held["note:with:colons"], None, b'"of the database"', held[""], held["return_value"]]
    assert values.fetch(asked) == ['"ü"'.encode(), None, b'"of the database"', b"null", b"[1, 2, 3]"]


def test_launches_do_not_share_values(redis_url: str) -> None:
    first = keep(RedisValues(redis_url, seconds=60), 7)
    values = RedisValues(redis_url, seconds=60)

    second = asyncio.run(values.keep(8, {"return_value": b"2"}))

    assert values.fetch([first["return_value"], second["return_value"]]) == [b"[1, 2, 3]", b"2"]


def test_a_value_that_redis_has_lost_is_named(redis_url: str) -> None:
    import redis

    values = RedisValues(redis_url, seconds=60)
    held = keep(values, 4711)
    redis.Redis.from_url(redis_url).flushall()

    with pytest.raises(XComGone, match="the value `note:with:colons` that launch 4711 left is not in Redis"):
        values.fetch([held["note:with:colons"]])


def test_values_are_kept_for_their_time(redis_url: str) -> None:
    import redis

    keep(RedisValues(redis_url, seconds=3600), 99)

    assert 3500 < redis.Redis.from_url(redis_url).ttl("leoflow:xcom:99:return_value") <= 3600


def test_a_redis_that_is_away_is_one_sentence_without_its_password() -> None:
    values = RedisValues("redis://:secret@127.0.0.1:1/0", seconds=60)

    with pytest.raises(XComStoreAway, match=r"127\.0\.0\.1:1 does not take values") as caught:
        keep(values)
    assert "secret" not in str(caught.value)
    with pytest.raises(XComStoreInvalid, match="does not answer"):
        values.check()


def test_what_is_no_redis_is_one_sentence() -> None:
    with pytest.raises(XComStoreInvalid, match="xcom_url must be redis://"):
        RedisValues("http://x", seconds=1)


def test_a_task_reads_what_another_left_in_redis(redis_url: str, tmp_path: Path) -> None:
    """In a whole control plane: a call leaves its answer, and the database holds none of it."""
    with web_server() as web:
        web.answer("/orders", "forty-two")

        async def act(services: Services) -> None:
            request = {"method": "GET", "url": f"{web.url}/orders"}
            call = {"task_id": "a", "type": "http_api", "http_request": request}
            run = await trigger(services, document(call))
            await until(services, run, "a", TaskState.SUCCESS)
            query = select(xcoms.c.value)
            [held] = await services.store.read_rows(lambda conn: conn.execute(query).scalars().all())
            assert b"forty-two" not in held
            assert services.xcoms.fetch([held]) == [b'"forty-two"']

        play(tmp_path, act, xcom_url=redis_url)
