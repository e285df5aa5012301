"""Logs on a disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from leoflow_server.logs import FileLogs
from tests.logs.conformance import KEY, NASTY, LogsConformance, OpenLogs, named


class TestConformance(LogsConformance):
    @pytest.fixture
    def open_logs(self, tmp_path: Path) -> OpenLogs:
        return lambda: FileLogs(tmp_path)


@pytest.mark.parametrize("name", NASTY)
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    store = FileLogs(tmp_path / "logs")
    path = store.path(named(dag_id=name, run_id=name, task_id=name))
    store.close()

    assert path.resolve().is_relative_to(tmp_path / "logs" / "1")
    assert len(path.relative_to(tmp_path / "logs").parts) == 6
    assert all(len(part.encode()) < 255 for part in path.parts)


def test_logs_are_their_owners_alone(tmp_path: Path) -> None:
    store = FileLogs(tmp_path)
    asyncio.run(store.append(KEY, 0, b"x"))
    store.close()

    assert store.path(KEY).stat().st_mode & 0o777 == 0o600


def test_a_deleted_log_leaves_no_empty_folders(tmp_path: Path) -> None:
    store = FileLogs(tmp_path)

    async def scenario() -> None:
        await store.append(KEY, 0, b"x")
        await store.delete_log(KEY)

    asyncio.run(scenario())
    store.close()

    assert list(tmp_path.iterdir()) == []
