"""Which version was current when, made so by whom, from where; and the tags that DAGs follow."""

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


# What was registered before there was a history is told as far as it is known: once, by whom.
_SCHEMA = """
    CREATE TABLE deployments (
        pk {own_key},
        dag_pk {key} NOT NULL,
        version_pk {key} NOT NULL,
        "at" BIGINT NOT NULL,
        "by" VARCHAR(250) NOT NULL,
        via VARCHAR(20) NOT NULL,
        reference TEXT,
        FOREIGN KEY(dag_pk) REFERENCES dags (pk) ON DELETE CASCADE,
        FOREIGN KEY(version_pk) REFERENCES dag_versions (pk) ON DELETE CASCADE
    );
    CREATE INDEX ix_deployments_dag_pk ON deployments (dag_pk);
    INSERT INTO deployments (dag_pk, version_pk, "at", "by", via)
        SELECT dag_pk, pk, created_at, created_by, 'push' FROM dag_versions ORDER BY created_at, pk;
    CREATE TABLE channels (
        pk {rising_key},
        dag_pk {key} NOT NULL,
        reference TEXT NOT NULL,
        digest VARCHAR(71) NOT NULL,
        moved_at BIGINT NOT NULL,
        error TEXT,
        created_at BIGINT NOT NULL,
        created_by VARCHAR(250) NOT NULL,
        UNIQUE (dag_pk),
        FOREIGN KEY(dag_pk) REFERENCES dags (pk) ON DELETE CASCADE
    );
"""
