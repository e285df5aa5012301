"""DAGs, their versions, and how each version became the current one."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from leoflow_server.store.tables.access import tenants, users
from leoflow_server.store.tables.columns import Json, Key, Moment, key, metadata, parent

dags = Table(
    "dags",
    metadata,
    key(),
    parent(tenants, "tenant_id"),
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
    key(),
    parent(dags, "dag_pk"),
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
    key(),
    parent(dags, "dag_pk", index=True),
    parent(dag_versions, "version_pk"),
    Column("at", Moment, nullable=False),
    Column("by", String(250), nullable=False),
    Column("via", String(20), nullable=False),  # push, reference, channel, rollback, workspace
    Column("reference", Text),  # the artifact, by digest, where it came from a registry
)

# The tag that a DAG follows.
channels = Table(
    "channels",
    metadata,
    key(),
    Column("dag_pk", Key, ForeignKey(dags.c.pk, ondelete="CASCADE"), nullable=False, unique=True),
    Column("reference", Text, nullable=False),  # registry/repository:tag
    Column("digest", String(71), nullable=False),  # of the artifact that it named when it was last deployed
    Column("moved_at", Moment, nullable=False),
    Column("error", Text),  # why what it names now is not deployed
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(250), nullable=False),
    sqlite_autoincrement=True,  # a look that began before a change must not be taken for one of today's
)

import_errors = Table(
    "import_errors",
    metadata,
    key(),
    parent(tenants, "tenant_id"),
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
