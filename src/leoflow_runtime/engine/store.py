"""The engine's view of a store: a transaction with named operations, and three ways in.

Two implementations pass the same conformance suite (`tests/store/conformance.py`): the in-memory form
beside this file and SQL in `leoflow_server.store`.

Every write is guarded: it says which state or launch it expects and returns whether that held. Nothing
is acknowledged to anyone before `write` has returned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.domain.states import RunState, RunType, TaskState
from leoflow_runtime.engine.asset_rows import AssetTx
from leoflow_runtime.engine.backfill_rows import BackfillTx
from leoflow_runtime.engine.rows import DagRow, LaunchReport, LaunchRow, RunRow, TaskRow, VersionRow
from leoflow_runtime.executors.protocol import Place

T = TypeVar("T")


class LeaseLost(Exception):
    """Another planner holds a newer epoch: this transaction is rolled back and nothing is written."""


class RunExists(Exception):
    """A run of this DAG has the same run_id or logical_date."""

    def __init__(self, existing: RunRow) -> None:
        self.existing = existing
        super().__init__(f"run {existing.run_id!r} exists")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What happened, as the planner is told: the inbox row. It names the thing; the row holds the facts."""

    kind: str  # "task", "run", "dag", "callback" (a launch), "config" (pk 0), "fail_fast:N" (a run)
    pk: int
    seq: int = 0  # of its inbox row; 0: announced inside the planner's own transaction
    # "task" only: the row as just written, which saves reading it again. It never reaches the inbox.
    task: TaskRow | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    owner: str
    epoch: int
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRun:
    dag: DagRow
    version_pk: int
    run_id: str
    run_type: RunType
    run_after: datetime
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    conf: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    triggered_by: str = "rest_api"
    triggering_user: str | None = None
    backfill_pk: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTask:
    task_id: str
    map_index: int = -1
    max_tries: int = 0
    operator: str = ""  # what the UI shows: "@task", "BashOperator"
    pool: str = "default_pool"
    pool_slots: int = 1
    queue: str = "default"
    priority_weight: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class MapLength:
    """What is known of a task's return values in one run, when others are mapped over them."""

    length: int | None  # of the value that the task left without a map index
    instances: int  # how many of its mapped instances left a value


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskChange:
    """One guarded update of a task instance: applied only where every given expectation holds."""

    pk: int
    expect_states: Collection[TaskState | None] | None = None
    expect_launch: int | None = None
    values: Mapping[str, Any]  # TaskRow field -> new value (also "note", "hostname", "pid", "duration")


class Tx(AssetTx, BackfillTx, Protocol):
    """One transaction. Not to be kept after it ends."""

    @property
    def now(self) -> datetime: ...

    def savepoint(self) -> AbstractContextManager[None]:
        """An exception that leaves the block undoes what was written in it, and only that."""

    # Lease and inbox
    def hold_lease(self, lease: Lease) -> None:
        """Raises LeaseLost unless `lease` is the current one."""

    def announce(self, change: Change) -> None:
        """Tells the planner. Outside its own transactions: an inbox row, committed with the fact."""

    def leave(self, change: Change) -> None:
        """An inbox row, also in the planner's own transaction: for a later one, perhaps another planner's."""

    def take_announced(self) -> list[Change]:
        """Removes and returns what was announced in this transaction: the planner's own, that is."""

    def take_inbox(self, limit: int) -> list[Change]:
        """Removes and returns the oldest inbox rows, in sequence."""

    # DAGs and versions
    def find_dag(self, dag_id: str, tenant_id: int = 1) -> DagRow | None: ...
    def dag(self, pk: int) -> DagRow | None: ...
    def scheduled_dags(self) -> list[DagRow]:
        """Every unpaused DAG that has `next_run_after`, soonest first."""

    def update_dag(self, pk: int, values: Mapping[str, Any]) -> None: ...
    def delete_dag(self, pk: int) -> bool:
        """With its versions, runs and everything below them."""

    def register(
        self, document: Mapping[str, Any], *, tenant_id: int, created_by: str, meta: Mapping[str, Any]
    ) -> tuple[DagRow, VersionRow, bool]:
        """Stores a checked document as a version (or finds it by digest) and makes it current.

        `meta`: bundle_name, relative_fileloc, code_path and the like. The last value says whether
        the version is new. A re-registered older version becomes current again.
        """

    def version(self, pk: int) -> VersionRow: ...

    # Runs
    def run(self, pk: int) -> RunRow | None: ...
    def find_run(self, dag_pk: int, run_id: str) -> RunRow | None: ...
    def active_runs(self, dag_pk: int | None = None) -> list[RunRow]:
        """Queued and running, oldest `run_after` first."""

    def runs_between(
        self, dag_pk: int, *, earliest: datetime | None = None, latest: datetime | None = None
    ) -> list[RunRow]:
        """Runs of any state with a logical date in the closed range, oldest first."""

    def previous_run(
        self, run: RunRow, *, states: Collection[RunState] | None = None, run_type: RunType | None = None
    ) -> RunRow | None:
        """The run of the same DAG with the latest earlier logical date; None for a run without one."""

    def recent_runs(self, dag_pk: int, limit: int) -> list[RunRow]:
        """Of any state, the latest `run_after` first."""

    def latest_run(self, dag_pk: int, run_type: RunType) -> RunRow | None:
        """The one with the latest `run_after`."""

    def insert_run(self, new: NewRun) -> RunRow:
        """Raises RunExists."""

    def update_run(
        self,
        pk: int,
        expect: Collection[RunState],
        values: Mapping[str, Any],
        *,
        expect_clear_number: int | None = None,
    ) -> bool:
        """False, and nothing done, where the run is in none of the states, or was cleared since."""

    def delete_run(self, pk: int) -> bool: ...

    # Task instances
    def task(self, pk: int) -> TaskRow | None: ...
    def tasks(self, run_pk: int) -> list[TaskRow]: ...
    def instance(self, run_pk: int, task_id: str, map_index: int) -> TaskRow | None:
        """One task instance, by what names it."""

    def tasks_in(self, states: Collection[TaskState]) -> list[TaskRow]:
        """Of all runs and DAGs: those in one of these states, which are to be states of few."""

    def insert_tasks(self, run_pk: int, tasks: Sequence[NewTask]) -> list[TaskRow]: ...
    def insert_instances(self, run_pk: int, like: NewTask, map_indexes: range) -> list[TaskRow]:
        """One task's further instances, in order. At a cost that does not depend on the rest of the run."""

    def delete_task(self, pk: int) -> bool:
        """With its tries, launches and XComs. A run needs a row for every task of its version."""

    def update_tasks(self, changes: Sequence[TaskChange]) -> list[bool]: ...
    def archive_try(self, task_pk: int) -> None:
        """Copies the row as it stands into the history of tries (before a retry or a clear overwrites it).

        A copy of the same try that is there already is replaced.
        """

    # Launches
    def open_launches(self, tasks: Sequence[TaskRow], places: Sequence[Place | None] = ()) -> list[LaunchRow]:
        """Inserts a launch for each, with the row's `try_number`; ids only rise. `places`: for each task.

        It becomes the current one when the caller writes `launch_id` in the same guarded update that
        writes the task's state.
        """

    def note_missed_deadline(self, run_pk: int, position: int, when: datetime) -> bool:
        """False, and nothing done, where it is noted already."""

    def set_deadline(self, run_pk: int, position: int, when: datetime) -> None:
        """A deadline of a new run that no date of the run gives."""

    def deadlines(self, run_pk: int) -> Mapping[int, datetime]:
        """Those that were set, by position."""

    def open_callback(self, task: TaskRow, callback: str, reason: str) -> LaunchRow:
        """Inserts a launch that tells a callback of the DAG; it is never the current one of `task`.

        `task`: the one that the callback is told of, and in whose log its words are.
        """

    def launch(self, launch_id: int) -> LaunchRow | None: ...
    def expect_launches(self, launch_ids: Collection[int]) -> None:
        """Their tasks will be asked for, one by one: a store may look for all of them at once."""

    def task_of_launch(self, launch_id: int) -> TaskRow | None: ...
    def update_launch(self, launch_id: int, values: Mapping[str, Any]) -> bool:
        """False where the launch is unknown or already finished."""

    def finish_launch(self, report: LaunchReport) -> bool:
        """Closes the launch and stores its XComs and rendered fields. False: it was closed before."""

    def open_launch_ids(self) -> list[int]:
        """Every launch that is current and unfinished."""

    def unfinished_launches(self) -> list[LaunchRow]:
        """Every launch without an end, current or not."""

    def silent_launches(self, since: datetime) -> list[LaunchRow]:
        """Unfinished, opened, and without a heartbeat (or an opening) later than `since`."""

    # Pools
    def pool_slots(self) -> Mapping[tuple[int, str], int]:
        """(tenant_id, pool) -> slots of every pool; -1: unlimited."""

    # XComs
    def purge_xcoms(self, task_pks: Sequence[int]) -> None: ...
    def map_lengths(self, run_pk: int, task_ids: Collection[str]) -> Mapping[str, MapLength]:
        """Of those of these tasks that left a return value in the run. Values are not looked at."""


class Store(Protocol):
    """Where the record is. `write` runs its function on the writer, whole or not at all."""

    async def write(self, body: Callable[[Tx], T], *, lease: Lease | None = None) -> T:
        """With `lease`: the planner's own transaction (held first; `announce` does not reach the inbox)."""

    async def read(self, body: Callable[[Tx], T]) -> T:
        """A consistent snapshot; writes are refused."""

    async def acquire_lease(self, owner: str, ttl: timedelta) -> Lease | None:
        """Takes or renews the planner's lease; None while another owner's is unexpired."""

    async def release_lease(self, lease: Lease) -> None:
        """Gives the lease up, so that another need not wait for its end. Nothing where it is not held."""


__all__ = [
    "Change",
    "DagRow",
    "DagSpec",
    "LaunchReport",
    "LaunchRow",
    "Lease",
    "LeaseLost",
    "MapLength",
    "NewRun",
    "NewTask",
    "RunExists",
    "RunRow",
    "Store",
    "TaskChange",
    "TaskRow",
    "Tx",
    "VersionRow",
]
