"""Runs of DAGs, their deadlines, and the backfills that make runs."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from leoflow_server.store.tables.access import tenants
from leoflow_server.store.tables.columns import Json, Key, Moment, key, metadata, parent
from leoflow_server.store.tables.dags import dag_versions, dags

dag_runs = Table(
    "dag_runs",
    metadata,
    key(),
    parent(tenants, "tenant_id"),
    parent(dags, "dag_pk"),
    parent(dag_versions, "version_pk"),
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

# Deadline alerts of runs that were not done in time; `position`: which of the DAG's.
missed_deadlines = Table(
    "missed_deadlines",
    metadata,
    Column("run_pk", Key, ForeignKey(dag_runs.c.pk, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("deadline_at", Moment, nullable=False),
    Column("missed_at", Moment, nullable=False),
)

# Deadlines that were worked out when the run was made.
run_deadlines = Table(
    "run_deadlines",
    metadata,
    Column("run_pk", Key, ForeignKey(dag_runs.c.pk, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("deadline_at", Moment, nullable=False),
)

# A range of a DAG's schedule that is to be run (again).
backfills = Table(
    "backfills",
    metadata,
    key(),
    parent(tenants, "tenant_id"),
    parent(dags, "dag_pk", index=True),
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
    key(),
    parent(backfills, "backfill_pk"),
    Column("ordinal", Integer, nullable=False),
    Column("logical_date", Moment, nullable=False),
    Column("interval_start", Moment, nullable=False),
    Column("interval_end", Moment, nullable=False),
    Column("run_after", Moment, nullable=False),
    Column("run_pk", Key),
    Column("reason", String(50)),  # why there is no run: in flight, already exists, cancelled
    UniqueConstraint("backfill_pk", "ordinal"),
)
