"""The store's protocol over dictionaries: for tests, for the simulator, and to say what is meant.

A transaction keeps a journal of what each written key held before, and undoes it on an exception.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from leoflow_runtime.artifact import DagSpec, canonical_bytes, content_digest
from leoflow_runtime.artifact.records import RETURN_VALUE
from leoflow_runtime.domain.states import RunState, RunType, TaskState
from leoflow_runtime.engine.in_memory_assets import InMemoryAssets
from leoflow_runtime.engine.in_memory_backfills import InMemoryBackfills
from leoflow_runtime.engine.rows import (
    DagRow,
    LaunchReport,
    LaunchRow,
    RunRow,
    TaskRow,
    VersionRow,
    changed_task,
)
from leoflow_runtime.engine.store import (
    Change,
    Lease,
    LeaseLost,
    MapLength,
    NewRun,
    NewTask,
    RunExists,
    TaskChange,
    Tx,
)

T = TypeVar("T")

_TABLES = (
    *("dags", "versions", "runs", "tasks", "launches", "xcoms", "rendered", "tries", "unseen", "map_lengths"),
    *("inbox", "lease", "pools", "sequences", "backfills", "backfill_runs"),
    *("assets", "asset_references", "asset_events", "alias_assets", "queued_assets", "consumed_events"),
    "missed_deadlines",
    *("dag_versions", "dag_runs", "run_tasks"),  # indexes: a parent's key to its children's
    *("run_ids", "run_dates", "active", "unfinished"),  # indexes: see `InMemoryTx._index_run`
)
_ABSENT = object()
_ACTIVE = (RunState.QUEUED, RunState.RUNNING)
_TASK_FIELDS = frozenset(TaskRow.__dataclass_fields__)
_RUN_FIELDS = frozenset(RunRow.__dataclass_fields__)
_LAUNCH_FIELDS = frozenset(LaunchRow.__dataclass_fields__)
_FAR = datetime(1, 1, 1, tzinfo=UTC)


class InMemoryStore:
    """`clock`: what the database's clock would say. `failing_commits`: how many next commits fail."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.tables: dict[str, dict[Any, Any]] = {name: {} for name in _TABLES}
        self.tables["pools"][1, "default_pool"] = 128
        # The logical dates of a DAG's runs in order; they only grow, and one may have no run (any more).
        self.dates: dict[int, list[datetime]] = {}
        self.changed: Callable[[], None] | None = None  # called after a commit left inbox rows
        self.failing_commits = 0
        self.commits = 0

    async def write(self, body: Callable[[Tx], T], *, lease: Lease | None = None) -> T:
        await asyncio.sleep(0)
        return self.write_now(body, lease=lease)

    def write_now(self, body: Callable[[Tx], T], *, lease: Lease | None = None) -> T:
        """The same without an event loop."""
        tx = InMemoryTx(self, planner=lease is not None)
        try:
            if lease is not None:
                tx.hold_lease(lease)
            result = body(tx)
            if self.failing_commits:
                self.failing_commits -= 1
                raise OSError("the disk is full")
        except BaseException:
            tx.undo_to(0)
            raise
        self.commits += 1
        if tx.left_inbox_rows and self.changed is not None:
            self.changed()
        return result

    async def read(self, body: Callable[[Tx], T]) -> T:
        await asyncio.sleep(0)
        return self.read_now(body)

    def read_now(self, body: Callable[[Tx], T]) -> T:
        """The same without an event loop."""
        return body(InMemoryTx(self, planner=False, read_only=True))

    async def acquire_lease(self, owner: str, ttl: timedelta) -> Lease | None:
        await asyncio.sleep(0)
        held: Lease | None = self.tables["lease"].get("planner")
        now = self.clock()
        if held is not None and held.owner != owner and held.expires_at > now:
            return None
        epoch = held.epoch + (held.owner != owner) if held else 1
        lease = Lease(owner=owner, epoch=epoch, expires_at=now + ttl)
        self.tables["lease"]["planner"] = lease
        return lease

    async def release_lease(self, lease: Lease) -> None:
        await asyncio.sleep(0)
        held = self.tables["lease"].get("planner")
        if held is not None and (held.owner, held.epoch) == (lease.owner, lease.epoch):
            self.tables["lease"]["planner"] = replace(held, expires_at=self.clock())


class InMemoryTx(InMemoryAssets, InMemoryBackfills):
    """One transaction. It implements every operation of `Tx`."""

    def __init__(self, store: InMemoryStore, *, planner: bool, read_only: bool = False) -> None:
        self._tables = store.tables
        self._dates = store.dates
        self._now = store.clock()
        self._planner = planner
        self._read_only = read_only
        self._journal: list[tuple[dict[Any, Any], Any, Any]] = []
        self._announced: list[Change] = []
        self.left_inbox_rows = False

    @property
    def now(self) -> datetime:
        return self._now

    # The journal

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        mark, changes = len(self._journal), len(self._announced)
        try:
            yield
        except BaseException:
            self.undo_to(mark)
            del self._announced[changes:]
            raise

    def undo_to(self, mark: int) -> None:
        while len(self._journal) > mark:
            table, key, before = self._journal.pop()
            if before is _ABSENT:
                table.pop(key, None)
            else:
                table[key] = before

    def _put(self, name: str, key: Any, value: Any) -> None:
        if self._read_only:
            raise PermissionError("this transaction only reads")
        table = self._tables[name]
        self._journal.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def _drop(self, name: str, key: Any) -> None:
        if self._read_only:
            raise PermissionError("this transaction only reads")
        table = self._tables[name]
        self._journal.append((table, key, table.get(key, _ABSENT)))
        table.pop(key, None)

    def _next(self, name: str) -> int:
        # Numbers are never given twice, not even after a rollback.
        sequences = self._tables["sequences"]
        sequences[name] = sequences.get(name, 0) + 1
        return int(sequences[name])

    # Lease and inbox

    def hold_lease(self, lease: Lease) -> None:
        held = self._tables["lease"].get("planner")
        if held is None or (held.owner, held.epoch) != (lease.owner, lease.epoch):
            raise LeaseLost

    def announce(self, change: Change) -> None:
        if self._planner:
            self._announced.append(change)
            return
        seq = self._next("inbox")
        self._put("inbox", seq, replace(change, seq=seq, task=None))
        self.left_inbox_rows = True

    def take_announced(self) -> list[Change]:
        taken, self._announced = self._announced, []
        return taken

    def take_inbox(self, limit: int) -> list[Change]:
        rows = sorted(self._tables["inbox"])[:limit]
        taken = [self._tables["inbox"][seq] for seq in rows]
        for seq in rows:
            self._drop("inbox", seq)
        return taken

    # DAGs and versions

    def find_dag(self, dag_id: str, tenant_id: int = 1) -> DagRow | None:
        for dag in self._tables["dags"].values():
            if (dag.tenant_id, dag.dag_id) == (tenant_id, dag_id):
                return dag  # type: ignore[no-any-return]
        return None

    def dag(self, pk: int) -> DagRow | None:
        return self._tables["dags"].get(pk)

    def scheduled_dags(self) -> list[DagRow]:
        due = [
            dag
            for dag in self._tables["dags"].values()
            if dag.next_run_after is not None and not dag.is_paused
        ]
        return sorted(due, key=lambda dag: (dag.next_run_after, dag.pk))

    def update_dag(self, pk: int, values: Mapping[str, Any]) -> None:
        self._put("dags", pk, replace(self._tables["dags"][pk], **values))

    def delete_dag(self, pk: int) -> bool:
        if pk not in self._tables["dags"]:
            return False
        for run_pk in list(self._tables["dag_runs"].get(pk, ())):
            self.delete_run(run_pk)
        for version_pk in self._tables["dag_versions"].get(pk, ()):
            self._drop("versions", version_pk)
        self._drop("dag_runs", pk)
        self._drop("dag_versions", pk)
        self._drop("dags", pk)
        return True

    def register(
        self, document: Mapping[str, Any], *, tenant_id: int, created_by: str, meta: Mapping[str, Any]
    ) -> tuple[DagRow, VersionRow, bool]:
        dag = self.find_dag(document["dag_id"], tenant_id)
        if dag is None:
            pk = self._next("dags")
            dag = DagRow(
                pk=pk, tenant_id=tenant_id, dag_id=document["dag_id"], is_paused=False, version_pk=None
            )
            self._put("dags", pk, dag)
        wanted = canonical_bytes(document)
        known = self._tables["dag_versions"].get(dag.pk, ())
        version = next(
            (
                self._tables["versions"][pk]
                for pk in known
                if canonical_bytes(self._tables["versions"][pk].spec.document) == wanted
            ),
            None,
        )
        created = version is None
        if version is None:
            version = VersionRow(
                pk=self._next("versions"),
                dag_pk=dag.pk,
                number=len(known) + 1,
                content_digest=content_digest(document),
                spec=DagSpec.from_document(document),
            )
            self._put("versions", version.pk, version)
            self._put("dag_versions", dag.pk, (*known, version.pk))
        self.update_dag(dag.pk, {"version_pk": version.pk})
        return self._tables["dags"][dag.pk], version, created

    def version(self, pk: int) -> VersionRow:
        return self._tables["versions"][pk]  # type: ignore[no-any-return]

    # Runs

    def run(self, pk: int) -> RunRow | None:
        return self._tables["runs"].get(pk)

    def _runs_of(self, dag_pk: int) -> list[RunRow]:
        return [self._tables["runs"][pk] for pk in self._tables["dag_runs"].get(dag_pk, ())]

    def find_run(self, dag_pk: int, run_id: str) -> RunRow | None:
        pk = self._tables["run_ids"].get((dag_pk, run_id))
        return None if pk is None else self._tables["runs"][pk]

    def active_runs(self, dag_pk: int | None = None) -> list[RunRow]:
        active = (self._tables["runs"][pk] for pk in self._tables["active"])
        chosen = (run for run in active if dag_pk is None or run.dag_pk == dag_pk)
        return sorted(chosen, key=lambda run: (run.run_after, run.pk))

    def runs_between(
        self, dag_pk: int, *, earliest: datetime | None = None, latest: datetime | None = None
    ) -> list[RunRow]:
        chosen = [
            run
            for run in self._runs_of(dag_pk)
            if run.logical_date is not None
            and (earliest is None or run.logical_date >= earliest)
            and (latest is None or run.logical_date <= latest)
        ]
        return sorted(chosen, key=lambda run: run.logical_date or _FAR)

    def previous_run(
        self, run: RunRow, *, states: Collection[RunState] | None = None, run_type: RunType | None = None
    ) -> RunRow | None:
        if run.logical_date is None:
            return None
        dates = self._dates.get(run.dag_pk, [])
        for position in range(bisect_left(dates, run.logical_date) - 1, -1, -1):
            pk = self._tables["run_dates"].get((run.dag_pk, dates[position]))
            if pk is None:
                continue
            other: RunRow = self._tables["runs"][pk]
            if (states is None or other.state in states) and (run_type is None or other.run_type is run_type):
                return other
        return None

    def recent_runs(self, dag_pk: int, limit: int) -> list[RunRow]:
        newest = sorted(self._runs_of(dag_pk), key=lambda run: (run.run_after, run.pk), reverse=True)
        return newest[:limit]

    def latest_run(self, dag_pk: int, run_type: RunType) -> RunRow | None:
        runs = [run for run in self._runs_of(dag_pk) if run.run_type is run_type]
        return max(runs, key=lambda run: (run.run_after, run.pk), default=None)

    def insert_run(self, new: NewRun) -> RunRow:
        taken = self._tables["run_ids"].get((new.dag.pk, new.run_id))
        if taken is None and new.logical_date is not None:
            taken = self._tables["run_dates"].get((new.dag.pk, new.logical_date))
        if taken is not None:
            raise RunExists(self._tables["runs"][taken])
        fields = {name: getattr(new, name) for name in NewRun.__dataclass_fields__ if name != "dag"}
        run = RunRow(
            pk=self._next("runs"),
            tenant_id=new.dag.tenant_id,
            dag_pk=new.dag.pk,
            state=RunState.QUEUED,
            queued_at=self._now,
            **fields,
        )
        self._put("runs", run.pk, run)
        self._index_run(run)
        return run

    def _index_run(self, run: RunRow) -> None:
        """`dag_runs` holds a dictionary for each DAG, so that one more run does not copy all others."""
        of_dag = self._tables["dag_runs"].setdefault(run.dag_pk, {})
        self._journal.append((of_dag, run.pk, _ABSENT))
        of_dag[run.pk] = None
        self._put("run_ids", (run.dag_pk, run.run_id), run.pk)
        if run.logical_date is not None:
            self._put("run_dates", (run.dag_pk, run.logical_date), run.pk)
            dates = self._dates.setdefault(run.dag_pk, [])
            position = bisect_left(dates, run.logical_date)
            if position == len(dates) or dates[position] != run.logical_date:
                dates.insert(position, run.logical_date)
        self._put("active", run.pk, None)

    def update_run(
        self,
        pk: int,
        expect: Collection[RunState],
        values: Mapping[str, Any],
        *,
        expect_clear_number: int | None = None,
    ) -> bool:
        run = self._tables["runs"].get(pk)
        if run is None or run.state not in expect:
            return False
        if expect_clear_number is not None and run.clear_number != expect_clear_number:
            return False
        changed = replace(run, **_only(values, _RUN_FIELDS))
        self._put("runs", pk, changed)
        if changed.state in _ACTIVE:
            self._put("active", pk, None)
        else:
            self._drop("active", pk)
        return True

    def delete_run(self, pk: int) -> bool:
        run = self._tables["runs"].get(pk)
        if run is None:
            return False
        self._drop_tasks(set(self._tables["run_tasks"].get(pk, ())))
        self._drop("run_tasks", pk)
        of_dag = self._tables["dag_runs"][run.dag_pk]
        self._journal.append((of_dag, pk, of_dag.pop(pk)))
        self._drop("run_ids", (run.dag_pk, run.run_id))
        if run.logical_date is not None:
            self._drop("run_dates", (run.dag_pk, run.logical_date))
        self._drop("active", pk)
        self._drop("runs", pk)
        return True

    def _drop_tasks(self, tasks: set[int]) -> None:
        for task_pk in tasks:
            self._drop("tasks", task_pk)
        for name, column in (("launches", "task_pk"), ("xcoms", None), ("tries", None)):
            for key in list(self._tables[name]):
                owner = key[0] if column is None else getattr(self._tables[name][key], column)
                if owner in tasks:
                    self._drop(name, key)
                    if name == "launches":
                        self._drop("unfinished", key)

    # Task instances

    def delete_task(self, pk: int) -> bool:
        row = self._tables["tasks"].get(pk)
        if row is None:
            return False
        self._drop_tasks({pk})
        others = tuple(other for other in self._tables["run_tasks"][row.run_pk] if other != pk)
        self._put("run_tasks", row.run_pk, others)
        return True

    def task(self, pk: int) -> TaskRow | None:
        return self._tables["tasks"].get(pk)

    def tasks(self, run_pk: int) -> list[TaskRow]:
        return [self._tables["tasks"][pk] for pk in self._tables["run_tasks"].get(run_pk, ())]

    def tasks_in(self, states: Collection[TaskState]) -> list[TaskRow]:
        return [row for row in self._tables["tasks"].values() if row.state in states]

    def instance(self, run_pk: int, task_id: str, map_index: int) -> TaskRow | None:
        named = (row for row in self.tasks(run_pk) if (row.task_id, row.map_index) == (task_id, map_index))
        return next(named, None)

    def insert_tasks(self, run_pk: int, tasks: Sequence[NewTask]) -> list[TaskRow]:
        rows = [
            TaskRow(
                pk=self._next("tasks"),
                run_pk=run_pk,
                task_id=new.task_id,
                map_index=new.map_index,
                max_tries=new.max_tries,
            )
            for new in tasks
        ]
        for row in rows:
            self._put("tasks", row.pk, row)
        known = self._tables["run_tasks"].get(run_pk, ())
        self._put("run_tasks", run_pk, (*known, *(row.pk for row in rows)))
        return rows

    def insert_instances(self, run_pk: int, like: NewTask, map_indexes: range) -> list[TaskRow]:
        return self.insert_tasks(run_pk, [replace(like, map_index=index) for index in map_indexes])

    def update_tasks(self, changes: Sequence[TaskChange]) -> list[bool]:
        return [self._update_task(change) for change in changes]

    def _update_task(self, change: TaskChange) -> bool:
        row: TaskRow | None = self._tables["tasks"].get(change.pk)
        if row is None:
            return False
        if change.expect_states is not None and row.state not in change.expect_states:
            return False
        if change.expect_launch is not None and row.launch_id != change.expect_launch:
            return False
        seen = _only(change.values, _TASK_FIELDS)
        self._put("tasks", row.pk, changed_task(row, seen))
        if len(seen) < len(change.values):
            unseen = {name: value for name, value in change.values.items() if name not in _TASK_FIELDS}
            self._put("unseen", row.pk, {**self._tables["unseen"].get(row.pk, {}), **unseen})
        return True

    def archive_try(self, task_pk: int) -> None:
        row = self._tables["tasks"][task_pk]
        self._put("tries", (task_pk, row.try_number), row)

    # Launches

    def open_launches(self, tasks: Sequence[TaskRow]) -> list[LaunchRow]:
        opened = [
            LaunchRow(
                launch_id=self._next("launches"),
                task_pk=task.pk,
                run_pk=task.run_pk,
                try_number=task.try_number,
                created_at=self._now,
            )
            for task in tasks
        ]
        for launch in opened:
            self._put("launches", launch.launch_id, launch)
            self._put("unfinished", launch.launch_id, None)
        return opened

    def note_missed_deadline(self, run_pk: int, position: int, when: datetime) -> bool:
        if (run_pk, position) in self._tables["missed_deadlines"]:
            return False
        self._put("missed_deadlines", (run_pk, position), when)
        return True

    def open_callback(self, task: TaskRow, callback: str, reason: str) -> LaunchRow:
        launch = LaunchRow(
            launch_id=self._next("launches"),
            task_pk=task.pk,
            run_pk=task.run_pk,
            try_number=max(task.try_number, 1),
            created_at=self._now,
            callback=callback,
            callback_reason=reason,
        )
        self._put("launches", launch.launch_id, launch)
        self._put("unfinished", launch.launch_id, None)
        return launch

    def launch(self, launch_id: int) -> LaunchRow | None:
        return self._tables["launches"].get(launch_id)

    def task_of_launch(self, launch_id: int) -> TaskRow | None:
        launch = self._tables["launches"].get(launch_id)
        return None if launch is None else self._tables["tasks"].get(launch.task_pk)

    def update_launch(self, launch_id: int, values: Mapping[str, Any]) -> bool:
        launch = self._tables["launches"].get(launch_id)
        if launch is None or launch.finished_at is not None:
            return False
        self._put("launches", launch_id, replace(launch, **_only(values, _LAUNCH_FIELDS)))
        return True

    def finish_launch(self, report: LaunchReport) -> bool:
        launch = self._tables["launches"].get(report.launch_id)
        if launch is None or launch.finished_at is not None:
            return False
        ended = replace(launch, finished_at=report.finished_at or self._now, outcome=report.outcome)
        self._put("launches", report.launch_id, ended)
        self._drop("unfinished", report.launch_id)
        for key, value in report.xcoms.items():
            self._put("xcoms", (launch.task_pk, key), value)
        if RETURN_VALUE in report.xcoms:
            self._put("map_lengths", launch.task_pk, report.map_length)
        if report.rendered_fields is not None:
            self._put("rendered", launch.task_pk, report.rendered_fields)
        return True

    def open_launch_ids(self) -> list[int]:
        return [
            launch.launch_id
            for launch in self.unfinished_launches()
            if (task := self.task(launch.task_pk)) is not None and task.launch_id == launch.launch_id
        ]

    def unfinished_launches(self) -> list[LaunchRow]:
        return [self._tables["launches"][pk] for pk in self._tables["unfinished"]]

    def silent_launches(self, since: datetime) -> list[LaunchRow]:
        return [
            launch
            for launch in self.unfinished_launches()
            if launch.opened_at is not None and (launch.heartbeat_at or launch.opened_at) <= since
        ]

    # Pools and XComs

    def pool_slots(self) -> Mapping[tuple[int, str], int]:
        return dict(self._tables["pools"])

    def map_lengths(self, run_pk: int, task_ids: Collection[str]) -> Mapping[str, MapLength]:
        found: dict[str, MapLength] = {}
        for row in self.tasks(run_pk):
            if row.task_id in task_ids and (row.pk, RETURN_VALUE) in self._tables["xcoms"]:
                known = found.get(row.task_id, MapLength(length=None, instances=0))
                if row.map_index < 0:
                    known = replace(known, length=self._tables["map_lengths"].get(row.pk))
                else:
                    known = replace(known, instances=known.instances + 1)
                found[row.task_id] = known
        return found

    def purge_xcoms(self, task_pks: Sequence[int]) -> None:
        chosen = set(task_pks)
        for key in [key for key in self._tables["xcoms"] if key[0] in chosen]:
            self._drop("xcoms", key)


def _only(values: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}
