"""Mapped tasks: how many instances there are to be, what each is called, and the lengths of return values."""

from __future__ import annotations

from collections.abc import Sequence

PHASE = "expand"


def statements(dialect: str) -> Sequence[str]:
    return (
        "ALTER TABLE task_instances ADD COLUMN map_length INTEGER",
        "ALTER TABLE task_instances ADD COLUMN rendered_map_index VARCHAR(250)",
        "ALTER TABLE xcoms ADD COLUMN map_length INTEGER",
    )
