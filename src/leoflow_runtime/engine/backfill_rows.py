"""Backfills as a store keeps them, and what the engine asks of a store about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from leoflow_runtime.schedule import Slot


class ReprocessBehavior(StrEnum):
    """Which of the runs that there are already are made again; those that go on never are."""

    NONE = "none"
    FAILED = "failed"
    COMPLETED = "completed"


class NoRun(StrEnum):
    """Why a backfill makes no run of a slot."""

    IN_FLIGHT = "in flight"
    ALREADY_EXISTS = "already exists"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewBackfill:
    tenant_id: int
    dag_pk: int
    from_date: datetime
    to_date: datetime
    conf: Mapping[str, Any] | None = None  # None: runs that are made again keep theirs
    run_backwards: bool = False
    reprocess_behavior: ReprocessBehavior = ReprocessBehavior.NONE
    run_on_latest_version: bool = True
    max_active_runs: int = 10
    triggering_user: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BackfillRow(NewBackfill):
    pk: int
    is_paused: bool = False
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BackfillSlot:
    """One run of a backfill in its order. Neither run nor reason: its turn has not come."""

    pk: int
    backfill_pk: int
    ordinal: int  # 1, 2, …
    slot: Slot
    run_pk: int | None = None
    reason: NoRun | None = None


class BackfillTx(Protocol):
    """Operations of a transaction on backfills."""

    def insert_backfill(
        self, new: NewBackfill, slots: Sequence[tuple[Slot, NoRun | None]]
    ) -> BackfillRow: ...
    def backfill(self, pk: int) -> BackfillRow | None: ...
    def open_backfills(self, dag_pk: int | None = None) -> list[BackfillRow]:
        """Those that are not completed, oldest first."""

    def update_backfill(self, pk: int, values: Mapping[str, Any]) -> bool:
        """False, and nothing done, where it is completed."""

    def next_backfill_slot(self, backfill_pk: int) -> BackfillSlot | None:
        """The first whose turn has not come."""

    def settle_backfill_slot(
        self, pk: int, *, run_pk: int | None = None, reason: NoRun | None = None
    ) -> None:
        """Notes the run, or why there is none."""

    def drop_backfill_slots(self, backfill_pk: int, reason: NoRun) -> int:
        """All whose turn has not come get no run. Returns how many."""
