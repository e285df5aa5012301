"""What the engine reads from a store: one frozen record per table row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.domain.states import Outcome, RunState, RunType, TaskState


@dataclass(frozen=True, kw_only=True, slots=True)
class DagRow:
    pk: int
    tenant_id: int
    dag_id: str
    is_paused: bool
    version_pk: int | None  # the current version; None: nothing registered yet or deregistered
    next_run_after: datetime | None = None  # when the next scheduled run is due
    next_logical_date: datetime | None = None
    next_interval_start: datetime | None = None
    next_interval_end: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionRow:
    pk: int
    dag_pk: int
    number: int  # 1, 2, … per DAG
    content_digest: str
    spec: DagSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRow:
    pk: int
    tenant_id: int
    dag_pk: int
    version_pk: int
    run_id: str
    run_type: RunType
    state: RunState
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    run_after: datetime
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    conf: Mapping[str, Any] = field(default_factory=dict)
    clear_number: int = 0
    note: str | None = None
    triggered_by: str = "rest_api"
    triggering_user: str | None = None
    backfill_pk: int | None = None  # the backfill that made it, or took it over


class TaskRow(NamedTuple):
    """A tuple, other than its neighbours: of these some are made for every end of a task."""

    pk: int
    run_pk: int
    task_id: str
    map_index: int = -1
    state: TaskState | None = None
    try_number: int = 0  # of the current or last try; 0: never tried
    max_tries: int = 0  # Airflow's meaning: retries allowed in all (raised by clear)
    infra_failures: int = 0  # lost launches of the current try; they do not use up tries
    launch_id: int | None = None  # the current launch: any other is stale
    scheduled_at: datetime | None = None
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    due_at: datetime | None = None  # when up_for_retry / up_for_reschedule ends
    forced_skip: bool = False  # skipped by a branch or short-circuit, or marked
    map_length: int | None = None  # of instance 0: how many instances there are to be


_place = {name: place for place, name in enumerate(TaskRow._fields)}


def changed_task(row: TaskRow, values: Mapping[str, Any]) -> TaskRow:
    """The row with some fields changed: `_replace`, at a third of its cost."""
    fields: list[Any] = list(row)
    for name, value in values.items():
        fields[_place[name]] = value
    return TaskRow._make(fields)


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchRow:
    """One start of a process. `launch_id` only rises and is never used again."""

    launch_id: int
    task_pk: int
    run_pk: int
    try_number: int
    generation: int = 1  # rises when an agent adopts it: older tokens are void
    host: str | None = None  # which host agent took it
    created_at: datetime
    opened_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    heartbeat_at: datetime | None = None
    # What it tells: `on_failure_callback`, an argument of the DAG, or `task:…`, one of its task's. None: it
    # runs its task.
    callback: str | None = None
    callback_reason: str | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchReport:
    """The one outcome of a launch, with all that it leaves."""

    launch_id: int
    outcome: Outcome
    started_at: datetime | None = None
    finished_at: datetime | None = None
    message: str = ""
    exit_code: int | None = None
    signal: int | None = None
    cpu_seconds: float = 0.0
    max_rss_bytes: int = 0
    xcoms: Mapping[str, bytes] = field(default_factory=dict)  # key -> JSON
    map_length: int | None = None  # how many items the return value has, where one can go through it
    rendered_map_index: str | None = None  # what an instance of a mapped task is called
    reschedule_at: datetime | None = None
    rendered_fields: Mapping[str, Any] | None = None
    skip_task_ids: tuple[str, ...] = ()
    skip_ignores_trigger_rules: bool = False
    # Updates of assets: {"name", "uri", "extra", "alias", "asset_extra"} each; only of a success.
    asset_events: tuple[Mapping[str, Any], ...] = ()
    note: str | None = None
