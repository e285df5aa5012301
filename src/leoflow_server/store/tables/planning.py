"""Who plans and what it is to look at; the hosts of agents; how far cleaning has come."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table

from leoflow_server.store.tables.columns import Key, Moment, metadata

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

# What has been removed of runs that stay: "logs" and "xcoms", in the order of their ends, up to this one.
cleanings = Table(
    "cleanings",
    metadata,
    Column("what", String(20), primary_key=True),
    Column("end_date", Moment, nullable=False),
    Column("run_pk", Key, nullable=False),
)
