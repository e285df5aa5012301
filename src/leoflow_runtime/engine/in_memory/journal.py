"""What every part of a transaction writes through, so that it can be undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from leoflow_runtime.engine.store import Change

ABSENT = object()


class Journal:
    """The tables, and what each written key held before.

    `dates`: the logical dates of each DAG's runs in order. `now`: what the database's clock says.
    """

    def __init__(
        self,
        tables: dict[str, dict[Any, Any]],
        dates: dict[int, list[datetime]],
        now: datetime,
        *,
        read_only: bool = False,
    ) -> None:
        self._tables = tables
        self._dates = dates
        self._now = now
        self._read_only = read_only
        self._journal: list[tuple[dict[Any, Any], Any, Any]] = []
        self._announced: list[Change] = []

    @property
    def now(self) -> datetime:
        return self._now

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        mark, changes = len(self._journal), len(self._announced)
        try:
            yield
        except BaseException:
            self.undo_to(mark)
            del self._announced[changes:]
            raise

    def undo_to(self, mark: int) -> None:
        while len(self._journal) > mark:
            table, key, before = self._journal.pop()
            if before is ABSENT:
                table.pop(key, None)
            else:
                table[key] = before

    def _put(self, name: str, key: Any, value: Any) -> None:
        if self._read_only:
            raise PermissionError("this transaction only reads")
        table = self._tables[name]
        self._journal.append((table, key, table.get(key, ABSENT)))
        table[key] = value

    def _drop(self, name: str, key: Any) -> None:
        if self._read_only:
            raise PermissionError("this transaction only reads")
        table = self._tables[name]
        self._journal.append((table, key, table.get(key, ABSENT)))
        table.pop(key, None)

    def _next(self, name: str) -> int:
        # Numbers are never given twice, not even after a rollback.
        sequences = self._tables["sequences"]
        sequences[name] = sequences.get(name, 0) + 1
        return int(sequences[name])


def only(values: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Of `values`, those that a row has fields for."""
    return {name: value for name, value in values.items() if name in names}
