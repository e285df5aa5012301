"""What tasks are given from outside: variables, connections, pools."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from leoflow_server.store.tables.access import tenants
from leoflow_server.store.tables.columns import Moment, key, metadata, parent

variables = Table(
    "variables",
    metadata,
    key(),
    parent(tenants, "tenant_id"),
    Column("key", String(250), nullable=False),
    Column("value", LargeBinary, nullable=False),  # encrypted
    Column("description", Text),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "key"),
)

connections = Table(
    "connections",
    metadata,
    key(),
    parent(tenants, "tenant_id"),
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
    key(),
    parent(tenants, "tenant_id"),
    Column("name", String(256), nullable=False),
    Column("slots", Integer, nullable=False),  # -1: unlimited
    Column("description", Text),
    Column("include_deferred", Boolean, nullable=False, default=False),
    UniqueConstraint("tenant_id", "name"),
)
