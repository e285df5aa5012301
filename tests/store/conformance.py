"""What every store promises. A store's test module subclasses `StoreConformance` and gives a `store` fixture.

class TestInMemory(StoreConformance):
    @pytest.fixture
    def store(self): return InMemoryStore()
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leoflow_runtime.domain.states import Outcome, RunState, RunType, TaskState
from leoflow_runtime.engine.asset_rows import Asset, AssetReference, AssetRow, NewAssetEvent
from leoflow_runtime.engine.backfill_rows import BackfillRow, NewBackfill, NoRun, ReprocessBehavior
from leoflow_runtime.engine.rows import DagRow, LaunchReport, LaunchRow, RunRow, TaskRow, VersionRow
from leoflow_runtime.engine.store import (
    Change,
    LeaseLost,
    MapLength,
    NewRun,
    NewTask,
    RunExists,
    Store,
    TaskChange,
    Tx,
)
from leoflow_runtime.schedule import Slot

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
LONG = timedelta(minutes=10)


def document(dag_id: str = "d", **fields: Any) -> dict[str, Any]:
    return {
        "schema_version": "1.0",
        "dag_id": dag_id,
        "tasks": [
            {"task_id": "a", "type": "python"},
            {"task_id": "b", "type": "python", "depends_on": ["a"]},
        ],
        **fields,
    }


def register(tx: Tx, dag_id: str = "d", tenant_id: int = 1, **fields: Any) -> DagRow:
    dag, _, _ = tx.register(document(dag_id, **fields), tenant_id=tenant_id, created_by="t", meta={})
    return dag


def new_run(dag: DagRow, run_id: str = "r", **fields: Any) -> NewRun:
    assert dag.version_pk is not None
    values = {"run_type": RunType.MANUAL, "run_after": NOON, **fields}
    return NewRun(dag=dag, version_pk=dag.version_pk, run_id=run_id, **values)


def seed(tx: Tx, run_id: str = "r", **fields: Any) -> tuple[DagRow, RunRow, TaskRow, TaskRow]:
    """A DAG with one run of two tasks."""
    dag = tx.find_dag("d") or register(tx)
    run = tx.insert_run(new_run(dag, run_id, **fields))
    a, b = tx.insert_tasks(run.pk, [NewTask(task_id="a", max_tries=2), NewTask(task_id="b")])
    return dag, run, a, b


def launch(tx: Tx, task: TaskRow) -> LaunchRow:
    """The current launch of a task that is queued with it."""
    (opened,) = tx.open_launches([task._replace(try_number=task.try_number + 1)])
    values = {"state": TaskState.QUEUED, "try_number": opened.try_number, "launch_id": opened.launch_id}
    assert tx.update_tasks([TaskChange(pk=task.pk, expect_states=(task.state,), values=values)]) == [True]
    return opened


@pytest.mark.anyio
class StoreConformance:
    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    def archived(self, tx: Tx, task_pk: int) -> list[tuple[int, str]]:
        """Number and state of the tries that were kept, which people look at and no engine."""
        raise NotImplementedError

    # Transactions

    async def test_tasks_are_found_by_state_over_all_runs(self, store: Store) -> None:
        def prepare(tx: Tx) -> list[int]:
            _, _, a, _ = seed(tx, "one")
            _, _, other, _ = seed(tx, "two")
            found = []
            for row, state in ((a, TaskState.RUNNING), (other, TaskState.QUEUED)):
                tx.update_tasks([TaskChange(pk=row.pk, values={"state": state})])
                found.append(row.pk)
            return found

        wanted = await store.write(prepare)
        found = await store.read(lambda tx: tx.tasks_in({TaskState.RUNNING, TaskState.QUEUED}))
        assert [row.pk for row in found] == wanted
        assert [row.pk for row in await store.read(lambda tx: tx.tasks_in({TaskState.RUNNING}))] == wanted[:1]

    async def test_what_an_exception_leaves_is_undone(self, store: Store) -> None:
        def body(tx: Tx) -> None:
            seed(tx)
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            await store.write(body)
        assert await store.read(lambda tx: tx.find_dag("d")) is None

    async def test_a_savepoint_undoes_itself_alone(self, store: Store) -> None:
        def body(tx: Tx) -> None:
            register(tx, "kept")

            def fail() -> None:
                with tx.savepoint():
                    register(tx, "undone")
                    raise ValueError("no")

            with pytest.raises(ValueError, match="no"):
                fail()
            with tx.savepoint():
                register(tx, "kept_too")

        await store.write(body)
        found = await store.read(
            lambda tx: [tx.find_dag(name) is not None for name in ("kept", "undone", "kept_too")]
        )
        assert found == [True, False, True]

    async def test_readers_cannot_write(self, store: Store) -> None:
        with pytest.raises(Exception, match=r"."):
            await store.read(register)
        assert await store.read(lambda tx: tx.find_dag("d")) is None

    async def test_a_transaction_has_one_time_with_a_zone(self, store: Store) -> None:
        first, second = await store.write(lambda tx: (tx.now, tx.now))
        assert first == second
        assert first.tzinfo is not None

    # Lease and inbox

    async def test_one_owner_holds_the_lease_and_renews_it(self, store: Store) -> None:
        first = await store.acquire_lease("a", LONG)
        again = await store.acquire_lease("a", LONG)
        assert first is not None
        assert again is not None
        assert again.epoch == first.epoch
        assert await store.acquire_lease("b", LONG) is None

    async def test_an_expired_lease_is_taken_over_and_the_old_owner_writes_nothing(
        self, store: Store
    ) -> None:
        old = await store.acquire_lease("a", timedelta(0))
        new = await store.acquire_lease("b", LONG)
        assert old is not None
        assert new is not None
        assert new.epoch > old.epoch
        with pytest.raises(LeaseLost):
            await store.write(register, lease=old)
        assert await store.read(lambda tx: tx.find_dag("d")) is None
        await store.write(register, lease=new)

    async def test_a_released_lease_is_free_at_once(self, store: Store) -> None:
        lease = await store.acquire_lease("a", LONG)
        assert lease is not None
        await store.release_lease(lease)
        assert await store.acquire_lease("b", LONG) is not None

    async def test_who_does_not_hold_the_lease_releases_nothing(self, store: Store) -> None:
        old = await store.acquire_lease("a", timedelta(0))
        assert old is not None
        assert await store.acquire_lease("b", LONG) is not None
        await store.release_lease(old)
        assert await store.acquire_lease("c", LONG) is None

    async def test_facts_leave_inbox_rows_in_sequence(self, store: Store) -> None:
        for pk in (7, 8, 9):
            await store.write(lambda tx, pk=pk: tx.announce(Change(kind="run", pk=pk)))
        first = await store.write(lambda tx: tx.take_inbox(2))
        rest = await store.write(lambda tx: tx.take_inbox(10))
        assert [(change.kind, change.pk) for change in first + rest] == [("run", 7), ("run", 8), ("run", 9)]
        assert [change.seq for change in first + rest] == sorted({change.seq for change in first + rest})
        assert await store.write(lambda tx: tx.take_inbox(10)) == []

    async def test_an_undone_fact_leaves_no_inbox_row(self, store: Store) -> None:
        def body(tx: Tx) -> None:
            tx.announce(Change(kind="run", pk=1))
            raise ValueError

        with pytest.raises(ValueError, match=r"^$"):
            await store.write(body)
        assert await store.write(lambda tx: tx.take_inbox(10)) == []

    async def test_the_planner_hears_its_own_announcements_at_once(self, store: Store) -> None:
        lease = await store.acquire_lease("a", LONG)

        def body(tx: Tx) -> list[Change]:
            tx.announce(Change(kind="dag", pk=3))
            taken = tx.take_announced()
            assert tx.take_announced() == []
            return taken

        assert [change.pk for change in await store.write(body, lease=lease)] == [3]
        assert await store.write(lambda tx: tx.take_inbox(10)) == []

    async def test_the_planner_does_not_hear_of_what_a_savepoint_undid(self, store: Store) -> None:
        lease = await store.acquire_lease("a", LONG)

        def body(tx: Tx) -> list[Change]:
            tx.announce(Change(kind="dag", pk=3))
            with suppress(ValueError), tx.savepoint():
                tx.announce(Change(kind="dag", pk=4))
                raise ValueError
            return tx.take_announced()

        assert [change.pk for change in await store.write(body, lease=lease)] == [3]

    # DAGs and versions

    async def test_versions_count_up_and_equal_documents_are_one(self, store: Store) -> None:
        def body(tx: Tx) -> list[tuple[int, bool, bool]]:
            found = []
            for fields in ({}, {}, {"description": "new"}, {}):
                dag, version, created = tx.register(document(**fields), tenant_id=1, created_by="t", meta={})
                found.append((version.number, created, dag.version_pk == version.pk))
            return found

        assert await store.write(body) == [
            (1, True, True),
            (1, False, True),
            (2, True, True),
            (1, False, True),
        ]

    async def test_a_version_reads_back_as_its_specification(self, store: Store) -> None:
        dag = await store.write(register)
        assert dag.version_pk is not None
        version = await store.read(lambda tx: tx.version(dag.version_pk or 0))
        assert version.dag_pk == dag.pk
        assert [task.task_id for task in version.spec.tasks] == ["a", "b"]
        assert version.content_digest.startswith("sha256:")

    async def test_a_version_that_was_undone_or_deleted_leaves_nothing_in_the_next_ones_place(
        self, store: Store
    ) -> None:
        def registered(tx: Tx, text: str) -> VersionRow:
            _, version, _ = tx.register(document(description=text), tenant_id=1, created_by="t", meta={})
            assert tx.version(version.pk) == version
            if text == "undone":
                raise ValueError
            return version

        def current(tx: Tx) -> DagRow:
            dag = tx.find_dag("d")
            assert dag is not None
            return dag

        with pytest.raises(ValueError, match=r"^$"):
            await store.write(lambda tx: registered(tx, "undone"))
        await store.write(lambda tx: registered(tx, "first"))
        await store.read(lambda tx: tx.version(current(tx).version_pk or 0))
        await store.write(lambda tx: tx.delete_dag(current(tx).pk))
        last = await store.write(lambda tx: registered(tx, "last"))
        for found in (last, await store.read(lambda tx: tx.version(last.pk))):
            assert (found.spec.description, found.number) == ("last", 1)

    async def test_tenants_do_not_see_each_other(self, store: Store) -> None:
        await store.write(register)
        assert await store.read(lambda tx: tx.find_dag("d", 2)) is None

    async def test_scheduled_dags_come_soonest_first_without_paused_ones(self, store: Store) -> None:
        def body(tx: Tx) -> list[str]:
            for name, hours, paused in (("late", 2, False), ("soon", 1, False), ("paused", 0, True)):
                dag = register(tx, name)
                due = {"next_run_after": NOON + timedelta(hours=hours), "is_paused": paused}
                tx.update_dag(dag.pk, due)
            register(tx, "by_hand")
            return [dag.dag_id for dag in tx.scheduled_dags()]

        assert await store.write(body) == ["soon", "late"]

    async def test_a_deleted_dag_takes_everything_along(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[bool, bool, Any, Any, Any, Any]:
            dag, run, a, _ = seed(tx)
            opened = launch(tx, a)
            return (
                tx.delete_dag(dag.pk),
                tx.delete_dag(dag.pk),
                tx.dag(dag.pk),
                tx.run(run.pk),
                tx.task(a.pk),
                tx.launch(opened.launch_id),
            )

        assert await store.write(body) == (True, False, None, None, None, None)

    # Runs

    async def test_a_run_reads_back_as_written(self, store: Store) -> None:
        def body(tx: Tx) -> RunRow:
            _, run, _, _ = seed(
                tx,
                logical_date=NOON,
                data_interval_start=NOON,
                data_interval_end=NOON + timedelta(hours=1),
                conf={"k": [1, None, "ü"]},
                note="n",
                triggered_by="ui",
                triggering_user="u",
            )
            return run

        run = await store.write(body)
        found = await store.read(lambda tx: tx.run(run.pk))
        assert found == run
        assert run.state is RunState.QUEUED
        assert run.logical_date == NOON
        assert run.queued_at is not None
        assert dict(run.conf) == {"k": [1, None, "ü"]}
        assert (run.note, run.triggered_by, run.triggering_user) == ("n", "ui", "u")

    @pytest.mark.parametrize("other", [{"run_id": "r"}, {"run_id": "other", "logical_date": NOON}])
    async def test_a_run_exists_once(self, store: Store, other: dict[str, Any]) -> None:
        def body(tx: Tx) -> str:
            dag, _, _, _ = seed(tx, logical_date=NOON)
            with pytest.raises(RunExists) as caught, tx.savepoint():
                tx.insert_run(new_run(dag, **other))
            return caught.value.existing.run_id

        assert await store.write(body) == "r"

    async def test_runs_without_a_logical_date_do_not_collide(self, store: Store) -> None:
        await store.write(lambda tx: [seed(tx, name) for name in ("one", "two")])
        assert len(await store.read(lambda tx: tx.active_runs())) == 2

    async def test_a_run_is_changed_only_from_an_expected_state(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[bool, bool, RunRow | None]:
            _, run, _, _ = seed(tx)
            started = {"state": RunState.RUNNING, "start_date": NOON}
            return (
                tx.update_run(run.pk, (RunState.RUNNING,), started),
                tx.update_run(run.pk, (RunState.QUEUED,), started),
                tx.run(run.pk),
            )

        refused, taken, run = await store.write(body)
        assert (refused, taken) == (False, True)
        assert run is not None
        assert (run.state, run.start_date) == (RunState.RUNNING, NOON)

    async def test_a_run_that_was_cleared_since_is_not_changed(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[bool, bool]:
            _, run, _, _ = seed(tx)
            tx.update_run(run.pk, (RunState.QUEUED,), {"clear_number": 1})
            started = {"state": RunState.RUNNING}
            return (
                tx.update_run(run.pk, (RunState.QUEUED,), started, expect_clear_number=0),
                tx.update_run(run.pk, (RunState.QUEUED,), started, expect_clear_number=1),
            )

        assert await store.write(body) == (False, True)

    async def test_active_runs_come_in_the_order_of_their_time(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[list[str], list[str]]:
            dag, done, _, _ = seed(tx, "done")
            for name, minutes in (("later", 5), ("sooner", 1)):
                seed(tx, name, run_after=NOON + timedelta(minutes=minutes))
            tx.update_run(done.pk, (RunState.QUEUED,), {"state": RunState.SUCCESS})
            other = register(tx, "other")
            tx.insert_run(new_run(other, "elsewhere"))
            return (
                [run.run_id for run in tx.active_runs()],
                [run.run_id for run in tx.active_runs(dag.pk)],
            )

        assert await store.write(body) == (["elsewhere", "sooner", "later"], ["sooner", "later"])

    async def test_previous_latest_and_between(self, store: Store) -> None:
        def body(tx: Tx) -> dict[str, Any]:
            runs = {}
            for day in range(4):
                kind = RunType.SCHEDULED if day % 2 == 0 else RunType.MANUAL
                _, run, _, _ = seed(tx, f"d{day}", logical_date=NOON + timedelta(days=day), run_type=kind)
                runs[day] = run
            _, dateless, _, _ = seed(tx, "dateless")
            tx.update_run(runs[1].pk, (RunState.QUEUED,), {"state": RunState.SUCCESS})

            def name(run: RunRow | None) -> str | None:
                return run and run.run_id

            dag_pk = runs[0].dag_pk
            return {
                "before": name(tx.previous_run(runs[3])),
                "scheduled before": name(tx.previous_run(runs[2], run_type=RunType.SCHEDULED)),
                "successful before": name(tx.previous_run(runs[3], states=(RunState.SUCCESS,))),
                "before the first": name(tx.previous_run(runs[0])),
                "before a dateless one": name(tx.previous_run(dateless)),
                "latest scheduled": name(tx.latest_run(dag_pk, RunType.SCHEDULED)),
                "latest backfill": name(tx.latest_run(dag_pk, RunType.BACKFILL)),
                "between": [
                    run.run_id
                    for run in tx.runs_between(
                        dag_pk, earliest=NOON + timedelta(days=1), latest=NOON + timedelta(days=2)
                    )
                ],
                "until": [run.run_id for run in tx.runs_between(dag_pk, latest=NOON)],
            }

        assert await store.write(body) == {
            "before": "d2",
            "scheduled before": "d0",
            "successful before": "d1",
            "before the first": None,
            "before a dateless one": None,
            "latest scheduled": "d2",
            "latest backfill": None,
            "between": ["d1", "d2"],
            "until": ["d0"],
        }

    async def test_a_deleted_run_takes_its_tasks_along(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[bool, list[TaskRow], Any, bool]:
            _, run, a, _ = seed(tx)
            opened = launch(tx, a)
            tx.finish_launch(
                LaunchReport(launch_id=opened.launch_id, outcome=Outcome.SUCCESS, xcoms={"k": b"1"})
            )
            tx.archive_try(a.pk)
            gone = tx.delete_run(run.pk)
            return gone, tx.tasks(run.pk), tx.task_of_launch(opened.launch_id), tx.delete_run(run.pk)

        assert await store.write(body) == (True, [], None, False)

    # Task instances

    async def test_a_deleted_task_goes_alone(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[bool, list[TaskRow], Any, bool]:
            _, run, a, b = seed(tx)
            opened = launch(tx, a)
            tx.archive_try(a.pk)
            gone = tx.delete_task(a.pk)
            left = [row for row in tx.tasks(run.pk) if row.pk != b.pk]
            return gone, left, tx.task_of_launch(opened.launch_id), tx.delete_task(a.pk)

        assert await store.write(body) == (True, [], None, False)

    async def test_tasks_begin_blank(self, store: Store) -> None:
        def body(tx: Tx) -> list[TaskRow]:
            _, run, _, _ = seed(tx)
            return tx.tasks(run.pk)

        a, b = await store.write(body)
        assert (a.task_id, a.state, a.try_number, a.max_tries, a.map_index) == ("a", None, 0, 2, -1)
        assert b.launch_id is None
        assert await store.read(lambda tx: tx.task(a.pk)) == a
        assert await store.read(lambda tx: tx.task(10_000)) is None

    async def test_each_task_change_is_guarded_on_its_own(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[list[bool], list[TaskState | None]]:
            _, run, a, b = seed(tx)
            values = {"state": TaskState.SKIPPED, "start_date": NOON, "end_date": NOON}
            held = tx.update_tasks(
                [
                    TaskChange(pk=a.pk, expect_states=(TaskState.RUNNING, TaskState.QUEUED), values=values),
                    TaskChange(pk=b.pk, expect_states=(None,), values=values),
                    TaskChange(pk=10_000, values=values),
                ]
            )
            return held, [row.state for row in tx.tasks(run.pk)]

        assert await store.write(body) == ([False, True, False], [None, TaskState.SKIPPED])

    async def test_a_change_may_expect_a_launch(self, store: Store) -> None:
        def body(tx: Tx) -> list[bool]:
            _, _, a, _ = seed(tx)
            opened = launch(tx, a)
            running = {"state": TaskState.RUNNING}
            return tx.update_tasks(
                [
                    TaskChange(pk=a.pk, expect_launch=opened.launch_id + 1, values=running),
                    TaskChange(pk=a.pk, expect_launch=opened.launch_id, values=running),
                ]
            )

        assert await store.write(body) == [False, True]

    async def test_many_changes_of_one_shape_and_of_several(self, store: Store) -> None:
        def body(tx: Tx) -> list[tuple[TaskState | None, int]]:
            dag = register(tx)
            run = tx.insert_run(new_run(dag))
            rows = tx.insert_tasks(run.pk, [NewTask(task_id=f"t{n}") for n in range(30)])
            changes = [
                TaskChange(
                    pk=row.pk, expect_states=(None,), values={"state": TaskState.SCHEDULED, "try_number": n}
                )
                if n % 3
                else TaskChange(pk=row.pk, expect_states=(None, TaskState.FAILED), values={"state": None})
                for n, row in enumerate(rows)
            ]
            assert tx.update_tasks(changes) == [True] * 30
            return [(row.state, row.try_number) for row in tx.tasks(run.pk)]

        found = await store.write(body)
        assert found == [(TaskState.SCHEDULED, n) if n % 3 else (None, 0) for n in range(30)]

    async def test_columns_that_the_engine_never_reads_are_taken(self, store: Store) -> None:
        def body(tx: Tx) -> list[bool]:
            _, _, a, _ = seed(tx)
            unseen = {"note": "n", "hostname": "h", "pid": 7, "message": "m"}
            return tx.update_tasks([TaskChange(pk=a.pk, values=unseen)])

        assert await store.write(body) == [True]

    async def test_of_a_try_that_is_archived_twice_the_later_copy_stays(self, store: Store) -> None:
        def body(tx: Tx) -> list[tuple[int, str]]:
            _, _, a, _ = seed(tx)
            tx.update_tasks([TaskChange(pk=a.pk, values={"try_number": 1, "state": TaskState.FAILED})])
            tx.archive_try(a.pk)
            tx.update_tasks([TaskChange(pk=a.pk, values={"state": TaskState.SKIPPED})])
            tx.archive_try(a.pk)
            return self.archived(tx, a.pk)

        assert await store.write(body) == [(1, "skipped")]

    # Launches

    async def test_a_callback_is_a_launch_that_is_never_current(self, store: Store) -> None:
        def opens(tx: Tx) -> tuple[int, int]:
            _, _, a, _ = seed(tx)
            mine = launch(tx, a)
            told = tx.open_callback(a, "on_failure_callback", "task_failure")
            return mine.launch_id, told.launch_id

        def looks(tx: Tx) -> tuple[Any, ...]:
            found = tx.launch(told)
            assert found is not None
            task = tx.task_of_launch(told)
            assert task is not None
            return found.callback, found.callback_reason, found.try_number, task.launch_id == mine

        mine, told = await store.write(opens)
        assert told > mine
        assert await store.read(looks) == ("on_failure_callback", "task_failure", 1, True)
        assert await store.read(lambda tx: tx.open_launch_ids()) == [mine]
        unfinished = await store.read(lambda tx: tx.unfinished_launches())
        assert [one.launch_id for one in unfinished] == [mine, told]

    async def test_recent_runs_are_the_latest_to_run(self, store: Store) -> None:
        def body(tx: Tx) -> list[list[str]]:
            dag, run, _, _ = seed(tx)
            version_pk = dag.version_pk or 0
            for n in (1, 2, 3):
                tx.insert_run(
                    NewRun(
                        dag=dag,
                        version_pk=version_pk,
                        run_id=f"later{n}",
                        run_type=RunType.MANUAL,
                        run_after=run.run_after + timedelta(hours=n % 3 + 1),
                    )
                )
            return [[one.run_id for one in tx.recent_runs(dag.pk, limit)] for limit in (2, 9)]

        two, many = await store.write(body)
        assert two == ["later2", "later1"]
        assert many[:3] == ["later2", "later1", "later3"]
        assert len(many) == 4

    async def test_launches_only_rise_and_are_never_used_again(self, store: Store) -> None:
        def first(tx: Tx) -> int:
            _, run, a, b = seed(tx)
            opened = tx.open_launches([a, b])
            assert [row.task_pk for row in opened] == [a.pk, b.pk]
            assert opened[0].launch_id < opened[1].launch_id
            tx.delete_run(run.pk)
            return opened[1].launch_id

        highest = await store.write(first)

        def second(tx: Tx) -> int:
            _, _, a, _ = seed(tx, "next")
            return tx.open_launches([a])[0].launch_id

        assert await store.write(second) > highest

    async def test_a_launch_knows_its_task_and_try(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[TaskRow, LaunchRow]:
            _, _, a, _ = seed(tx)
            return a, launch(tx, a)

        task, opened = await store.write(body)
        assert (opened.task_pk, opened.run_pk, opened.try_number, opened.generation) == (
            task.pk,
            task.run_pk,
            1,
            1,
        )
        found = await store.read(lambda tx: tx.task_of_launch(opened.launch_id))
        assert found is not None
        assert (found.pk, found.launch_id, found.state) == (task.pk, opened.launch_id, TaskState.QUEUED)
        assert await store.read(lambda tx: tx.launch(opened.launch_id)) == opened
        assert await store.read(lambda tx: tx.task_of_launch(10_000)) is None

    async def test_a_launch_ends_once(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[bool, bool, bool, bool, LaunchRow | None]:
            _, _, a, _ = seed(tx)
            opened = launch(tx, a).launch_id
            report = LaunchReport(launch_id=opened, outcome=Outcome.SUCCESS, finished_at=NOON)
            return (
                tx.update_launch(opened, {"opened_at": NOON, "started_at": NOON, "heartbeat_at": NOON}),
                tx.finish_launch(report),
                tx.finish_launch(replace(report, outcome=Outcome.FAILED)),
                tx.update_launch(opened, {"heartbeat_at": NOON}),
                tx.launch(opened),
            )

        opened, ended, again, updated, row = await store.write(body)
        assert (opened, ended, again, updated) == (True, True, False, False)
        assert row is not None
        assert (row.outcome, row.finished_at, row.opened_at) == (Outcome.SUCCESS, NOON, NOON)

    async def test_unfinished_current_and_silent_launches(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[list[int], list[int], list[int], list[int]]:
            _, _, a, b = seed(tx)
            old = launch(tx, a).launch_id
            current = launch(tx, tx.task(a.pk) or a).launch_id
            ended = launch(tx, b).launch_id
            tx.finish_launch(LaunchReport(launch_id=ended, outcome=Outcome.SUCCESS))
            tx.update_launch(old, {"opened_at": NOON, "heartbeat_at": NOON + timedelta(minutes=5)})
            tx.update_launch(current, {"opened_at": NOON})
            return (
                [old, current],
                sorted(launch.launch_id for launch in tx.unfinished_launches()),
                tx.open_launch_ids(),
                [launch.launch_id for launch in tx.silent_launches(NOON + timedelta(minutes=1))],
            )

        both, unfinished, current, silent = await store.write(body)
        assert unfinished == both
        assert current == silent == both[1:]

    async def test_instances_of_a_mapped_task(self, store: Store) -> None:
        def body(tx: Tx) -> tuple[list[TaskRow], TaskRow | None, TaskRow | None]:
            _, run, a, _ = seed(tx)
            become = TaskChange(pk=a.pk, expect_states=(None,), values={"map_index": 0, "map_length": 4})
            assert tx.update_tasks([become]) == [True]
            new = tx.insert_instances(run.pk, NewTask(task_id="a", max_tries=2), range(1, 4))
            return new, tx.instance(run.pk, "a", 0), tx.instance(run.pk, "a", 4)

        new, first, none = await store.write(body)
        assert [(row.task_id, row.map_index, row.max_tries) for row in new] == [
            ("a", 1, 2),
            ("a", 2, 2),
            ("a", 3, 2),
        ]
        assert first is not None
        assert (first.map_index, first.map_length) == (0, 4)
        assert none is None

    async def test_lengths_of_what_tasks_returned(self, store: Store) -> None:
        def report(tx: Tx, task: TaskRow, length: int | None, key: str = "return_value") -> None:
            opened = launch(tx, task).launch_id
            ended = {"outcome": Outcome.SUCCESS, "finished_at": NOON}
            tx.finish_launch(LaunchReport(launch_id=opened, xcoms={key: b"1"}, map_length=length, **ended))

        def body(tx: Tx) -> list[dict[str, MapLength]]:
            _, run, a, b = seed(tx)
            (c,) = tx.insert_tasks(run.pk, [NewTask(task_id="c")])
            mapped = tx.insert_instances(run.pk, NewTask(task_id="m"), range(3))
            report(tx, a, 7)
            report(tx, b, 3, key="other")
            report(tx, c, None)
            report(tx, mapped[0], 5)
            report(tx, mapped[2], None)
            before = dict(tx.map_lengths(run.pk, ["a", "b", "c", "m"]))
            tx.purge_xcoms([a.pk, mapped[0].pk])
            return [before, dict(tx.map_lengths(run.pk, ["a", "m"]))]

        before, after = await store.write(body)
        assert before == {
            "a": MapLength(length=7, instances=0),
            "c": MapLength(length=None, instances=0),
            "m": MapLength(length=None, instances=2),
        }
        assert after == {"m": MapLength(length=None, instances=1)}

    async def test_a_report_leaves_its_values_and_a_purge_takes_them(self, store: Store) -> None:
        def body(tx: Tx) -> None:
            _, _, a, _ = seed(tx)
            opened = launch(tx, a).launch_id
            tx.finish_launch(
                LaunchReport(
                    launch_id=opened,
                    outcome=Outcome.SUCCESS,
                    finished_at=NOON,
                    message="done",
                    exit_code=0,
                    cpu_seconds=0.5,
                    max_rss_bytes=1 << 33,
                    xcoms={"return_value": b"1", "k": b'{"a": null}'},
                    rendered_fields={"bash_command": "echo"},
                )
            )
            tx.purge_xcoms([a.pk])
            # A second report may leave the same keys: nothing of the first is in its way.
            again = launch(tx, tx.task(a.pk) or a).launch_id
            report = LaunchReport(launch_id=again, outcome=Outcome.SUCCESS, xcoms={"k": b"2"})
            assert tx.finish_launch(report)

        await store.write(body)

    # Pools

    async def test_the_default_pool_is_there(self, store: Store) -> None:
        assert (await store.read(lambda tx: dict(tx.pool_slots())))[1, "default_pool"] == 128

    # Backfills

    async def test_a_backfill_goes_slot_by_slot(self, store: Store) -> None:
        def make(tx: Tx) -> tuple[int, int]:
            dag, run, _, _ = seed(tx)
            days = [Slot.exact(NOON + timedelta(days=day)) for day in range(3)]
            new = NewBackfill(
                tenant_id=1, dag_pk=dag.pk, from_date=NOON, to_date=NOON + LONG, conf={"a": [1]}
            )
            slots = [(days[0], None), (days[1], NoRun.ALREADY_EXISTS), (days[2], None)]
            row = tx.insert_backfill(new, slots)
            assert (row.dag_pk, row.conf, row.is_paused, row.completed_at) == (
                dag.pk,
                {"a": [1]},
                False,
                None,
            )
            assert row.reprocess_behavior is ReprocessBehavior.NONE
            first = tx.next_backfill_slot(row.pk)
            assert first is not None
            assert (first.ordinal, first.slot) == (1, days[0])
            tx.settle_backfill_slot(first.pk, run_pk=run.pk)
            second = tx.next_backfill_slot(row.pk)
            assert second is not None
            assert (second.ordinal, second.slot) == (3, days[2])
            assert tx.drop_backfill_slots(row.pk, NoRun.CANCELLED) == 1
            assert tx.next_backfill_slot(row.pk) is None
            return dag.pk, row.pk

        dag_pk, pk = await store.write(make)
        assert [row.pk for row in await store.read(lambda tx: tx.open_backfills())] == [pk]
        assert await store.read(lambda tx: tx.open_backfills(dag_pk + 1)) == []

    async def test_a_completed_backfill_does_not_change(self, store: Store) -> None:
        def make(tx: Tx) -> BackfillRow:
            dag = register(tx)
            row = tx.insert_backfill(
                NewBackfill(tenant_id=1, dag_pk=dag.pk, from_date=NOON, to_date=NOON), []
            )
            assert tx.update_backfill(row.pk, {"is_paused": True, "completed_at": NOON})
            assert not tx.update_backfill(row.pk, {"is_paused": False})
            assert tx.open_backfills(dag.pk) == []
            found = tx.backfill(row.pk)
            assert found is not None
            return found

        row = await store.write(make)
        assert (row.is_paused, row.completed_at, row.conf) == (True, NOON, None)
        assert await store.read(lambda tx: tx.backfill(row.pk + 1)) is None

    async def test_a_run_knows_its_backfill(self, store: Store) -> None:
        def make(tx: Tx) -> RunRow | None:
            dag = register(tx)
            run = tx.insert_run(new_run(dag, backfill_pk=7))
            values = {"run_type": RunType.BACKFILL, "backfill_pk": 8}
            assert tx.update_run(run.pk, (RunState.QUEUED,), values)
            return tx.run(run.pk)

        run = await store.write(make)
        assert run is not None
        assert (run.run_type, run.backfill_pk) == (RunType.BACKFILL, 8)

    # Assets

    async def test_assets_are_found_by_name_and_uri(self, store: Store) -> None:
        def make(tx: Tx) -> AssetRow:
            first = tx.put_asset(1, Asset(name="a", uri="s3://a", extra={"owner": "x"}))
            again = tx.put_asset(1, Asset(name="a", uri="s3://a", group="money"))
            assert (again.pk, again.group, again.extra) == (first.pk, "money", {})
            other = tx.put_asset(1, Asset(name="a", uri="s3://b"))
            assert [row.pk for row in tx.find_assets(1, name="a")] == [first.pk, other.pk]
            assert [row.pk for row in tx.find_assets(1, uri="s3://b")] == [other.pk]
            assert tx.find_assets(2, name="a") == []
            return again

        row = await store.write(make)
        assert await store.read(lambda tx: tx.asset(row.pk)) == row

    async def test_who_is_scheduled_by_an_update(self, store: Store) -> None:
        def make(tx: Tx) -> None:
            asset = Asset(name="a", uri="s3://a")
            of = {
                "direct": AssetReference(kind="schedule", asset=asset),
                "alias": AssetReference(kind="schedule", alias="daily"),
                "name": AssetReference(kind="schedule", name="a"),
                "uri": AssetReference(kind="schedule", uri="s3://a"),
                "outlet": AssetReference(kind="outlet", task_id="t", asset=asset),
                "paused": AssetReference(kind="schedule", asset=asset),
                "other": AssetReference(kind="schedule", name="b"),
            }
            dags = {name: register(tx, name).pk for name in of}
            for name, reference in of.items():
                tx.set_asset_references(dags[name], 1, [reference])
            tx.update_dag(dags["paused"], {"is_paused": True})
            row = tx.put_asset(1, asset)
            names = {pk: name for name, pk in dags.items()}
            plain = sorted(names[pk] for pk in tx.dags_scheduled_by(row, ()))
            aliased = sorted(names[pk] for pk in tx.dags_scheduled_by(row, ("daily",)))
            assert (plain, aliased) == (["direct", "name", "uri"], ["alias", "direct", "name", "uri"])
            tx.set_asset_references(dags["direct"], 1, [])
            assert dags["direct"] not in tx.dags_scheduled_by(row, ())

        await store.write(make)

    async def test_events_wait_and_are_consumed(self, store: Store) -> None:
        def make(tx: Tx) -> tuple[int, int, int]:
            dag, run, _, _ = seed(tx)
            row = tx.put_asset(1, Asset(name="a", uri="s3://a"))
            other = tx.put_asset(1, Asset(name="o", uri="s3://o"))
            by_name = AssetReference(kind="schedule", name="a")
            tx.set_asset_references(dag.pk, 1, [by_name, AssetReference(kind="schedule", alias="daily")])
            event = tx.insert_asset_event(NewAssetEvent(tenant_id=1, asset_pk=row.pk, extra={"n": 1}))
            told = tx.insert_asset_event(
                NewAssetEvent(
                    tenant_id=1, asset_pk=other.pk, aliases=("daily",), source_dag_id="p", source_map_index=2
                )
            )
            tx.insert_asset_event(NewAssetEvent(tenant_id=1, asset_pk=other.pk))
            assert [one.pk for one in tx.assets_of_alias(1, "daily")] == [other.pk]
            assert tx.scheduling_events(dag.pk, after=None, until=tx.now) == [event, told]
            assert tx.scheduling_events(dag.pk, after=tx.now, until=tx.now) == []
            assert tx.asset_events(1, alias="daily", limit=9) == [told]
            assert [one.pk for one in tx.asset_events(1, asset_pk=other.pk, limit=1)] == [told.pk + 1]
            tx.queue_asset_event(dag.pk, row.pk)
            tx.queue_asset_event(dag.pk, row.pk)
            assert tx.queued_assets(dag.pk) == {row.pk: tx.now}
            tx.drop_queued_assets(dag.pk)
            assert tx.queued_assets(dag.pk) == {}
            tx.consume_asset_events(run.pk, [event.pk, told.pk])
            return run.pk, event.pk, told.pk

        run_pk, *events = await store.write(make)
        consumed = await store.read(lambda tx: tx.consumed_asset_events(run_pk))
        assert [event.pk for event in consumed] == events
        assert (consumed[1].aliases, consumed[1].source_dag_id, consumed[1].source_map_index) == (
            ("daily",),
            "p",
            2,
        )

    async def test_what_the_planner_leaves_to_a_later_transaction_is_in_the_inbox(self, store: Store) -> None:
        lease = await store.acquire_lease("p", timedelta(seconds=60))
        await store.write(lambda tx: tx.leave(Change(kind="fail_fast:2", pk=7)), lease=lease)
        (left,) = await store.write(lambda tx: tx.take_inbox(10), lease=lease)
        assert (left.kind, left.pk) == ("fail_fast:2", 7)

    async def test_a_missed_deadline_is_noted_once(self, store: Store) -> None:
        def note(tx: Tx) -> list[bool]:
            _, run, _, _ = seed(tx)
            return [tx.note_missed_deadline(run.pk, position, NOON) for position in (0, 0, 1)]

        assert await store.write(note) == [True, False, True]

    async def test_deadlines_that_were_set_are_kept(self, store: Store) -> None:
        def note(tx: Tx) -> int:
            _, run, _, _ = seed(tx)
            tx.set_deadline(run.pk, 1, NOON)
            tx.set_deadline(run.pk, 3, NOON + timedelta(seconds=1.5))
            return run.pk

        pk = await store.write(note)
        assert await store.read(lambda tx: tx.deadlines(pk)) == {1: NOON, 3: NOON + timedelta(seconds=1.5)}
        assert await store.read(lambda tx: tx.deadlines(pk + 1)) == {}
