"""Task instances, their tries, the launches of their processes, and what these handed over."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from leoflow_server.store.tables.columns import Json, Key, Moment, key, metadata, parent
from leoflow_server.store.tables.runs import dag_runs

task_instances = Table(
    "task_instances",
    metadata,
    key(),
    parent(dag_runs, "run_pk"),
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
    key(),
    parent(task_instances, "task_pk"),
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
    key(),
    parent(task_instances, "task_pk", index=True),
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
    key(),
    parent(task_instances, "task_pk"),
    Column("key", String(512), nullable=False),
    Column("value", LargeBinary, nullable=False),  # JSON
    Column("launch_id", Key),
    Column("created_at", Moment, nullable=False),
    Column("map_length", Integer),  # how many items a return value has, where one can go through it
    UniqueConstraint("task_pk", "key"),
)
