"""Runs of the in-memory store."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from leoflow_runtime.domain.states import RunState, RunType
from leoflow_runtime.engine.in_memory.journal import ABSENT, only
from leoflow_runtime.engine.in_memory.tasks import InMemoryTasks
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.engine.store import NewRun, RunExists

_ACTIVE = (RunState.QUEUED, RunState.RUNNING)
_RUN_FIELDS = frozenset(RunRow.__dataclass_fields__)
_FAR = datetime(1, 1, 1, tzinfo=UTC)


class InMemoryRuns(InMemoryTasks):
    """Part of `InMemoryTx`."""

    def run(self, pk: int) -> RunRow | None:
        return self._tables["runs"].get(pk)

    def _runs_of(self, dag_pk: int) -> list[RunRow]:
        return [self._tables["runs"][pk] for pk in self._tables["dag_runs"].get(dag_pk, ())]

    def find_run(self, dag_pk: int, run_id: str) -> RunRow | None:
        pk = self._tables["run_ids"].get((dag_pk, run_id))
        return None if pk is None else self._tables["runs"][pk]

    def active_runs(self, dag_pk: int | None = None) -> list[RunRow]:
        active = (self._tables["runs"][pk] for pk in self._tables["active"])
        chosen = (run for run in active if dag_pk is None or run.dag_pk == dag_pk)
        return sorted(chosen, key=lambda run: (run.run_after, run.pk))

    def runs_between(
        self, dag_pk: int, *, earliest: datetime | None = None, latest: datetime | None = None
    ) -> list[RunRow]:
        chosen = [
            run
            for run in self._runs_of(dag_pk)
            if run.logical_date is not None
            and (earliest is None or run.logical_date >= earliest)
            and (latest is None or run.logical_date <= latest)
        ]
        return sorted(chosen, key=lambda run: run.logical_date or _FAR)

    def previous_run(
        self, run: RunRow, *, states: Collection[RunState] | None = None, run_type: RunType | None = None
    ) -> RunRow | None:
        if run.logical_date is None:
            return None
        dates = self._dates.get(run.dag_pk, [])
        for position in range(bisect_left(dates, run.logical_date) - 1, -1, -1):
            pk = self._tables["run_dates"].get((run.dag_pk, dates[position]))
            if pk is None:
                continue
            other: RunRow = self._tables["runs"][pk]
            if (states is None or other.state in states) and (run_type is None or other.run_type is run_type):
                return other
        return None

    def recent_runs(self, dag_pk: int, limit: int) -> list[RunRow]:
        newest = sorted(self._runs_of(dag_pk), key=lambda run: (run.run_after, run.pk), reverse=True)
        return newest[:limit]

    def latest_run(self, dag_pk: int, run_type: RunType) -> RunRow | None:
        runs = [run for run in self._runs_of(dag_pk) if run.run_type is run_type]
        return max(runs, key=lambda run: (run.run_after, run.pk), default=None)

    def insert_run(self, new: NewRun) -> RunRow:
        taken = self._tables["run_ids"].get((new.dag.pk, new.run_id))
        if taken is None and new.logical_date is not None:
            taken = self._tables["run_dates"].get((new.dag.pk, new.logical_date))
        if taken is not None:
            raise RunExists(self._tables["runs"][taken])
        fields = {name: getattr(new, name) for name in NewRun.__dataclass_fields__ if name != "dag"}
        run = RunRow(
            pk=self._next("runs"),
            tenant_id=new.dag.tenant_id,
            dag_pk=new.dag.pk,
            state=RunState.QUEUED,
            queued_at=self._now,
            **fields,
        )
        self._put("runs", run.pk, run)
        self._index_run(run)
        return run

    def _index_run(self, run: RunRow) -> None:
        """`dag_runs` holds a dictionary for each DAG, so that one more run does not copy all others."""
        of_dag = self._tables["dag_runs"].setdefault(run.dag_pk, {})
        self._journal.append((of_dag, run.pk, ABSENT))
        of_dag[run.pk] = None
        self._put("run_ids", (run.dag_pk, run.run_id), run.pk)
        if run.logical_date is not None:
            self._put("run_dates", (run.dag_pk, run.logical_date), run.pk)
            dates = self._dates.setdefault(run.dag_pk, [])
            position = bisect_left(dates, run.logical_date)
            if position == len(dates) or dates[position] != run.logical_date:
                dates.insert(position, run.logical_date)
        self._put("active", run.pk, None)

    def update_run(
        self,
        pk: int,
        expect: Collection[RunState],
        values: Mapping[str, Any],
        *,
        expect_clear_number: int | None = None,
    ) -> bool:
        run = self._tables["runs"].get(pk)
        if run is None or run.state not in expect:
            return False
        if expect_clear_number is not None and run.clear_number != expect_clear_number:
            return False
        changed = replace(run, **only(values, _RUN_FIELDS))
        self._put("runs", pk, changed)
        if changed.state in _ACTIVE:
            self._put("active", pk, None)
        else:
            self._drop("active", pk)
        return True

    def delete_run(self, pk: int) -> bool:
        run = self._tables["runs"].get(pk)
        if run is None:
            return False
        self._drop_tasks(set(self._tables["run_tasks"].get(pk, ())))
        self._drop("run_tasks", pk)
        of_dag = self._tables["dag_runs"][run.dag_pk]
        self._journal.append((of_dag, pk, of_dag.pop(pk)))
        self._drop("run_ids", (run.dag_pk, run.run_id))
        if run.logical_date is not None:
            self._drop("run_dates", (run.dag_pk, run.logical_date))
        self._drop("active", pk)
        self._drop("runs", pk)
        return True

    def note_missed_deadline(self, run_pk: int, position: int, when: datetime) -> bool:
        if (run_pk, position) in self._tables["missed_deadlines"]:
            return False
        self._put("missed_deadlines", (run_pk, position), when)
        return True

    def set_deadline(self, run_pk: int, position: int, when: datetime) -> None:
        self._put("run_deadlines", run_pk, {**self.deadlines(run_pk), position: when})

    def deadlines(self, run_pk: int) -> Mapping[int, datetime]:
        found: Mapping[int, datetime] = self._tables["run_deadlines"].get(run_pk, {})
        return found
