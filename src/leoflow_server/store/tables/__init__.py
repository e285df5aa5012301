"""Every table, in SQLAlchemy Core. Migrations are written by hand and must arrive at exactly this.

Everything people own carries `tenant_id`.
"""

from leoflow_server.store.tables.access import audit_log, revoked_tokens, tenants, users
from leoflow_server.store.tables.assets import (
    alias_assets,
    asset_aliases,
    asset_event_aliases,
    asset_events,
    asset_references,
    assets,
    consumed_asset_events,
    queued_asset_events,
)
from leoflow_server.store.tables.columns import Json, Key, Moment, metadata
from leoflow_server.store.tables.configuration import connections, pools, variables
from leoflow_server.store.tables.dags import (
    channels,
    dag_favorites,
    dag_tags,
    dag_versions,
    dags,
    deployments,
    import_errors,
)
from leoflow_server.store.tables.planning import cleanings, hosts, inbox, lease
from leoflow_server.store.tables.runs import (
    backfill_runs,
    backfills,
    dag_runs,
    missed_deadlines,
    run_deadlines,
)
from leoflow_server.store.tables.tasks import launches, task_instances, task_tries, xcoms

__all__ = [
    "Json",
    "Key",
    "Moment",
    "alias_assets",
    "asset_aliases",
    "asset_event_aliases",
    "asset_events",
    "asset_references",
    "assets",
    "audit_log",
    "backfill_runs",
    "backfills",
    "channels",
    "cleanings",
    "connections",
    "consumed_asset_events",
    "dag_favorites",
    "dag_runs",
    "dag_tags",
    "dag_versions",
    "dags",
    "deployments",
    "hosts",
    "import_errors",
    "inbox",
    "launches",
    "lease",
    "metadata",
    "missed_deadlines",
    "pools",
    "queued_asset_events",
    "revoked_tokens",
    "run_deadlines",
    "task_instances",
    "task_tries",
    "tenants",
    "users",
    "variables",
    "xcoms",
]
