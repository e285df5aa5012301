"""What is old goes, in small batches; what may still move stays, whatever its age."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from leoflow_runtime.domain.states import Outcome, RunState
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.engine.store import NewTask, Tx
from leoflow_server import cleaning
from leoflow_server.access.audit import Event, record
from leoflow_server.cleaning import Cleaner, Policy
from leoflow_server.logs import FileLogs, LogKey
from leoflow_server.store import SqlStore, migrate
from leoflow_server.store.tables import backfills, dag_runs, deployments, xcoms
from tests.store.conformance import launch, new_run, register

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/leoflow.db"
        migrate(url)
    else:
        url = request.getfixturevalue("empty_postgresql")
    opened = SqlStore(url, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[FileLogs]:
    opened = FileLogs(tmp_path / "logs")
    yield opened
    opened.close()


async def ended_runs(store: SqlStore, logs: FileLogs, ages: list[int], **changes: Any) -> None:
    """One run of each age in days, called by it, with a task that left an XCom and a log."""
    for age in ages:

        def write(tx: Tx, age: int = age) -> int:
            dag = tx.find_dag("d") or register(tx)
            at = NOW - age * DAY
            run = tx.insert_run(new_run(dag, str(age), run_after=at))
            (task,) = tx.insert_tasks(run.pk, [NewTask(task_id="a")])
            opened = launch(tx, task)
            report = LaunchReport(
                launch_id=opened.launch_id, outcome=Outcome.SUCCESS, xcoms={"return_value": b"1"}
            )
            tx.finish_launch(report)
            values = {"state": RunState.SUCCESS, "end_date": at, **changes}
            assert tx.update_run(run.pk, (RunState.QUEUED,), values)
            return opened.launch_id

        launch_id = await store.write(write)
        await logs.append(log_of(age, launch_id), 0, b"a line\n", final=True)


def log_of(age: int, launch_id: int) -> LogKey:
    return LogKey(tenant_id=1, dag_id="d", run_id=str(age), task_id="a", map_index=-1, launch_id=launch_id)


async def left(store: SqlStore) -> list[str]:
    query = select(dag_runs.c.run_id).order_by(dag_runs.c.run_after)
    return list(await store.read_rows(lambda conn: conn.execute(query).scalars().all()))


async def count(store: SqlStore, table: Any) -> int:
    query = select(func.count()).select_from(table)
    return int(await store.read_rows(lambda conn: conn.execute(query).scalar_one()))


def logs_left(logs: FileLogs) -> set[str]:
    return {path.parts[-4] for path in logs._root.rglob("*.ndjson")}


def test_old_runs_go_with_their_logs_and_the_latest_stay(store: SqlStore, logs: FileLogs) -> None:
    async def scenario() -> None:
        await ended_runs(store, logs, [40, 30, 20, 10, 1])
        policy = Policy(runs=5 * DAY, keep_runs=3)
        assert await Cleaner(store, logs, policy, now=NOW).count() == {"runs": 2}
        assert await left(store) == ["40", "30", "20", "10", "1"]

        assert await Cleaner(store, logs, policy, now=NOW).clean() == {"runs": 2}
        assert await left(store) == ["20", "10", "1"]
        assert logs_left(logs) == {"20", "10", "1"}
        assert await count(store, xcoms) == 3
        assert await Cleaner(store, logs, policy, now=NOW).clean() == {"runs": 0}

    asyncio.run(scenario())


def test_what_may_still_move_is_left_alone(store: SqlStore, logs: FileLogs) -> None:
    """A run that was cleared, one whose launch has no end yet, one whose backfill goes on."""

    async def scenario() -> None:
        await ended_runs(store, logs, [40])
        await ended_runs(store, logs, [39], state=RunState.RUNNING)
        await ended_runs(store, logs, [38, 37])

        def arrange(tx: Tx) -> None:
            dag = tx.find_dag("d")
            assert dag is not None
            with_launch, with_backfill = tx.find_run(dag.pk, "38"), tx.find_run(dag.pk, "37")
            assert with_launch is not None
            assert with_backfill is not None
            tx.open_launches(tx.tasks(with_launch.pk))
            conn = tx.connection  # type: ignore[attr-defined]
            backfill = conn.execute(
                backfills.insert().values(
                    tenant_id=1,
                    dag_pk=dag.pk,
                    from_date=NOW,
                    to_date=NOW,
                    reprocess_behavior="none",
                    max_active_runs=1,
                    created_at=NOW,
                    updated_at=NOW,
                )
            ).inserted_primary_key[0]
            conn.execute(
                update(dag_runs).where(dag_runs.c.pk == with_backfill.pk).values(backfill_pk=backfill)
            )

        await store.write(arrange)
        everything = Policy(runs=DAY, keep_runs=0, logs=DAY, xcoms=DAY)
        await Cleaner(store, logs, everything, now=NOW).clean()
        assert await left(store) == ["39", "38", "37"]
        assert logs_left(logs) == {"39", "38", "37"}
        assert await count(store, xcoms) == 3

    asyncio.run(scenario())


def test_logs_and_xcoms_may_go_before_their_runs_each_once(
    store: SqlStore, logs: FileLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "RUNS", 2)

    async def scenario() -> None:
        # Three of one moment, more than a batch.
        await ended_runs(store, logs, [30, 29, 28], end_date=NOW - 20 * DAY)
        await ended_runs(store, logs, [10, 1])
        policy = Policy(logs=5 * DAY, xcoms=15 * DAY)
        assert await Cleaner(store, logs, policy, now=NOW).count() == {"logs": 4, "xcoms": 3}
        assert await Cleaner(store, logs, policy, now=NOW).clean() == {"logs": 4, "xcoms": 3}
        assert len(await left(store)) == 5
        assert logs_left(logs) == {"1"}
        assert await count(store, xcoms) == 2
        assert await Cleaner(store, logs, policy, now=NOW).clean() == {"logs": 0, "xcoms": 0}

    asyncio.run(scenario())


def test_audit_rows_and_deployments_go_by_age(
    store: SqlStore, logs: FileLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "ROWS", 3)

    async def scenario() -> None:
        for age in range(10):
            event = Event(name="trigger_dag_run", owner="t")
            await store.write_rows(lambda conn, age=age, event=event: record(conn, event, NOW - age * DAY))
        for number in range(5):
            await store.write(lambda tx, number=number: register(tx, description=str(number)))
        old = update(deployments).values(at=NOW - 100 * DAY)
        await store.write_rows(lambda conn: conn.execute(old))

        policy = Policy(audit=4 * DAY, deployments=30 * DAY, keep_deployments=2)
        expected = {"audit": 5, "deployments": 3}
        assert await Cleaner(store, logs, policy, now=NOW).count() == expected
        assert await Cleaner(store, logs, policy, now=NOW).clean() == expected
        assert await count(store, deployments) == 2

    asyncio.run(scenario())


def test_a_wide_run_goes_alone(store: SqlStore, logs: FileLogs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "TASKS", 1)
    batches: list[int] = []

    async def scenario() -> None:
        await ended_runs(store, logs, [40, 39, 38])
        policy = Policy(runs=DAY, keep_runs=0)
        cleaner = Cleaner(store, logs, policy, now=NOW, told=lambda what, count: batches.append(count))
        await cleaner.clean()

    asyncio.run(scenario())
    assert batches == [1, 1, 1]
