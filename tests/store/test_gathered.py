"""Reports in one transaction: read together, written together, and as if each were alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, LargeBinary, Text, text

from leoflow_runtime.domain.states import Outcome, TaskState
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.engine.store import NewTask, TaskChange, Tx
from leoflow_server.store import SqlStore, migrate
from leoflow_server.store.arrays import Array
from leoflow_server.store.cursors import PostgreSqlCursor
from leoflow_server.store.gathered import GuardBroken
from leoflow_server.store.prepared import numbered

from .conformance import launch, new_run, register

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "postgresql":
        url = request.getfixturevalue("empty_postgresql")
    else:
        url = f"sqlite:///{tmp_path}/leoflow.db"
        migrate(url)
    opened = SqlStore(url)
    yield opened
    opened.close()


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One item for each way to PostgreSQL and back, apart from BEGIN and COMMIT."""
    gone: list[Any] = []
    checked = PostgreSqlCursor._checked

    def counted(cursor: PostgreSqlCursor, result: Any) -> Any:
        gone.append(result)
        return checked(cursor, result)

    monkeypatch.setattr(PostgreSqlCursor, "_checked", counted)
    return gone


def launched(count: int, tx: Tx) -> list[int]:
    """That many launches, each of a task of its own."""
    run = tx.insert_run(new_run(register(tx)))
    rows = tx.insert_tasks(run.pk, [NewTask(task_id="a", map_index=n) for n in range(count)])
    return [launch(tx, row).launch_id for row in rows]


def success(launch_id: int, **left: Any) -> LaunchReport:
    return LaunchReport(launch_id=launch_id, outcome=Outcome.SUCCESS, **left)


def reported(tx: Tx, launch_ids: list[int]) -> None:
    tx.expect_launches(launch_ids)
    for launch_id in launch_ids:
        assert operations.start_launch(tx, launch_id, pid=7, hostname="h").accepted
        values = {"return_value": b'"caf\\u00e9 {\\"} \\\\"', "other": b"\x00\xff"}
        report = success(launch_id, xcoms=values, note='say "\\N" {,}', rendered_fields={"n": launch_id})
        assert operations.finish_launch(tx, report).accepted


async def test_a_batch_is_written_as_a_few_statements(empty_postgresql: str, ways: list[Any]) -> None:
    store = SqlStore(empty_postgresql)
    try:
        launch_ids = await store.write(lambda tx: launched(50, tx))
        ways.clear()
        await store.write(lambda tx: reported(tx, launch_ids))
        # A look, starts and ends of launches, XComs, tasks, the inbox; each is prepared the first time.
        assert len(ways) <= 2 * 6
    finally:
        store.close()


async def test_everything_that_was_reported_is_there(store: SqlStore) -> None:
    launch_ids = await store.write(lambda tx: launched(20, tx))
    await store.write(lambda tx: reported(tx, launch_ids))
    rows = await store.read_rows(
        lambda connection: connection.execute(
            text(
                "SELECT t.state, t.hostname, t.note, t.rendered_fields, l.outcome, l.pk, "
                "(SELECT count(*) FROM xcoms x WHERE x.task_pk = t.pk) AS xcoms "
                "FROM launches l JOIN task_instances t ON t.pk = l.task_pk ORDER BY l.pk"
            )
        ).all()
    )
    assert [tuple(row) for row in rows] == [
        ("success", "h", 'say "\\N" {,}', f'{{"n":{one}}}', "success", one, 2) for one in launch_ids
    ]


async def test_what_waits_is_seen_by_who_asks_the_database(store: SqlStore) -> None:
    def body(tx: Tx) -> None:
        (launch_id,) = launched(1, tx)
        tx.expect_launches([launch_id])
        operations.start_launch(tx, launch_id)
        task = tx.task_of_launch(launch_id)
        assert task is not None
        assert task.state is TaskState.RUNNING
        assert tx.task(task.pk) == task
        assert tx.tasks(task.run_pk) == [task]
        operations.finish_launch(tx, success(launch_id))
        found = tx.launch(launch_id)
        assert found is not None
        assert found.outcome is Outcome.SUCCESS

    await store.write(body)


async def test_an_end_that_comes_twice_in_one_batch_counts_once(store: SqlStore) -> None:
    def body(tx: Tx) -> tuple[bool, bool]:
        (launch_id,) = launched(1, tx)
        tx.expect_launches([launch_id, launch_id, 4711])
        assert tx.task_of_launch(4711) is None
        return tx.finish_launch(success(launch_id)), tx.finish_launch(success(launch_id))

    assert await store.write(body) == (True, False)


async def test_a_guard_that_does_not_hold_is_answered_without_a_write(store: SqlStore) -> None:
    def body(tx: Tx) -> list[bool]:
        (launch_id,) = launched(1, tx)
        task = tx.task_of_launch(launch_id)
        assert task is not None
        wrong = [
            TaskChange(pk=task.pk, expect_states=(TaskState.RUNNING,), values={"state": TaskState.FAILED}),
            TaskChange(pk=task.pk, expect_launch=launch_id + 1, values={"state": TaskState.FAILED}),
        ]
        held = tx.update_tasks(wrong)
        assert tx.task(task.pk) == task
        return held

    assert await store.write(body) == [False, False]


async def test_what_an_operation_gathered_is_undone_with_it(store: SqlStore) -> None:
    def fail(tx: Tx, launch_id: int) -> None:
        with tx.savepoint():
            operations.start_launch(tx, launch_id)
            raise ValueError("no")

    def body(tx: Tx) -> TaskState | None:
        first, second = launched(2, tx)
        tx.expect_launches([first, second])
        operations.start_launch(tx, second)
        with pytest.raises(ValueError, match="no"):
            fail(tx, first)
        found = tx.task_of_launch(second)
        assert found is not None
        assert found.state is TaskState.RUNNING
        undone = tx.task_of_launch(first)
        assert undone is not None
        return undone.state

    assert await store.write(body) is TaskState.QUEUED


async def test_a_row_that_something_else_has_written_undoes_the_transaction(store: SqlStore) -> None:
    launch_ids = await store.write(lambda tx: launched(2, tx))

    def body(tx: Any) -> None:
        tx.expect_launches(launch_ids)
        connection = tx.connection
        tx.expect_launches(launch_ids)
        connection.execute(text(f"UPDATE task_instances SET launch_id = 0 WHERE launch_id = {launch_ids[0]}"))
        for launch_id in launch_ids:
            operations.start_launch(tx, launch_id)

    with pytest.raises(GuardBroken):
        await store.write(body)
    states = await store.read(lambda tx: [tx.task_of_launch(one).state for one in launch_ids])
    assert states == [TaskState.QUEUED, TaskState.QUEUED]


_COLUMNS = {
    BigInteger(): st.integers(-(2**63), 2**63 - 1),
    LargeBinary(): st.binary(max_size=20),
    Text(): st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20),
}


@pytest.fixture(scope="module")
def connection(postgresql: Any) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgresql.url("postgres"), autocommit=True) as opened:
        yield opened


@pytest.mark.parametrize("column", _COLUMNS, ids=str)
def test_an_array_holds_what_was_put_in(column: Any, connection: psycopg.Connection[Any]) -> None:
    array = Array(column)
    written = array.bind_processor(numbered())
    kind = array.get_col_spec()

    @given(st.lists(st.none() | _COLUMNS[column], min_size=1, max_size=20))
    def holds(values: list[Any]) -> None:
        query = f"SELECT value FROM unnest(%s::{kind}) WITH ORDINALITY AS given(value, place) ORDER BY place"
        assert [value for (value,) in connection.execute(query, [written(values)])] == values

    holds()
