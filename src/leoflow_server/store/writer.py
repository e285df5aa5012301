"""One thread writes. It takes all that waits as a group: a savepoint each, one commit for all.

A commit costs some milliseconds (the disk's), whatever is in it; under load the group grows while the
previous commit runs. Nobody hears of success before the commit.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RootTransaction

from leoflow_server.store.dialects import database, origin, translated
from leoflow_server.store.errors import DatabaseUnavailable, StoreClosed
from leoflow_server.store.prepared import Session

MAX_GROUP = 512
PULSE_SECONDS = 1.0


@dataclass(slots=True)
class Job:
    """`body` runs on the writer's thread; `after` too, once it is committed."""

    body: Callable[[Session], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the one writing connection. `on_group(jobs, seconds)` is told of each commit."""

    def __init__(self, url: str, *, on_group: Callable[[int], None] | None = None) -> None:
        self._database = database(url)
        self._engine = self._database.engine()
        self._url = url
        self._on_group = on_group
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closed = False
        self._ended = threading.Event()
        self._at_work: Connection | None = None
        if self._database.is_shared:
            threading.Thread(target=self._pulse, name="store-pulse", daemon=True).start()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, body: Callable[[Session], Any]) -> asyncio.Future[Any]:
        """Queues a body; its future is resolved after the commit."""
        if self._closed:
            raise StoreClosed
        loop = asyncio.get_running_loop()
        job = Job(body=body, loop=loop, future=loop.create_future())
        self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """Writes what is queued, then ends the thread."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()
        self._ended.set()

    def _run(self) -> None:
        connection: Connection | None = None
        ending = False
        while not ending:
            group, ending = self._take()
            if not group:
                continue
            try:
                with translated(self._url):
                    connection, transaction = self._begin(connection)
                    self._at_work = connection
                    self._write(connection, transaction, group)
            except BaseException as error:  # noqa: BLE001 - every waiting caller must hear of it
                for job in group:
                    job.result, job.error = None, error
                _discard(connection)
                connection = None
            finally:
                self._at_work = None
            _resolve(group)
        _discard(connection)

    def _pulse(self) -> None:
        while not self._ended.wait(PULSE_SECONDS):
            connection = self._at_work
            if connection is not None:
                self._database.keep_alive(connection)

    def _take(self) -> tuple[list[Job], bool]:
        first = self._jobs.get()
        if first is None:
            return [], True
        group = [first]
        while len(group) < MAX_GROUP:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, False
            if job is None:
                return group, True
            group.append(job)
        return group, False

    def _begin(self, connection: Connection | None) -> tuple[Connection, RootTransaction]:
        """A transaction; on a new connection where the old one has broken since it was last used."""
        if connection is not None:
            try:
                return connection, connection.begin()
            except Exception:
                if not self._database.is_gone(connection):
                    raise
                _discard(connection)
        connection = self._engine.connect()
        return connection, connection.begin()

    def _write(self, connection: Connection, transaction: RootTransaction, group: list[Job]) -> None:
        with transaction:
            session = Session(connection)
            try:
                if len(group) == 1:
                    # Alone, it needs no savepoint: its failure is the transaction's.
                    group[0].result = group[0].body(session)
                else:
                    for job in group:
                        self._run_in_savepoint(session, job)
            finally:
                session.close()
        if self._on_group is not None:
            self._on_group(len(group))

    def _run_in_savepoint(self, session: Session, job: Job) -> None:
        session.run("SAVEPOINT job")
        try:
            job.result = job.body(session)
        except Exception as error:
            if not _in_transaction(session):
                # The database gave up the whole transaction (a full disk): nobody's work is left.
                reason = "the transaction was rolled back by the database"
                raise self._database.translate(origin(error)) or DatabaseUnavailable(
                    self._database.name, reason
                ) from error
            session.run("ROLLBACK TO job")
            job.error = self._database.translate(origin(error)) or error
        session.run("RELEASE job")


def _in_transaction(session: Session) -> bool:
    raw = session.connection.connection.dbapi_connection
    return bool(getattr(raw, "in_transaction", True))


def _discard(connection: Connection | None) -> None:
    if connection is not None:
        with suppress(Exception):  # broken anyway: a new one is opened
            connection.close()


def _resolve(group: list[Job]) -> None:
    """One hop into each loop for all of its jobs."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in group:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_deliver, jobs)


def _deliver(jobs: list[Job]) -> None:
    for job in jobs:
        if job.future.cancelled():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
