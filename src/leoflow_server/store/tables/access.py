"""Who may do what, and who did what: tenants, users, tokens, the audit log."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table, Text, UniqueConstraint

from leoflow_server.store.tables.columns import Json, Moment, key, metadata, parent

tenants = Table("tenants", metadata, key(), Column("name", String(200), nullable=False, unique=True))

users = Table(
    "users",
    metadata,
    key(),
    parent(tenants, "tenant_id"),
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

# Airflow's event log: one row per change that a person or the API made.
audit_log = Table(
    "audit_log",
    metadata,
    key(),
    parent(tenants, "tenant_id"),
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
