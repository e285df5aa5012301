"""Retention: what is older than the settings allow is removed, in small batches, again and again.

A run's log goes before its rows: what is on record can be found again after a crash, what is not cannot.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select

from leoflow_server.logs import LogStore
from leoflow_server.store import SqlStore, StoreError, retention
from leoflow_server.store.retention import OldRun

if TYPE_CHECKING:
    from leoflow_server.settings import Settings

_log = logging.getLogger("leoflow.retention")
ROWS = 500  # in one transaction
RUNS = 50
TASKS = 2_000  # a wide run goes alone


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How old things may become; None: for ever. `keep_…`: so many of each DAG stay in any case."""

    runs: timedelta | None = None
    keep_runs: int = 10
    logs: timedelta | None = None
    xcoms: timedelta | None = None
    audit: timedelta | None = None
    deployments: timedelta | None = None
    keep_deployments: int = 10

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        def days(number: float) -> timedelta | None:
            return timedelta(days=number) if number > 0 else None

        return cls(
            runs=days(settings.retention_runs_days),
            keep_runs=settings.retention_runs_keep,
            logs=days(settings.retention_logs_days),
            xcoms=days(settings.retention_xcoms_days),
            audit=days(settings.retention_audit_days),
            deployments=days(settings.retention_deployments_days),
            keep_deployments=settings.retention_deployments_keep,
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it removes anything of."""
        ages = {name: getattr(self, name) for name in ("runs", "logs", "xcoms", "audit", "deployments")}
        return tuple(name for name, age in ages.items() if age is not None)


class Cleaner:
    """One pass of a policy; `removed` counts by kind: runs, logs (of runs), xcoms, audit, deployments."""

    def __init__(
        self,
        store: SqlStore,
        logs: LogStore,
        policy: Policy,
        *,
        now: datetime | None = None,
        told: Callable[[str, int], None] = lambda what, count: None,
    ) -> None:
        """`told` hears of each batch."""
        self._store = store
        self._logs = logs
        self._policy = policy
        self._now = now or datetime.now(UTC)
        self._told = told
        self.removed: Counter[str] = Counter(dict.fromkeys(policy.kinds, 0))

    async def clean(self) -> Counter[str]:
        """Raises StoreError and OSError; what was removed until then stays removed."""
        policy = self._policy
        if policy.runs is not None:
            await self._clean_runs(self._now - policy.runs)
        if policy.logs is not None:
            await self._clean_within_runs("logs", self._now - policy.logs)
        if policy.xcoms is not None:
            await self._clean_within_runs("xcoms", self._now - policy.xcoms)
        if policy.audit is not None:
            await self._clean_rows("audit", retention.old_audit_rows(before=self._now - policy.audit))
        if policy.deployments is not None:
            before = self._now - policy.deployments
            old = retention.old_deployments(before=before, keep=policy.keep_deployments)
            await self._clean_rows("deployments", old)
        return self.removed

    async def count(self) -> Counter[str]:
        """What `clean` would remove; nothing is changed."""
        return await self._store.read_rows(self._count)

    def _count(self, conn: Connection) -> Counter[str]:
        policy, found = self._policy, Counter[str]()
        if policy.runs is not None:
            before = self._now - policy.runs
            found["runs"] = retention.count_old_runs(conn, before=before, keep=policy.keep_runs)
        if policy.logs is not None:
            after = retention.cleaned_until(conn, "logs")
            found["logs"] = retention.count_old_runs(conn, before=self._now - policy.logs, after=after)
        if policy.xcoms is not None:
            after = retention.cleaned_until(conn, "xcoms")
            found["xcoms"] = retention.count_xcoms(conn, before=self._now - policy.xcoms, after=after)
        if policy.audit is not None:
            old = retention.old_audit_rows(before=self._now - policy.audit)
            found["audit"] = retention.count_rows(conn, old)
        if policy.deployments is not None:
            before = self._now - policy.deployments
            past = retention.old_deployments(before=before, keep=policy.keep_deployments)
            found["deployments"] = retention.count_rows(conn, past)
        return found

    async def _clean_runs(self, before: datetime) -> None:
        keep = self._policy.keep_runs
        while True:
            look = partial(retention.old_runs, before=before, keep=keep, limit=RUNS)
            batch = _small(await self._store.read_rows(look))
            for run in batch:
                await self._logs.delete_run(run.tenant_id, run.dag_id, run.run_id)
            gone = await self._remove("runs", partial(_runs, batch=batch, before=before, keep=keep))
            # Where none went, all of them have begun to move again.
            if not gone:
                return

    async def _clean_within_runs(self, what: str, before: datetime) -> None:
        """Logs or XComs of runs that stay."""

        def look(conn: Connection) -> list[OldRun]:
            after = retention.cleaned_until(conn, what)
            return retention.old_runs(conn, before=before, after=after, limit=RUNS)

        while found := await self._store.read_rows(look):
            if what == "logs":
                for run in found:
                    await self._logs.delete_run(run.tenant_id, run.dag_id, run.run_id)
            await self._remove(what, partial(_within_runs, what=what, found=found, before=before))

    async def _clean_rows(self, what: str, old: Select[Any]) -> None:
        while await self._remove(what, partial(retention.remove_rows, old=old, limit=ROWS)):
            pass

    async def _remove(self, what: str, query: Callable[[Connection], int]) -> int:
        count = await self._store.write_rows(query)
        if count:
            self.removed[what] += count
            self._told(what, count)
        return count


def _runs(conn: Connection, *, batch: list[OldRun], before: datetime, keep: int) -> int:
    return sum(retention.remove_run(conn, run.pk, before=before, keep=keep) for run in batch)


def _within_runs(conn: Connection, *, what: str, found: list[OldRun], before: datetime) -> int:
    retention.note_cleaned(conn, what, found[-1])
    if what == "logs":
        return len(found)
    return sum(retention.remove_xcoms(conn, run.pk, before=before) for run in found)


def _small(found: list[OldRun]) -> list[OldRun]:
    """As many as are removed in one transaction, and at least one."""
    batch: list[OldRun] = []
    tasks = 0
    for run in found:
        if batch and tasks + run.tasks > TASKS:
            break
        batch.append(run)
        tasks += run.tasks
    return batch


async def keep_clean(store: SqlStore, logs: LogStore, policy: Policy, *, every: float) -> None:
    """Never returns. `every`: seconds between two passes."""
    while True:
        if policy.kinds:
            try:
                removed = await Cleaner(store, logs, policy).clean()
                if removed.total():
                    _log.info("old things were removed", extra=dict(removed))
            except (StoreError, OSError):
                _log.exception("old things could not be removed; again in %.0f s", every)
        await asyncio.sleep(every)
