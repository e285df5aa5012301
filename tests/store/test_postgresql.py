"""What PostgreSQL adds to a store: several processes, lost connections, troubles in one sentence."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from leoflow_runtime.engine.store import Change, Tx
from leoflow_server.store import DatabaseUnavailable, SqlStore, migrate, postgresql, writer
from leoflow_server.store.dialects import database
from leoflow_server.store.hints import listen
from leoflow_server.store.migrations import migrations
from leoflow_server.store.postgresql import PostgreSql
from tests.pgbouncer import PgBouncer
from tests.postgresql import PostgreSqlServer, running_postgresql

DEADLINE = 20.0


@pytest.fixture
def store(empty_postgresql: str) -> Iterator[SqlStore]:
    opened = SqlStore(empty_postgresql)
    yield opened
    opened.close()


@pytest.fixture
def other(empty_postgresql: str) -> Iterator[SqlStore]:
    """Another replica's."""
    opened = SqlStore(empty_postgresql)
    yield opened
    opened.close()


def announce(number: int) -> Change:
    return Change(kind="run", pk=number)


async def inbox(store: SqlStore) -> list[int]:
    return [change.pk for change in await store.write(lambda tx: tx.take_inbox(100))]


def test_replicas_write_one_after_the_other_and_the_inbox_has_their_order(
    store: SqlStore, other: SqlStore
) -> None:
    inside, release = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        tx.announce(announce(1))
        inside.set()
        release.wait(DEADLINE)
        tx.announce(announce(2))

    async def scenario() -> None:
        first = asyncio.ensure_future(store.write(slow))
        await asyncio.to_thread(inside.wait, DEADLINE)
        second = asyncio.ensure_future(other.write(lambda tx: tx.announce(announce(3))))
        # A reader is not held up, and sees nothing that is not committed.
        assert await other.read(lambda tx: tx.find_dag("none")) is None
        assert not second.done()
        release.set()
        await asyncio.gather(first, second)
        assert await inbox(other) == [1, 2, 3]

    asyncio.run(scenario())


def test_nobody_waits_long_for_a_process_that_sleeps_in_a_transaction(
    store: SqlStore, empty_postgresql: str
) -> None:
    impatient = postgresql._BEGIN_WRITING.replace("= 3000", "= 200")
    assert impatient != postgresql._BEGIN_WRITING

    async def scenario() -> None:
        with psycopg.connect(empty_postgresql, autocommit=True) as sleeper:
            sleeper.execute(impatient, prepare=False)
            sleeper.execute("INSERT INTO inbox (kind, ref) VALUES ('run', 1)")
            await asyncio.wait_for(store.write(lambda tx: tx.announce(announce(2))), DEADLINE)
            with pytest.raises(psycopg.Error, match="idle-in-transaction"):
                sleeper.execute("COMMIT")
        assert await inbox(store) == [2]

    asyncio.run(scenario())


def test_a_transaction_that_computes_is_not_taken_for_one_that_sleeps(
    empty_postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = postgresql._BEGIN_WRITING.replace("= 3000", "= 300")
    monkeypatch.setattr(postgresql, "_BEGIN_WRITING", impatient)
    monkeypatch.setattr(writer, "PULSE_SECONDS", 0.05)
    store = SqlStore(empty_postgresql)

    def compute(tx: Tx) -> None:
        tx.announce(announce(1))
        threading.Event().wait(1.0)
        tx.announce(announce(2))

    async def scenario() -> None:
        await store.write(compute)
        assert await inbox(store) == [1, 2]

    asyncio.run(scenario())
    store.close()


def test_connections_that_were_lost_meanwhile_are_opened_again(
    store: SqlStore, postgresql: PostgreSqlServer, empty_postgresql: str
) -> None:
    name = empty_postgresql.rsplit("/", 1)[1]

    async def scenario() -> None:
        await store.write(lambda tx: tx.announce(announce(1)))
        await store.read(lambda tx: tx.find_dag("none"))
        # As after a restart of the database, or of what is between.
        gone = postgresql.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        assert len(gone) >= 2
        await store.read(lambda tx: tx.find_dag("none"))
        await store.write(lambda tx: tx.announce(announce(2)))
        assert await inbox(store) == [1, 2]

    asyncio.run(scenario())


def test_a_connection_that_is_lost_in_a_transaction_undoes_it_and_says_so(
    store: SqlStore, postgresql: PostgreSqlServer, empty_postgresql: str
) -> None:
    name = empty_postgresql.rsplit("/", 1)[1]

    def cut(tx: Tx) -> None:
        tx.announce(announce(1))
        postgresql.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        tx.announce(announce(2))

    async def scenario() -> None:
        with pytest.raises(DatabaseUnavailable) as caught:
            await store.write(cut)
        assert "\n" not in str(caught.value)
        assert await inbox(store) == []

    asyncio.run(scenario())


def test_a_database_that_crashes_is_away_and_then_back() -> None:
    async def scenario(server: PostgreSqlServer) -> None:
        url = server.new_database()
        migrate(url)
        store = SqlStore(url)
        await store.write(lambda tx: tx.announce(announce(1)))

        def crash(tx: Tx) -> None:
            tx.announce(announce(2))
            server.stop(signal.SIGQUIT)
            tx.announce(announce(3))

        with pytest.raises(DatabaseUnavailable):
            await store.write(crash)
        for ask in (store.write, store.read):
            with pytest.raises(DatabaseUnavailable):
                await ask(lambda tx: tx.find_dag("none"))
        server.start()
        assert await store.read(lambda tx: tx.find_dag("none")) is None
        assert await inbox(store) == [1]
        store.close()

    with running_postgresql() as server:
        asyncio.run(scenario(server))


def test_text_with_a_nul_is_stored_without_it(store: SqlStore) -> None:
    from leoflow_server.store.tables import tenants

    async def scenario() -> None:
        await store.write_rows(lambda conn: conn.execute(tenants.insert().values(name="a\x00b")))
        names = await store.read_rows(lambda conn: conn.execute(tenants.select()).all())
        assert [row.name for row in names] == ["default", "a␀b"]

    asyncio.run(scenario())


def test_announcements_of_other_replicas_are_heard(
    store: SqlStore, other: SqlStore, empty_postgresql: str
) -> None:
    heard = asyncio.Queue[None]()
    here = database(empty_postgresql)
    assert isinstance(here, PostgreSql)

    async def scenario() -> None:
        listening = asyncio.create_task(listen(here, lambda: heard.put_nowait(None)))
        try:
            async with asyncio.timeout(DEADLINE):
                await heard.get()  # it listens
                await other.write(lambda tx: tx.announce(announce(1)))
                await heard.get()
        finally:
            listening.cancel()

    asyncio.run(scenario())


def test_behind_a_pooler_there_is_nothing_to_hear(empty_postgresql: str, pgbouncer: PgBouncer) -> None:
    pooled = database(pgbouncer.url(empty_postgresql))
    assert isinstance(pooled, PostgreSql)

    async def scenario() -> None:
        await asyncio.wait_for(listen(pooled, lambda: None), DEADLINE)

    asyncio.run(scenario())


def test_two_migrations_at_once_take_each_step_once(postgresql: PostgreSqlServer) -> None:
    url = postgresql.new_database()
    with ThreadPoolExecutor(2) as both:
        applied = [step.version for done in both.map(migrate, [url, url]) for step in done]
    assert sorted(applied) == [step.version for step in migrations()]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda url: url.replace("p%40ss%2Fword", "secret"), "password authentication failed"),
        (lambda url: url.replace("/test_", "/no_such_"), "does not exist"),
        (lambda url: url.replace("leoflow:", "nobody:"), "password authentication failed"),
        (lambda url: url.replace("127.0.0.1:", "127.0.0.1:1"), "invalid port|refused|integer"),
    ],
    ids=["a wrong password", "no such database", "no such role", "nobody listens"],
)
def test_a_database_that_cannot_be_used_is_one_sentence_without_secrets(
    empty_postgresql: str, change: object, words: str
) -> None:
    with pytest.raises(DatabaseUnavailable, match=words) as caught:
        migrate(change(empty_postgresql))  # type: ignore[operator]

    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "p%40ss" not in str(caught.value)
    assert "p@ss" not in str(caught.value)


def test_a_database_in_another_encoding_is_refused(postgresql: PostgreSqlServer) -> None:
    postgresql.execute("DROP DATABASE IF EXISTS latin")
    postgresql.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")

    with pytest.raises(DatabaseUnavailable, match="encoding is LATIN1, and UTF8 is needed"):
        migrate(postgresql.url("latin"))


def test_the_unix_socket_will_do(postgresql: PostgreSqlServer) -> None:
    name = postgresql.new_database().rsplit("/", 1)[1]

    assert migrate(postgresql.socket_url(name))
