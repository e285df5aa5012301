"""The record: tables, migrations, named queries, and the engine's store on SQL."""

from leoflow_server.store.errors import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnavailable,
    SchemaMissing,
    SchemaNewer,
    StoreClosed,
    StoreError,
)
from leoflow_server.store.migrations import migrate
from leoflow_server.store.sql_store import SqlStore

__all__ = [
    "DatabaseBusy",
    "DatabaseCorrupt",
    "DatabaseFull",
    "DatabaseReadOnly",
    "DatabaseUnavailable",
    "SchemaMissing",
    "SchemaNewer",
    "SqlStore",
    "StoreClosed",
    "StoreError",
    "migrate",
]
