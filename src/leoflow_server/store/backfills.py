"""Backfills: part of `SqlTx`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from leoflow_runtime.engine.backfill_rows import (
    BackfillRow,
    BackfillSlot,
    NewBackfill,
    NoRun,
    ReprocessBehavior,
)
from leoflow_runtime.schedule import Slot
from leoflow_server.store.prepared import Prepared, Session, all_columns, with_defaults
from leoflow_server.store.tables import backfill_runs, backfills

_b, _r = backfills.c, backfill_runs.c
_NAMES = list(BackfillRow.__dataclass_fields__)
_BACKFILL = [_b[name] for name in _NAMES]
_SLOT = [_r.pk, _r.backfill_pk, _r.ordinal, _r.logical_date, _r.interval_start, _r.interval_end, _r.run_after]
_UNDECIDED = (_r.backfill_pk == bindparam("backfill"), _r.run_pk.is_(None), _r.reason.is_(None))

_BY_PK = Prepared(select(*_BACKFILL).where(_b.pk == bindparam("backfill")), _BACKFILL)
_OPEN = Prepared(select(*_BACKFILL).where(_b.completed_at.is_(None)).order_by(_b.pk), _BACKFILL)
_OPEN_OF_DAG = Prepared(
    select(*_BACKFILL).where(_b.dag_pk == bindparam("dag"), _b.completed_at.is_(None)).order_by(_b.pk),
    _BACKFILL,
)
_INSERT = Prepared(insert(backfills).values(all_columns(backfills)).returning(_b.pk), [_b.pk])
_INSERT_SLOT = Prepared(insert(backfill_runs).values(all_columns(backfill_runs)))
_NEXT = Prepared(select(*_SLOT).where(*_UNDECIDED).order_by(_r.ordinal).limit(1), _SLOT)
_SETTLE = Prepared(
    update(backfill_runs)
    .where(_r.pk == bindparam("slot"))
    .values(run_pk=bindparam("run", type_=_r.run_pk.type), reason=bindparam("why", type_=_r.reason.type))
)
_DROP = Prepared(
    update(backfill_runs).where(*_UNDECIDED).values(reason=bindparam("why", type_=_r.reason.type))
)


class SqlBackfills:
    """Part of `SqlTx`."""

    __slots__ = ()
    _now: datetime

    @property
    def _session(self) -> Session:
        raise NotImplementedError

    def insert_backfill(self, new: NewBackfill, slots: Sequence[tuple[Slot, NoRun | None]]) -> BackfillRow:
        values = {name: getattr(new, name) for name in NewBackfill.__dataclass_fields__}
        values |= {
            "conf": None if new.conf is None else dict(new.conf),
            "reprocess_behavior": str(new.reprocess_behavior),
            "created_at": self._now,
            "updated_at": self._now,
        }
        pk = self._session.rows(_INSERT, with_defaults(backfills, values))[0][0]
        rows = [
            {
                "backfill_pk": pk,
                "ordinal": ordinal,
                "logical_date": slot.logical_date,
                "interval_start": slot.interval_start,
                "interval_end": slot.interval_end,
                "run_after": slot.run_after,
                "reason": None if reason is None else str(reason),
            }
            for ordinal, (slot, reason) in enumerate(slots, 1)
        ]
        self._session.execute_many(_INSERT_SLOT, [with_defaults(backfill_runs, row) for row in rows])
        stored = self.backfill(pk)
        assert stored is not None
        return stored

    def backfill(self, pk: int) -> BackfillRow | None:
        found = self._session.row(_BY_PK, {"backfill": pk})
        return None if found is None else _row(found)

    def open_backfills(self, dag_pk: int | None = None) -> list[BackfillRow]:
        query = _OPEN if dag_pk is None else _OPEN_OF_DAG
        return [_row(found) for found in self._session.rows(query, {"dag": dag_pk})]

    def update_backfill(self, pk: int, values: Mapping[str, Any]) -> bool:
        changed = {**values, "updated_at": self._now}
        return self._session.execute(_update(tuple(sorted(changed))), {**changed, "backfill": pk}) == 1

    def next_backfill_slot(self, backfill_pk: int) -> BackfillSlot | None:
        found = self._session.row(_NEXT, {"backfill": backfill_pk})
        if found is None:
            return None
        pk, of, ordinal, logical_date, start, end, run_after = found
        slot = Slot(logical_date=logical_date, interval_start=start, interval_end=end, run_after=run_after)
        return BackfillSlot(pk=pk, backfill_pk=of, ordinal=ordinal, slot=slot)

    def settle_backfill_slot(
        self, pk: int, *, run_pk: int | None = None, reason: NoRun | None = None
    ) -> None:
        why = None if reason is None else str(reason)
        self._session.execute(_SETTLE, {"slot": pk, "run": run_pk, "why": why})

    def drop_backfill_slots(self, backfill_pk: int, reason: NoRun) -> int:
        return self._session.execute(_DROP, {"backfill": backfill_pk, "why": str(reason)})


@cache
def _update(names: tuple[str, ...]) -> Prepared:
    return Prepared(
        update(backfills)
        .where(_b.pk == bindparam("backfill"), _b.completed_at.is_(None))
        .values({name: bindparam(name, type_=_b[name].type) for name in names})
    )


def _row(found: list[Any]) -> BackfillRow:
    values = dict(zip(_NAMES, found, strict=True))
    values["reprocess_behavior"] = ReprocessBehavior(values["reprocess_behavior"])
    return BackfillRow(**values)
