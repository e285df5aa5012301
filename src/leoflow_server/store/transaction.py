"""`leoflow_runtime.engine.store.Tx` on a database session: each operation is a named query next door."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from leoflow_runtime.domain.states import RunState, RunType, TaskState
from leoflow_runtime.engine.rows import DagRow, LaunchReport, LaunchRow, RunRow, TaskRow, VersionRow
from leoflow_runtime.engine.store import Change, Lease, MapLength, NewRun, NewTask, TaskChange
from leoflow_runtime.executors.protocol import Place
from leoflow_server.store import launches, lease, runs, tasks, versions
from leoflow_server.store.assets import SqlAssets
from leoflow_server.store.backfills import SqlBackfills
from leoflow_server.store.gathered import Gathered
from leoflow_server.store.prepared import Prepared, Session
from leoflow_server.store.tables import pools
from leoflow_server.store.versions import VersionCache

_POOLS = Prepared(
    select(pools.c.tenant_id, pools.c.name, pools.c.slots), [pools.c.tenant_id, pools.c.name, pools.c.slots]
)


class SqlTx(SqlAssets, SqlBackfills):
    """One transaction; `announced` says whether it left inbox rows. Not to be kept after it ends."""

    __slots__ = (
        "_announced",
        "_beside",
        "_gathered",
        "_left",
        "_new_versions",
        "_now",
        "_planners",
        "_versions",
        "announced",
    )

    def __init__(
        self, session: Session, now: datetime, cache: VersionCache, *, lease: Lease | None = None
    ) -> None:
        # For what has nothing to do with tasks, launches and XComs, of which something may wait.
        self._beside = session
        self._gathered = Gathered(session)
        self._now = now
        self._versions = cache
        self._new_versions: dict[int, VersionRow] = {}
        self._planners = lease is not None
        self._announced: list[Change] = []
        self._left: list[Change] = []  # for the inbox
        self.announced = False

    @property
    def _session(self) -> Session:
        """The database as this transaction has left it."""
        self._gathered.flush()
        return self._beside

    def flush(self) -> None:
        """Sends what still waits to be written: the last thing of a transaction."""
        self._gathered.flush()
        if self._left:
            left, self._left = self._left, []
            lease.announce(self._beside, left)

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def connection(self) -> Connection:
        """For named queries of other parts inside the same transaction."""
        return self._session.connection

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        announced, changes, left = self.announced, len(self._announced), len(self._left)
        self._session.run("SAVEPOINT part")
        try:
            yield
            self._gathered.flush()
        except BaseException:
            self._gathered.drop()
            self._beside.run("ROLLBACK TO part")
            self._beside.run("RELEASE part")
            self.announced = announced
            del self._announced[changes:], self._left[left:]
            raise
        self._beside.run("RELEASE part")

    # Lease and inbox
    def hold_lease(self, held: Lease) -> None:
        lease.hold(self._beside, held)

    def announce(self, change: Change) -> None:
        if self._planners:
            self._announced.append(change)
        else:
            self.leave(change)
            self.announced = True

    def leave(self, change: Change) -> None:
        self._left.append(change)

    def take_announced(self) -> list[Change]:
        taken, self._announced = self._announced, []
        return taken

    def take_inbox(self, limit: int) -> list[Change]:
        if self._left:
            self.flush()
        return lease.take_inbox(self._beside, limit)

    # DAGs and versions
    def find_dag(self, dag_id: str, tenant_id: int = 1) -> DagRow | None:
        return versions.find_dag(self._session, tenant_id, dag_id)

    def dag(self, pk: int) -> DagRow | None:
        return versions.get_dag(self._beside, pk)

    def scheduled_dags(self) -> list[DagRow]:
        return versions.scheduled_dags(self._session)

    def update_dag(self, pk: int, values: Mapping[str, Any]) -> None:
        versions.update_dag(self._session, pk, values)

    def delete_dag(self, pk: int) -> bool:
        return versions.delete_dag(self._session, pk)

    def register(
        self, document: Mapping[str, Any], *, tenant_id: int, created_by: str, meta: Mapping[str, Any]
    ) -> tuple[DagRow, VersionRow, bool]:
        dag, version, created = versions.register(
            self._session,
            document,
            tenant_id=tenant_id,
            created_by=created_by,
            meta=meta,
            now=self._now,
            cache=self._versions,
        )
        if created:
            self._new_versions[version.pk] = version
        return dag, version, created

    def version(self, pk: int) -> VersionRow:
        new = self._new_versions.get(pk)
        return new if new is not None else versions.get_version(self._beside, pk, self._versions)

    # Runs
    def run(self, pk: int) -> RunRow | None:
        return runs.get(self._beside, pk)

    def find_run(self, dag_pk: int, run_id: str) -> RunRow | None:
        return runs.find(self._beside, dag_pk, run_id)

    def active_runs(self, dag_pk: int | None = None) -> list[RunRow]:
        return runs.active(self._beside, dag_pk)

    def runs_between(
        self, dag_pk: int, *, earliest: datetime | None = None, latest: datetime | None = None
    ) -> list[RunRow]:
        return runs.between(self._session, dag_pk, earliest, latest)

    def previous_run(
        self, run: RunRow, *, states: Collection[RunState] | None = None, run_type: RunType | None = None
    ) -> RunRow | None:
        return runs.previous(self._session, run, states, run_type)

    def recent_runs(self, dag_pk: int, limit: int) -> list[RunRow]:
        return runs.recent(self._beside, dag_pk, limit)

    def latest_run(self, dag_pk: int, run_type: RunType) -> RunRow | None:
        return runs.latest(self._session, dag_pk, run_type)

    def insert_run(self, new: NewRun) -> RunRow:
        return runs.insert_run(self._session, new, self._now)

    def update_run(
        self,
        pk: int,
        expect: Collection[RunState],
        values: Mapping[str, Any],
        *,
        expect_clear_number: int | None = None,
    ) -> bool:
        return runs.update_run(self._beside, pk, expect, values, expect_clear_number)

    def delete_run(self, pk: int) -> bool:
        return runs.delete_run(self._session, pk)

    # Task instances
    def task(self, pk: int) -> TaskRow | None:
        return tasks.get(self._session, pk)

    def tasks(self, run_pk: int) -> list[TaskRow]:
        return tasks.of_run(self._session, run_pk)

    def instance(self, run_pk: int, task_id: str, map_index: int) -> TaskRow | None:
        return tasks.instance(self._session, run_pk, task_id, map_index)

    def delete_task(self, pk: int) -> bool:
        return tasks.delete_task(self._session, pk)

    def tasks_in(self, states: Collection[TaskState]) -> list[TaskRow]:
        return tasks.in_states(self._session, states)

    def insert_tasks(self, run_pk: int, new: Sequence[NewTask]) -> list[TaskRow]:
        return tasks.insert_tasks(self._session, run_pk, new)

    def insert_instances(self, run_pk: int, like: NewTask, map_indexes: range) -> list[TaskRow]:
        return tasks.insert_instances(self._session, run_pk, like, map_indexes)

    def update_tasks(self, changes: Sequence[TaskChange]) -> list[bool]:
        held = [self._gathered.change(change) for change in changes]
        unknown = [change for change, known in zip(changes, held, strict=True) if known is None]
        written = iter(tasks.update_tasks(self._session, unknown) if unknown else ())
        return [next(written) if known is None else known for known in held]

    def archive_try(self, task_pk: int) -> None:
        tasks.archive_try(self._session, task_pk)

    # Launches
    def expect_launches(self, launch_ids: Collection[int]) -> None:
        self._gathered.expect(launch_ids)

    def open_launches(self, tasks: Sequence[TaskRow], places: Sequence[Place | None] = ()) -> list[LaunchRow]:
        return launches.open_launches(self._beside, tasks, places, self._now)

    def note_missed_deadline(self, run_pk: int, position: int, when: datetime) -> bool:
        return runs.note_missed_deadline(self._session, run_pk, position, when, self._now)

    def set_deadline(self, run_pk: int, position: int, when: datetime) -> None:
        runs.set_deadline(self._session, run_pk, position, when)

    def deadlines(self, run_pk: int) -> Mapping[int, datetime]:
        return runs.deadlines(self._session.connection, run_pk)

    def open_callback(self, task: TaskRow, callback: str, reason: str) -> LaunchRow:
        return launches.open_callback(self._session, task, callback, reason, self._now)

    def launch(self, launch_id: int) -> LaunchRow | None:
        return launches.get(self._session, launch_id)

    def task_of_launch(self, launch_id: int) -> TaskRow | None:
        return self._gathered.task_of(launch_id)

    def update_launch(self, launch_id: int, values: Mapping[str, Any]) -> bool:
        held = self._gathered.update_launch(launch_id, values)
        return launches.update_launch(self._session, launch_id, values) if held is None else held

    def finish_launch(self, report: LaunchReport) -> bool:
        return self._gathered.finish(report, self._now)

    def open_launch_ids(self) -> list[int]:
        return launches.current_ids(self._session)

    def unfinished_launches(self) -> list[LaunchRow]:
        return launches.unfinished(self._session)

    def silent_launches(self, since: datetime) -> list[LaunchRow]:
        return launches.silent(self._session, since)

    # Pools
    def pool_slots(self) -> Mapping[tuple[int, str], int]:
        return {(tenant_id, name): slots for tenant_id, name, slots in self._session.rows(_POOLS, {})}

    # XComs
    def purge_xcoms(self, task_pks: Sequence[int]) -> None:
        tasks.purge_xcoms(self._session, task_pks)

    def map_lengths(self, run_pk: int, task_ids: Collection[str]) -> Mapping[str, MapLength]:
        return tasks.map_lengths(self._session, run_pk, task_ids)
