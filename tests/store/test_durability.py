"""kill -9 loses nothing that was acknowledged; databases that cannot be used say so in one sentence."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from leoflow_runtime.engine.store import Change, Tx
from leoflow_server.store import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnavailable,
    SqlStore,
    StoreError,
    migrate,
)

# Writes for ever, and says each number only once `write` has returned.
WRITER = """
import asyncio, sys
from leoflow_runtime.engine.store import Change
from leoflow_server.store import SqlStore

async def main():
    store = SqlStore(sys.argv[1])
    number = 0
    while True:
        batch = range(number, number + 3)
        await asyncio.gather(
            *(store.write(lambda tx, n=n: tx.announce(Change(kind="run", pk=n))) for n in batch)
        )
        number += 3
        print(*batch, flush=True)

asyncio.run(main())
"""


def test_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/leoflow.db"
    migrate(url)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged: set[int] = set()
    for _ in range(30):
        acknowledged.update(map(int, writer.stdout.readline().split()))
    os.kill(writer.pid, signal.SIGKILL)
    rest, _ = writer.communicate(timeout=10)
    acknowledged.update(map(int, rest.split()))

    with sqlite3.connect(tmp_path / "leoflow.db") as database:
        stored = {row[0] for row in database.execute("SELECT ref FROM inbox")}

    assert len(acknowledged) >= 90
    assert acknowledged <= stored
    # What was in flight came whole or not at all, in order, and once.
    assert stored == set(range(len(stored)))


def test_commits_reach_the_disk_before_they_are_acknowledged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/leoflow.db"
    migrate(url)
    store = SqlStore(url)
    pragmas = asyncio.run(
        store.write_rows(
            lambda conn: [
                conn.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        )
    )
    store.close()

    assert pragmas == ["wal", 2, 1]


def corrupt(folder: Path) -> str:
    (folder / "leoflow.db").write_bytes(b"this is no database, it only looks like a file" * 100)
    return f"sqlite:///{folder}/leoflow.db"


def a_file_in_place_of_the_folder(folder: Path) -> str:
    (folder / "home").write_text("a file")
    return f"sqlite:///{folder}/home/leoflow.db"


def not_supported(folder: Path) -> str:
    return "mysql://root:secret@localhost/leoflow"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (corrupt, DatabaseCorrupt, "damaged or is no database"),
        (a_file_in_place_of_the_folder, DatabaseReadOnly, "cannot be written"),
        (not_supported, DatabaseUnavailable, "only sqlite:///FILE and postgresql:"),
    ],
)
def test_a_database_that_cannot_be_used(
    tmp_path: Path, make: object, error: type[StoreError], words: str
) -> None:
    url = make(tmp_path)  # type: ignore[operator]

    with pytest.raises(error, match=words) as caught:
        migrate(url)

    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_full_disk_reaches_the_caller_and_stores_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/leoflow.db"
    migrate(url)

    async def scenario() -> None:
        store = SqlStore(url)
        # A database at its size limit fails as a full disk does.
        pages = await store.write_rows(lambda conn: conn.exec_driver_sql("PRAGMA page_count").scalar())
        await store.write_rows(lambda conn: conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}").scalar())

        def fill(tx: Tx) -> None:
            for number in range(100_000):
                tx.announce(Change(kind="x" * 20, pk=number))

        with pytest.raises(DatabaseFull, match="full"):
            await store.write(fill)
        await store.write_rows(lambda conn: conn.exec_driver_sql("PRAGMA max_page_count = 100000").scalar())
        assert await store.write(lambda tx: tx.take_inbox(10)) == []
        store.close()

    asyncio.run(scenario())


def test_a_database_that_another_process_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leoflow_server.store import sqlite

    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 20)
    url = f"sqlite:///{tmp_path}/leoflow.db"
    migrate(url)
    store = SqlStore(url)
    other = sqlite3.connect(tmp_path / "leoflow.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def scenario() -> None:
        with pytest.raises(DatabaseBusy, match="locked by another process"):
            await store.write(lambda tx: tx.announce(Change(kind="run", pk=1)))
        other.execute("ROLLBACK")
        await store.write(lambda tx: tx.announce(Change(kind="run", pk=2)))

    asyncio.run(scenario())
    store.close()
    other.close()
