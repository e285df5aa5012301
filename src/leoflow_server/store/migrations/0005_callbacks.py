"""Launches that run no task but tell those who want to know of a run's end."""

from __future__ import annotations

from collections.abc import Sequence

PHASE = "expand"


def statements(dialect: str) -> Sequence[str]:
    return (
        "ALTER TABLE launches ADD COLUMN callback VARCHAR(50)",
        "ALTER TABLE launches ADD COLUMN callback_reason VARCHAR(250)",
    )
