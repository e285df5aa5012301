"""The first schema, and the rows that every installation starts with."""

from __future__ import annotations

from collections.abc import Sequence

PHASE = "expand"

# What the databases spell differently. A rising key is never used again, deletions included.
_WORDS = {
    "sqlite": {
        "key": "INTEGER",
        "own_key": "INTEGER NOT NULL PRIMARY KEY",
        "rising_key": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
        "bytes": "BLOB",
    },
    "postgresql": {
        "key": "BIGINT",
        "own_key": "BIGSERIAL NOT NULL PRIMARY KEY",
        "rising_key": "BIGSERIAL NOT NULL PRIMARY KEY",
        "bytes": "BYTEA",
    },
}


# The first tenant's key was given, not drawn.
_AFTERWARDS = {"sqlite": [], "postgresql": ["SELECT setval(pg_get_serial_sequence('tenants', 'pk'), 1)"]}


def statements(dialect: str) -> Sequence[str]:
    words = _WORDS[dialect]
    schema = [part.strip().format_map(words) for part in _SCHEMA.split(";") if part.strip()]
    return [*schema, *_AFTERWARDS[dialect]]


_SCHEMA = """
    CREATE TABLE hosts (
        host VARCHAR(250) NOT NULL,
        token_hash VARCHAR(64) NOT NULL,
        created_at BIGINT NOT NULL,
        attached_at BIGINT,
        PRIMARY KEY (host),
        UNIQUE (token_hash)
    );
    CREATE TABLE inbox (
        seq {rising_key},
        kind VARCHAR(20) NOT NULL,
        ref {key} NOT NULL
    );
    CREATE TABLE lease (
        name VARCHAR(50) NOT NULL,
        owner VARCHAR(250) NOT NULL,
        epoch BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (name)
    );
    CREATE TABLE revoked_tokens (
        jti VARCHAR(64) NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (jti)
    );
    CREATE INDEX ix_revoked_tokens_expires_at ON revoked_tokens (expires_at);
    CREATE TABLE tenants (
        pk {own_key},
        name VARCHAR(200) NOT NULL,
        UNIQUE (name)
    );
    CREATE TABLE audit_log (
        pk {own_key},
        tenant_id {key} NOT NULL,
        "when" BIGINT NOT NULL,
        event VARCHAR(100) NOT NULL,
        owner VARCHAR(250) NOT NULL,
        dag_id VARCHAR(250),
        run_id VARCHAR(250),
        task_id VARCHAR(250),
        map_index INTEGER,
        try_number INTEGER,
        logical_date BIGINT,
        extra TEXT,
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_audit_log_dag_id ON audit_log (dag_id);
    CREATE INDEX ix_audit_log_when ON audit_log ("when");
    CREATE TABLE connections (
        pk {own_key},
        tenant_id {key} NOT NULL,
        conn_id VARCHAR(250) NOT NULL,
        conn_type VARCHAR(500) NOT NULL,
        description TEXT,
        host VARCHAR(500),
        login TEXT,
        schema VARCHAR(500),
        port INTEGER,
        password {bytes},
        extra {bytes},
        updated_at BIGINT NOT NULL,
        UNIQUE (tenant_id, conn_id),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE
    );
    CREATE TABLE dags (
        pk {rising_key},
        tenant_id {key} NOT NULL,
        dag_id VARCHAR(250) NOT NULL,
        version_pk {key},
        is_paused BOOLEAN NOT NULL,
        is_stale BOOLEAN NOT NULL,
        display_name VARCHAR(2000) NOT NULL,
        description TEXT,
        owner VARCHAR(2000) NOT NULL,
        tags TEXT NOT NULL,
        schedule TEXT,
        timetable_summary VARCHAR(500),
        max_active_runs INTEGER NOT NULL,
        max_active_tasks INTEGER NOT NULL,
        next_run_after BIGINT,
        next_logical_date BIGINT,
        next_interval_start BIGINT,
        next_interval_end BIGINT,
        bundle_name VARCHAR(250) NOT NULL,
        relative_fileloc VARCHAR(2000) NOT NULL,
        registered_at BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        UNIQUE (tenant_id, dag_id),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_dags_next_run_after ON dags (next_run_after);
    CREATE TABLE import_errors (
        pk {own_key},
        tenant_id {key} NOT NULL,
        bundle_name VARCHAR(250) NOT NULL,
        filename VARCHAR(1024) NOT NULL,
        dag_id VARCHAR(250),
        stack_trace TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        UNIQUE (tenant_id, bundle_name, filename),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE
    );
    CREATE TABLE pools (
        pk {own_key},
        tenant_id {key} NOT NULL,
        name VARCHAR(256) NOT NULL,
        slots INTEGER NOT NULL,
        description TEXT,
        include_deferred BOOLEAN NOT NULL,
        UNIQUE (tenant_id, name),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE
    );
    CREATE TABLE users (
        pk {own_key},
        tenant_id {key} NOT NULL,
        username VARCHAR(250) NOT NULL,
        password_hash TEXT,
        role VARCHAR(50) NOT NULL,
        is_active BOOLEAN NOT NULL,
        token_epoch INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        UNIQUE (tenant_id, username),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE
    );
    CREATE TABLE variables (
        pk {own_key},
        tenant_id {key} NOT NULL,
        key VARCHAR(250) NOT NULL,
        value {bytes} NOT NULL,
        description TEXT,
        updated_at BIGINT NOT NULL,
        UNIQUE (tenant_id, key),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE
    );
    CREATE TABLE dag_favorites (
        user_pk {key} NOT NULL,
        dag_pk {key} NOT NULL,
        PRIMARY KEY (user_pk, dag_pk),
        FOREIGN KEY(user_pk) REFERENCES users (pk) ON DELETE CASCADE,
        FOREIGN KEY(dag_pk) REFERENCES dags (pk) ON DELETE CASCADE
    );
    CREATE TABLE dag_tags (
        dag_pk {key} NOT NULL,
        name VARCHAR(100) NOT NULL,
        PRIMARY KEY (dag_pk, name),
        FOREIGN KEY(dag_pk) REFERENCES dags (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_dag_tags_name ON dag_tags (name);
    CREATE TABLE dag_versions (
        pk {rising_key},
        dag_pk {key} NOT NULL,
        uuid VARCHAR(36) NOT NULL,
        number INTEGER NOT NULL,
        label VARCHAR(250) NOT NULL,
        content_digest VARCHAR(71) NOT NULL,
        document_digest VARCHAR(71) NOT NULL,
        document {bytes} NOT NULL,
        image TEXT,
        code_path TEXT,
        meta TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        created_by VARCHAR(250) NOT NULL,
        UNIQUE (dag_pk, number),
        UNIQUE (dag_pk, document_digest),
        FOREIGN KEY(dag_pk) REFERENCES dags (pk) ON DELETE CASCADE,
        UNIQUE (uuid)
    );
    CREATE TABLE dag_runs (
        pk {rising_key},
        tenant_id {key} NOT NULL,
        dag_pk {key} NOT NULL,
        version_pk {key} NOT NULL,
        run_id VARCHAR(250) NOT NULL,
        run_type VARCHAR(50) NOT NULL,
        state VARCHAR(50) NOT NULL,
        logical_date BIGINT,
        data_interval_start BIGINT,
        data_interval_end BIGINT,
        run_after BIGINT NOT NULL,
        queued_at BIGINT,
        start_date BIGINT,
        end_date BIGINT,
        conf TEXT NOT NULL,
        clear_number INTEGER NOT NULL,
        note TEXT,
        triggered_by VARCHAR(50) NOT NULL,
        triggering_user VARCHAR(250),
        partition_key VARCHAR(250),
        last_decision_at BIGINT,
        UNIQUE (dag_pk, run_id),
        UNIQUE (dag_pk, logical_date),
        FOREIGN KEY(tenant_id) REFERENCES tenants (pk) ON DELETE CASCADE,
        FOREIGN KEY(dag_pk) REFERENCES dags (pk) ON DELETE CASCADE,
        FOREIGN KEY(version_pk) REFERENCES dag_versions (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_dag_runs_dag_run_after ON dag_runs (dag_pk, run_after);
    CREATE INDEX ix_dag_runs_state ON dag_runs (state);
    CREATE TABLE task_instances (
        pk {rising_key},
        run_pk {key} NOT NULL,
        uuid VARCHAR(36) NOT NULL,
        task_id VARCHAR(250) NOT NULL,
        map_index INTEGER NOT NULL,
        state VARCHAR(20),
        try_number INTEGER NOT NULL,
        max_tries INTEGER NOT NULL,
        infra_failures INTEGER NOT NULL,
        launch_id {key},
        operator VARCHAR(1000) NOT NULL,
        pool VARCHAR(256) NOT NULL,
        pool_slots INTEGER NOT NULL,
        queue VARCHAR(256) NOT NULL,
        priority_weight INTEGER NOT NULL,
        scheduled_at BIGINT,
        queued_at BIGINT,
        start_date BIGINT,
        end_date BIGINT,
        due_at BIGINT,
        forced_skip BOOLEAN NOT NULL,
        hostname VARCHAR(1000),
        pid INTEGER,
        note TEXT,
        message TEXT,
        rendered_fields TEXT,
        UNIQUE (run_pk, task_id, map_index),
        FOREIGN KEY(run_pk) REFERENCES dag_runs (pk) ON DELETE CASCADE,
        UNIQUE (uuid)
    );
    CREATE INDEX ix_task_instances_state ON task_instances (state);
    CREATE TABLE launches (
        pk {rising_key},
        task_pk {key} NOT NULL,
        run_pk {key} NOT NULL,
        try_number INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        session_hash VARCHAR(64),
        host VARCHAR(250),
        agent_pid INTEGER,
        created_at BIGINT NOT NULL,
        opened_at BIGINT,
        started_at BIGINT,
        finished_at BIGINT,
        heartbeat_at BIGINT,
        outcome VARCHAR(20),
        exit_code INTEGER,
        signal INTEGER,
        cpu_seconds FLOAT,
        max_rss_bytes BIGINT,
        message TEXT,
        FOREIGN KEY(task_pk) REFERENCES task_instances (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_launches_open ON launches (pk) WHERE finished_at IS NULL;
    CREATE INDEX ix_launches_session_hash ON launches (session_hash);
    CREATE INDEX ix_launches_task_pk ON launches (task_pk);
    CREATE TABLE task_tries (
        pk {own_key},
        task_pk {key} NOT NULL,
        try_number INTEGER NOT NULL,
        state VARCHAR(20),
        max_tries INTEGER NOT NULL,
        launch_id {key},
        version_pk {key},
        operator VARCHAR(1000) NOT NULL,
        pool VARCHAR(256) NOT NULL,
        pool_slots INTEGER NOT NULL,
        queue VARCHAR(256) NOT NULL,
        priority_weight INTEGER NOT NULL,
        scheduled_at BIGINT,
        queued_at BIGINT,
        start_date BIGINT,
        end_date BIGINT,
        hostname VARCHAR(1000),
        pid INTEGER,
        note TEXT,
        message TEXT,
        UNIQUE (task_pk, try_number),
        FOREIGN KEY(task_pk) REFERENCES task_instances (pk) ON DELETE CASCADE
    );
    CREATE TABLE xcoms (
        pk {own_key},
        task_pk {key} NOT NULL,
        key VARCHAR(512) NOT NULL,
        value {bytes} NOT NULL,
        launch_id {key},
        created_at BIGINT NOT NULL,
        UNIQUE (task_pk, key),
        FOREIGN KEY(task_pk) REFERENCES task_instances (pk) ON DELETE CASCADE
    );
    INSERT INTO tenants (pk, name) VALUES (1, 'default');
    INSERT INTO pools (tenant_id, name, slots, description, include_deferred)
        VALUES (1, 'default_pool', 128, 'Default pool', FALSE);
"""
