"""Backfills, and assets with their events."""

from __future__ import annotations

from collections.abc import Sequence

PHASE = "expand"

_WORDS = {
    "sqlite": {
        "key": "INTEGER",
        "own_key": "INTEGER NOT NULL PRIMARY KEY",
        "rising_key": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
    },
    "postgresql": {
        "key": "BIGINT",
        "own_key": "BIGSERIAL NOT NULL PRIMARY KEY",
        "rising_key": "BIGSERIAL NOT NULL PRIMARY KEY",
    },
}


def statements(dialect: str) -> Sequence[str]:
    words = _WORDS[dialect]
    return [part.strip().format_map(words) for part in _SCHEMA.split(";") if part.strip()]


_SCHEMA = """
    ALTER TABLE dag_runs ADD COLUMN backfill_pk {key};
    CREATE INDEX ix_dag_runs_backfill_pk ON dag_runs (backfill_pk);
    CREATE TABLE backfills (
        pk {rising_key},
        tenant_id {key} NOT NULL,
        dag_pk {key} NOT NULL,
        from_date BIGINT NOT NULL,
        to_date BIGINT NOT NULL,
        conf TEXT,
        is_paused BOOLEAN NOT NULL,
        run_backwards BOOLEAN NOT NULL,
        reprocess_behavior VARCHAR(20) NOT NULL,
        run_on_latest_version BOOLEAN NOT NULL,
        max_active_runs INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        completed_at BIGINT,
        triggering_user VARCHAR(250),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE,
        FOREIGN KEY(dag_pk) REFERENCES dags (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_backfills_dag_pk ON backfills (dag_pk);
    CREATE TABLE backfill_runs (
        pk {own_key},
        backfill_pk {key} NOT NULL,
        ordinal INTEGER NOT NULL,
        logical_date BIGINT NOT NULL,
        interval_start BIGINT NOT NULL,
        interval_end BIGINT NOT NULL,
        run_after BIGINT NOT NULL,
        run_pk {key},
        reason VARCHAR(50),
        UNIQUE (backfill_pk, ordinal),
        FOREIGN KEY(backfill_pk) REFERENCES backfills (pk) ON DELETE CASCADE
    );
    CREATE TABLE assets (
        pk {rising_key},
        tenant_id {key} NOT NULL,
        name VARCHAR(1500) NOT NULL,
        uri VARCHAR(1500) NOT NULL,
        "group" VARCHAR(1500) NOT NULL,
        extra TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        UNIQUE (tenant_id, name, uri),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE
    );
    CREATE TABLE asset_aliases (
        pk {rising_key},
        tenant_id {key} NOT NULL,
        name VARCHAR(1500) NOT NULL,
        "group" VARCHAR(1500) NOT NULL,
        created_at BIGINT NOT NULL,
        UNIQUE (tenant_id, name),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE
    );
    CREATE TABLE alias_assets (
        alias_pk {key} NOT NULL,
        asset_pk {key} NOT NULL,
        PRIMARY KEY (alias_pk, asset_pk),
        FOREIGN KEY(alias_pk) REFERENCES asset_aliases (pk) ON DELETE CASCADE,
        FOREIGN KEY(asset_pk) REFERENCES assets (pk) ON DELETE CASCADE
    );
    CREATE TABLE asset_references (
        pk {own_key},
        dag_pk {key} NOT NULL,
        kind VARCHAR(10) NOT NULL,
        task_id VARCHAR(250),
        asset_pk {key},
        alias_pk {key},
        name VARCHAR(1500),
        uri VARCHAR(1500),
        created_at BIGINT NOT NULL,
        FOREIGN KEY(dag_pk) REFERENCES dags (pk) ON DELETE CASCADE,
        FOREIGN KEY(asset_pk) REFERENCES assets (pk) ON DELETE CASCADE,
        FOREIGN KEY(alias_pk) REFERENCES asset_aliases (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_asset_references_alias_pk ON asset_references (alias_pk);
    CREATE INDEX ix_asset_references_asset_pk ON asset_references (asset_pk);
    CREATE INDEX ix_asset_references_dag_pk ON asset_references (dag_pk);
    CREATE INDEX ix_asset_references_name ON asset_references (name);
    CREATE INDEX ix_asset_references_uri ON asset_references (uri);
    CREATE TABLE asset_events (
        pk {rising_key},
        tenant_id {key} NOT NULL,
        asset_pk {key} NOT NULL,
        extra TEXT NOT NULL,
        at BIGINT NOT NULL,
        source_dag_id VARCHAR(250),
        source_run_id VARCHAR(250),
        source_task_id VARCHAR(250),
        source_map_index INTEGER NOT NULL,
        partition_key VARCHAR(250),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE,
        FOREIGN KEY(asset_pk) REFERENCES assets (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_asset_events_asset_at ON asset_events (asset_pk, at);
    CREATE TABLE asset_event_aliases (
        event_pk {key} NOT NULL,
        alias_pk {key} NOT NULL,
        PRIMARY KEY (event_pk, alias_pk),
        FOREIGN KEY(event_pk) REFERENCES asset_events (pk) ON DELETE CASCADE,
        FOREIGN KEY(alias_pk) REFERENCES asset_aliases (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_asset_event_aliases_alias_pk ON asset_event_aliases (alias_pk);
    CREATE TABLE queued_asset_events (
        dag_pk {key} NOT NULL,
        asset_pk {key} NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (dag_pk, asset_pk),
        FOREIGN KEY(dag_pk) REFERENCES dags (pk) ON DELETE CASCADE,
        FOREIGN KEY(asset_pk) REFERENCES assets (pk) ON DELETE CASCADE
    );
    CREATE TABLE consumed_asset_events (
        run_pk {key} NOT NULL,
        event_pk {key} NOT NULL,
        PRIMARY KEY (run_pk, event_pk),
        FOREIGN KEY(run_pk) REFERENCES dag_runs (pk) ON DELETE CASCADE,
        FOREIGN KEY(event_pk) REFERENCES asset_events (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_consumed_asset_events_event_pk ON consumed_asset_events (event_pk);
"""
