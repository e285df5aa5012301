"""Every table, in SQLAlchemy Core. Migrations are written by hand and must arrive at exactly this.

Times are microseconds since the epoch in UTC: they order the same on every database, and SQLite has
no time type of its own. JSON is text. Everything people own carries `tenant_id`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect

metadata = MetaData()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Json(TypeDecorator[Any]):
    """A JSON value as compact text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


# SQLite only numbers INTEGER primary keys by itself; PostgreSQL gets BIGINT.
Key = BigInteger().with_variant(Integer(), "sqlite")


def _key() -> Column[int]:
    return Column("pk", Key, primary_key=True, autoincrement=True)


def _parent(target: Table, name: str, *, index: bool = False) -> Column[int]:
    return Column(name, Key, ForeignKey(target.c.pk, ondelete="CASCADE"), nullable=False, index=index)


tenants = Table("tenants", metadata, _key(), Column("name", String(200), nullable=False, unique=True))

users = Table(
    "users",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    Column("username", String(250), nullable=False),
    Column("password_hash", Text),
    Column("role", String(50), nullable=False),  # viewer, user, op, admin
    Column("is_active", Boolean, nullable=False, default=True),
    Column("token_epoch", Integer, nullable=False, default=0),  # raised: every older token is void
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "username"),
)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("jti", String(64), primary_key=True),
    Column("expires_at", Moment, nullable=False, index=True),
)

dags = Table(
    "dags",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    Column("dag_id", String(250), nullable=False),
    Column("version_pk", Key),  # the current one (no foreign key: versions point here)
    Column("is_paused", Boolean, nullable=False, default=False),
    Column("is_stale", Boolean, nullable=False, default=False),  # deregistered: history stays readable
    # What lists filter and sort by, copied from the current version when it becomes current.
    Column("display_name", String(2000), nullable=False),
    Column("description", Text),
    Column("owner", String(2000), nullable=False, default="airflow"),
    Column("tags", Json, nullable=False, default=list),
    Column("schedule", Json),
    Column("timetable_summary", String(500)),
    Column("max_active_runs", Integer, nullable=False, default=16),
    Column("max_active_tasks", Integer, nullable=False, default=16),
    # The next scheduled run; null: none.
    Column("next_run_after", Moment, index=True),
    Column("next_logical_date", Moment),
    Column("next_interval_start", Moment),
    Column("next_interval_end", Moment),
    Column("bundle_name", String(250), nullable=False, default="leoflow"),
    Column("relative_fileloc", String(2000), nullable=False, default="dag.py"),
    Column("registered_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "dag_id"),
    sqlite_autoincrement=True,
)

dag_tags = Table(
    "dag_tags",
    metadata,
    Column("dag_pk", Key, ForeignKey(dags.c.pk, ondelete="CASCADE"), primary_key=True),
    Column("name", String(100), primary_key=True, index=True),
)

dag_versions = Table(
    "dag_versions",
    metadata,
    _key(),
    _parent(dags, "dag_pk"),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("number", Integer, nullable=False),
    Column("label", String(250), nullable=False),
    Column("content_digest", String(71), nullable=False),
    Column("document_digest", String(71), nullable=False),
    Column("document", LargeBinary, nullable=False),  # canonical bytes, image and label included
    Column("image", Text),
    Column("code_path", Text),  # where the bundle is unpacked, on a laptop
    Column("meta", Json, nullable=False, default=dict),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(250), nullable=False),
    UniqueConstraint("dag_pk", "number"),
    UniqueConstraint("dag_pk", "document_digest"),
    sqlite_autoincrement=True,
)

# Every time that a version became the current one, going back included.
deployments = Table(
    "deployments",
    metadata,
    _key(),
    _parent(dags, "dag_pk", index=True),
    _parent(dag_versions, "version_pk"),
    Column("at", Moment, nullable=False),
    Column("by", String(250), nullable=False),
    Column("via", String(20), nullable=False),  # push, reference, channel, rollback, workspace
    Column("reference", Text),  # the artifact, by digest, where it came from a registry
)

# The tag that a DAG follows.
channels = Table(
    "channels",
    metadata,
    _key(),
    Column("dag_pk", Key, ForeignKey(dags.c.pk, ondelete="CASCADE"), nullable=False, unique=True),
    Column("reference", Text, nullable=False),  # registry/repository:tag
    Column("digest", String(71), nullable=False),  # of the artifact that it named when it was last deployed
    Column("moved_at", Moment, nullable=False),
    Column("error", Text),  # why what it names now is not deployed
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(250), nullable=False),
    sqlite_autoincrement=True,  # a look that began before a change must not be taken for one of today's
)

dag_runs = Table(
    "dag_runs",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    _parent(dags, "dag_pk"),
    _parent(dag_versions, "version_pk"),
    Column("run_id", String(250), nullable=False),
    Column("run_type", String(50), nullable=False),
    Column("state", String(50), nullable=False),
    Column("logical_date", Moment),
    Column("data_interval_start", Moment),
    Column("data_interval_end", Moment),
    Column("run_after", Moment, nullable=False),
    Column("queued_at", Moment),
    Column("start_date", Moment),
    Column("end_date", Moment),
    Column("conf", Json, nullable=False, default=dict),
    Column("clear_number", Integer, nullable=False, default=0),
    Column("note", Text),
    Column("triggered_by", String(50), nullable=False),
    Column("triggering_user", String(250)),
    Column("partition_key", String(250)),
    Column("last_decision_at", Moment),
    Column("backfill_pk", Key, index=True),  # the backfill that made it, or took it over
    UniqueConstraint("dag_pk", "run_id"),
    UniqueConstraint("dag_pk", "logical_date"),
    Index("ix_dag_runs_dag_run_after", "dag_pk", "run_after"),
    Index("ix_dag_runs_state", "state"),
    Index("ix_dag_runs_end_date", "end_date"),
    sqlite_autoincrement=True,
)

task_instances = Table(
    "task_instances",
    metadata,
    _key(),
    _parent(dag_runs, "run_pk"),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("task_id", String(250), nullable=False),
    Column("map_index", Integer, nullable=False, default=-1),
    Column("state", String(20)),
    Column("try_number", Integer, nullable=False, default=0),
    Column("max_tries", Integer, nullable=False, default=0),
    Column("infra_failures", Integer, nullable=False, default=0),
    Column("launch_id", Key),  # the current launch
    Column("operator", String(1000), nullable=False, default=""),
    Column("pool", String(256), nullable=False, default="default_pool"),
    Column("pool_slots", Integer, nullable=False, default=1),
    Column("queue", String(256), nullable=False, default="default"),
    Column("priority_weight", Integer, nullable=False, default=1),
    Column("scheduled_at", Moment),
    Column("queued_at", Moment),
    Column("start_date", Moment),
    Column("end_date", Moment),
    Column("due_at", Moment),
    Column("forced_skip", Boolean, nullable=False, default=False),
    Column("hostname", String(1000)),
    Column("pid", Integer),
    Column("note", Text),
    Column("message", Text),  # why it ended so, in one sentence
    Column("rendered_fields", Json),
    Column("map_length", Integer),  # of instance 0: how many instances there are to be
    Column("rendered_map_index", String(250)),  # what the instance is called
    UniqueConstraint("run_pk", "task_id", "map_index"),
    Index("ix_task_instances_state", "state"),
    sqlite_autoincrement=True,
)

# Every try as it ended, copied before the next one overwrites the row above.
task_tries = Table(
    "task_tries",
    metadata,
    _key(),
    _parent(task_instances, "task_pk"),
    Column("try_number", Integer, nullable=False),
    Column("state", String(20)),
    Column("max_tries", Integer, nullable=False),
    Column("launch_id", Key),
    Column("version_pk", Key),
    Column("operator", String(1000), nullable=False, default=""),
    Column("pool", String(256), nullable=False),
    Column("pool_slots", Integer, nullable=False),
    Column("queue", String(256), nullable=False),
    Column("priority_weight", Integer, nullable=False),
    Column("scheduled_at", Moment),
    Column("queued_at", Moment),
    Column("start_date", Moment),
    Column("end_date", Moment),
    Column("hostname", String(1000)),
    Column("pid", Integer),
    Column("note", Text),
    Column("message", Text),
    UniqueConstraint("task_pk", "try_number"),
)

# `pk` is the launch id: AUTOINCREMENT, so that no id is ever used again.
launches = Table(
    "launches",
    metadata,
    _key(),
    _parent(task_instances, "task_pk", index=True),
    Column("run_pk", Key, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("generation", Integer, nullable=False, default=1),
    Column("session_hash", String(64), index=True),  # sha256 of the session that a token was exchanged for
    Column("host", String(250)),
    Column("agent_pid", Integer),  # the agent process that opened it
    Column("created_at", Moment, nullable=False),
    Column("opened_at", Moment),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("heartbeat_at", Moment),
    Column("outcome", String(20)),
    Column("exit_code", Integer),
    Column("signal", Integer),
    Column("cpu_seconds", Float),
    Column("max_rss_bytes", BigInteger),
    Column("message", Text),
    Column("callback", String(50)),  # which callback of the DAG it is for, and why; empty: it is for its task
    Column("callback_reason", String(250)),
    sqlite_autoincrement=True,
)
# What runs now: asked at each start and adoption, so its cost must not grow with history.
Index(
    "ix_launches_open",
    launches.c.pk,
    sqlite_where=launches.c.finished_at.is_(None),
    postgresql_where=launches.c.finished_at.is_(None),
)

xcoms = Table(
    "xcoms",
    metadata,
    _key(),
    _parent(task_instances, "task_pk"),
    Column("key", String(512), nullable=False),
    Column("value", LargeBinary, nullable=False),  # JSON
    Column("launch_id", Key),
    Column("created_at", Moment, nullable=False),
    Column("map_length", Integer),  # how many items a return value has, where one can go through it
    UniqueConstraint("task_pk", "key"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=True),
    Column("kind", String(20), nullable=False),
    Column("ref", Key, nullable=False),
    sqlite_autoincrement=True,
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("owner", String(250), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", String(250), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("attached_at", Moment),
)

variables = Table(
    "variables",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    Column("key", String(250), nullable=False),
    Column("value", LargeBinary, nullable=False),  # encrypted
    Column("description", Text),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "key"),
)

connections = Table(
    "connections",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    Column("conn_id", String(250), nullable=False),
    Column("conn_type", String(500), nullable=False),
    Column("description", Text),
    Column("host", String(500)),
    Column("login", Text),
    Column("schema", String(500)),
    Column("port", Integer),
    Column("password", LargeBinary),  # encrypted
    Column("extra", LargeBinary),  # encrypted
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "conn_id"),
)

pools = Table(
    "pools",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    Column("name", String(256), nullable=False),
    Column("slots", Integer, nullable=False),  # -1: unlimited
    Column("description", Text),
    Column("include_deferred", Boolean, nullable=False, default=False),
    UniqueConstraint("tenant_id", "name"),
)

import_errors = Table(
    "import_errors",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    Column("bundle_name", String(250), nullable=False),
    Column("filename", String(1024), nullable=False),
    Column("dag_id", String(250)),
    Column("stack_trace", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "bundle_name", "filename"),
)

dag_favorites = Table(
    "dag_favorites",
    metadata,
    Column("user_pk", Key, ForeignKey(users.c.pk, ondelete="CASCADE"), primary_key=True),
    Column("dag_pk", Key, ForeignKey(dags.c.pk, ondelete="CASCADE"), primary_key=True),
)

# Airflow's event log: one row per change that a person or the API made.
audit_log = Table(
    "audit_log",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    Column("when", Moment, nullable=False, index=True),
    Column("event", String(100), nullable=False),
    Column("owner", String(250), nullable=False),
    Column("dag_id", String(250), index=True),
    Column("run_id", String(250)),
    Column("task_id", String(250)),
    Column("map_index", Integer),
    Column("try_number", Integer),
    Column("logical_date", Moment),
    Column("extra", Json),
)

# Deadline alerts of runs that were not done in time; `position`: which of the DAG's.
missed_deadlines = Table(
    "missed_deadlines",
    metadata,
    Column("run_pk", Key, ForeignKey(dag_runs.c.pk, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("deadline_at", Moment, nullable=False),
    Column("missed_at", Moment, nullable=False),
)

# A range of a DAG's schedule that is to be run (again).
backfills = Table(
    "backfills",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    _parent(dags, "dag_pk", index=True),
    Column("from_date", Moment, nullable=False),
    Column("to_date", Moment, nullable=False),
    Column("conf", Json),
    Column("is_paused", Boolean, nullable=False, default=False),
    Column("run_backwards", Boolean, nullable=False, default=False),
    Column("reprocess_behavior", String(20), nullable=False),  # none, failed, completed
    Column("run_on_latest_version", Boolean, nullable=False, default=True),
    Column("max_active_runs", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("completed_at", Moment),
    Column("triggering_user", String(250)),
    sqlite_autoincrement=True,
)

# Its runs in their order. Neither run nor reason: its turn has not come.
backfill_runs = Table(
    "backfill_runs",
    metadata,
    _key(),
    _parent(backfills, "backfill_pk"),
    Column("ordinal", Integer, nullable=False),
    Column("logical_date", Moment, nullable=False),
    Column("interval_start", Moment, nullable=False),
    Column("interval_end", Moment, nullable=False),
    Column("run_after", Moment, nullable=False),
    Column("run_pk", Key),
    Column("reason", String(50)),  # why there is no run: in flight, already exists, cancelled
    UniqueConstraint("backfill_pk", "ordinal"),
)

assets = Table(
    "assets",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    Column("name", String(1500), nullable=False),
    Column("uri", String(1500), nullable=False),
    Column("group", String(1500), nullable=False, default="asset"),
    Column("extra", Json, nullable=False, default=dict),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "name", "uri"),
    sqlite_autoincrement=True,
)

asset_aliases = Table(
    "asset_aliases",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    Column("name", String(1500), nullable=False),
    Column("group", String(1500), nullable=False, default="asset"),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "name"),
    sqlite_autoincrement=True,
)

# Which assets have been updated under an alias.
alias_assets = Table(
    "alias_assets",
    metadata,
    Column("alias_pk", Key, ForeignKey(asset_aliases.c.pk, ondelete="CASCADE"), primary_key=True),
    Column("asset_pk", Key, ForeignKey(assets.c.pk, ondelete="CASCADE"), primary_key=True),
)

# What the current version of a DAG says of assets: exactly one of asset, alias, name and URI.
asset_references = Table(
    "asset_references",
    metadata,
    _key(),
    _parent(dags, "dag_pk", index=True),
    Column("kind", String(10), nullable=False),  # schedule, inlet, outlet
    Column("task_id", String(250)),  # null for a schedule
    Column("asset_pk", Key, ForeignKey(assets.c.pk, ondelete="CASCADE"), index=True),
    Column("alias_pk", Key, ForeignKey(asset_aliases.c.pk, ondelete="CASCADE"), index=True),
    Column("name", String(1500), index=True),
    Column("uri", String(1500), index=True),
    Column("created_at", Moment, nullable=False),
)

asset_events = Table(
    "asset_events",
    metadata,
    _key(),
    _parent(tenants, "tenant_id"),
    _parent(assets, "asset_pk"),
    Column("extra", Json, nullable=False, default=dict),
    Column("at", Moment, nullable=False),
    # Names, not keys: an event outlives its run.
    Column("source_dag_id", String(250)),
    Column("source_run_id", String(250)),
    Column("source_task_id", String(250)),
    Column("source_map_index", Integer, nullable=False, default=-1),
    Column("partition_key", String(250)),
    Index("ix_asset_events_asset_at", "asset_pk", "at"),
    sqlite_autoincrement=True,
)

asset_event_aliases = Table(
    "asset_event_aliases",
    metadata,
    Column("event_pk", Key, ForeignKey(asset_events.c.pk, ondelete="CASCADE"), primary_key=True),
    Column("alias_pk", Key, ForeignKey(asset_aliases.c.pk, ondelete="CASCADE"), primary_key=True, index=True),
)

# Updates that a DAG scheduled by assets has not consumed yet: one row for an asset.
queued_asset_events = Table(
    "queued_asset_events",
    metadata,
    Column("dag_pk", Key, ForeignKey(dags.c.pk, ondelete="CASCADE"), primary_key=True),
    Column("asset_pk", Key, ForeignKey(assets.c.pk, ondelete="CASCADE"), primary_key=True),
    Column("created_at", Moment, nullable=False),
)

# The events that made a run.
consumed_asset_events = Table(
    "consumed_asset_events",
    metadata,
    Column("run_pk", Key, ForeignKey(dag_runs.c.pk, ondelete="CASCADE"), primary_key=True),
    Column("event_pk", Key, ForeignKey(asset_events.c.pk, ondelete="CASCADE"), primary_key=True, index=True),
)

# What has been removed of runs that stay: "logs" and "xcoms", in the order of their ends, up to this one.
cleanings = Table(
    "cleanings",
    metadata,
    Column("what", String(20), primary_key=True),
    Column("end_date", Moment, nullable=False),
    Column("run_pk", Key, nullable=False),
)
