"""Assets, who refers to them, and the events that make runs."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from leoflow_server.store.tables.access import tenants
from leoflow_server.store.tables.columns import Json, Key, Moment, key, metadata, parent
from leoflow_server.store.tables.dags import dags
from leoflow_server.store.tables.runs import dag_runs

assets = Table(
    "assets",
    metadata,
    key(),
    parent(tenants, "tenant_id"),
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
    key(),
    parent(tenants, "tenant_id"),
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
    key(),
    parent(dags, "dag_pk", index=True),
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
    key(),
    parent(tenants, "tenant_id"),
    parent(assets, "asset_pk"),
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
