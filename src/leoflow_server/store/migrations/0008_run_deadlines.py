"""Deadlines that are worked out when a run is made, from how long the runs before it took."""

from __future__ import annotations

from collections.abc import Sequence

PHASE = "expand"


def statements(dialect: str) -> Sequence[str]:
    key = "INTEGER" if dialect == "sqlite" else "BIGINT"
    return (
        f"""CREATE TABLE run_deadlines (
            run_pk {key} NOT NULL,
            position INTEGER NOT NULL,
            deadline_at BIGINT NOT NULL,
            PRIMARY KEY (run_pk, position),
            FOREIGN KEY(run_pk) REFERENCES dag_runs (pk) ON DELETE CASCADE
        )""",
    )
