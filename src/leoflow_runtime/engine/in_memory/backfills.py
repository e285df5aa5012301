"""Backfills of the in-memory store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from leoflow_runtime.engine.backfill_rows import BackfillRow, BackfillSlot, NewBackfill, NoRun
from leoflow_runtime.engine.in_memory.journal import Journal
from leoflow_runtime.schedule import Slot


class InMemoryBackfills(Journal):
    """Part of `InMemoryTx`."""

    def insert_backfill(self, new: NewBackfill, slots: Sequence[tuple[Slot, NoRun | None]]) -> BackfillRow:
        pk = self._next("backfills")
        row = BackfillRow(pk=pk, created_at=self._now, updated_at=self._now, **asdict(new))
        self._put("backfills", pk, row)
        for ordinal, (slot, reason) in enumerate(slots, 1):
            key = self._next("backfill_runs")
            entry = BackfillSlot(pk=key, backfill_pk=pk, ordinal=ordinal, slot=slot, reason=reason)
            self._put("backfill_runs", key, entry)
        return row

    def backfill(self, pk: int) -> BackfillRow | None:
        return self._tables["backfills"].get(pk)

    def open_backfills(self, dag_pk: int | None = None) -> list[BackfillRow]:
        return [
            row
            for row in self._tables["backfills"].values()
            if row.completed_at is None and dag_pk in (None, row.dag_pk)
        ]

    def update_backfill(self, pk: int, values: Mapping[str, Any]) -> bool:
        row = self.backfill(pk)
        if row is None or row.completed_at is not None:
            return False
        self._put("backfills", pk, replace(row, updated_at=self._now, **values))
        return True

    def _undecided(self, backfill_pk: int) -> list[BackfillSlot]:
        return [
            entry
            for entry in self._tables["backfill_runs"].values()
            if entry.backfill_pk == backfill_pk and entry.run_pk is None and entry.reason is None
        ]

    def next_backfill_slot(self, backfill_pk: int) -> BackfillSlot | None:
        return min(self._undecided(backfill_pk), key=lambda entry: entry.ordinal, default=None)

    def settle_backfill_slot(
        self, pk: int, *, run_pk: int | None = None, reason: NoRun | None = None
    ) -> None:
        entry = self._tables["backfill_runs"][pk]
        self._put("backfill_runs", pk, replace(entry, run_pk=run_pk, reason=reason))

    def drop_backfill_slots(self, backfill_pk: int, reason: NoRun) -> int:
        dropped = self._undecided(backfill_pk)
        for entry in dropped:
            self.settle_backfill_slot(entry.pk, reason=reason)
        return len(dropped)
