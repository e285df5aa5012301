"""Request bodies, in Airflow's words. Unknown fields are refused, as Airflow refuses them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.engine.backfill_rows import ReprocessBehavior


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_aware)]
Id = Annotated[str, Field(min_length=1, max_length=250, pattern=r"^[\w.-]+$")]


def _json_object(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        raise ValueError("The `extra` field must be a valid JSON object") from None
    if not isinstance(value, dict):
        raise ValueError("The `extra` field must be a valid JSON object")
    return text


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class DagPatch(Body):
    is_paused: bool


class Trigger(Body):
    dag_run_id: str | None = None
    data_interval_start: Moment | None = None
    data_interval_end: Moment | None = None
    logical_date: Moment | None = None
    run_after: Moment | None = None
    conf: dict[str, Any] | None = None
    note: Annotated[str, Field(max_length=1000)] | None = None
    partition_key: str | None = None


class RunPatch(Body):
    state: Literal["queued", "success", "failed"] | None = None
    note: Annotated[str, Field(max_length=1000)] | None = None


class RunClear(Body):
    dry_run: bool = True
    only_failed: bool = False
    only_new: bool = False
    run_on_latest_version: bool = False


class TasksClear(Body):
    dry_run: bool = True
    start_date: Moment | None = None
    end_date: Moment | None = None
    only_failed: bool = True
    only_running: bool = False
    reset_dag_runs: bool = True
    task_ids: list[str | tuple[str, int]] | None = None
    dag_run_id: str | None = None
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False
    run_on_latest_version: bool = False
    prevent_running_task: bool = False


class TaskPatch(Body):
    new_state: TaskState | None = None
    note: Annotated[str, Field(max_length=1000)] | None = None
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False


class BulkTask(TaskPatch):
    """One task instance of a bulk change; DAG and run may come from the path."""

    task_id: str
    map_index: int | None = None
    dag_id: str | None = None
    dag_run_id: str | None = None


class AssetEventCreate(Body):
    asset_id: int
    partition_key: str | None = None
    extra: dict[str, Any] = Field(default_factory=dict)


class BackfillPost(Body):
    dag_id: str
    from_date: Moment
    to_date: Moment
    run_backwards: bool = False
    dag_run_conf: dict[str, Any] | None = None
    reprocess_behavior: ReprocessBehavior = ReprocessBehavior.NONE
    max_active_runs: Annotated[int, Field(ge=1)] = 10
    run_on_latest_version: bool = True


class XComCreate(Body):
    key: Annotated[str, Field(min_length=1, max_length=512)]
    value: Any
    map_index: int = -1


class XComUpdate(Body):
    value: Any
    map_index: int = -1


class Variable(Body):
    key: Annotated[str, Field(min_length=1, max_length=250)]
    value: Any = None
    description: str | None = None
    team_name: str | None = None


class ConnectionBody(Body):
    connection_id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\w.-]+$")]
    conn_type: Annotated[str, Field(min_length=1, max_length=500)]
    description: str | None = None
    host: str | None = None
    login: str | None = None
    schema_: str | None = Field(default=None, alias="schema")
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    password: str | None = None
    extra: Annotated[str, AfterValidator(lambda text: text and _json_object(text))] | None = None
    team_name: str | None = None


class Pool(Body):
    name: Annotated[str, Field(min_length=1, max_length=256)]
    slots: Annotated[int, Field(ge=-1)]
    description: str | None = None
    include_deferred: bool = False
    team_name: str | None = None


class PoolPatch(Body):
    pool: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    slots: Annotated[int, Field(ge=-1)] | None = None
    description: str | None = None
    include_deferred: bool | None = None
    team_name: str | None = None


class BulkAction(Body):
    action: Literal["create", "update", "delete"]
    entities: list[Any]
    action_on_existence: Literal["fail", "skip", "overwrite"] = "fail"
    action_on_non_existence: Literal["fail", "skip"] = "fail"
    update_mask: list[str] | None = None


class Bulk(Body):
    actions: list[BulkAction]


class RunsBatch(BaseModel):
    """Filters and page of `POST …/dagRuns/list`; the rest are ranges by their usual names."""

    model_config = ConfigDict(extra="allow")
    order_by: str | None = None
    page_offset: Annotated[int, Field(ge=0)] = 0
    page_limit: Annotated[int, Field(ge=0)] = 100
    dag_ids: list[str] | None = None


class TasksBatch(RunsBatch):
    dag_run_ids: list[str] | None = None
    task_ids: list[str] | None = None


class GenerateToken(Body):
    token_type: Literal["api", "cli"] = "api"  # noqa: S105


class Login(Body):
    username: str
    password: str


class RollBack(Body):
    to: Annotated[str, Field(max_length=100)] | None = None  # a version's number, or @ and a digest


class Follow(Body):
    reference: Annotated[str, Field(min_length=1, max_length=600)]
