"""Up to where old runs have been cleaned, and an index by which they are found."""

from __future__ import annotations

from collections.abc import Sequence

PHASE = "expand"


def statements(dialect: str) -> Sequence[str]:
    key = "BIGINT" if dialect == "postgresql" else "INTEGER"
    return (
        "CREATE INDEX ix_dag_runs_end_date ON dag_runs (end_date)",
        "CREATE TABLE cleanings (what VARCHAR(20) NOT NULL, end_date BIGINT NOT NULL, "
        f"run_pk {key} NOT NULL, PRIMARY KEY (what))",
    )
