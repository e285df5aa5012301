"""What people do meanwhile, each at some replica; most of it is refused, and that is well."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.backfill_rows import ReprocessBehavior
from leoflow_runtime.engine.errors import OperationRefused
from leoflow_runtime.engine.store import RunExists, Tx

from .plan import SLOT, SLOTS, START, Plan
from .records import Record
from .replicas import Replica


class People:
    """`alive`: the replicas that somebody may talk to. `deleted`: logical dates of runs that were to go."""

    def __init__(
        self, plan: Plan, chance: random.Random, record: Record, alive: Callable[[], Sequence[Replica]]
    ) -> None:
        self.plan = plan
        self.chance = chance
        self.record = record
        self.deleted: set[datetime] = set()
        self._alive = alive
        self._runs = 0

    def wishes(self) -> list[Callable[[], Any]]:
        return [
            *(self.trigger, self.trigger, self.clear, self.mark, self.mark_run, self.pause, self.resize_pool),
            *(self.delete, self.register_again, self.backfill, self.hold_backfill, self.cancel_backfill),
        ]

    async def trigger(self) -> None:
        self._runs += 1
        run_id = f"run-{self._runs}"
        dag_id = self.a_dag()
        await self.someone(lambda tx: operations.trigger_run(tx, dag_id=dag_id, run_id=run_id))

    async def clear(self) -> None:
        wanted: dict[str, Any] = {
            "dag_id": self.a_dag(),
            "run_id": self.a_run(),
            "only_failed": self.chance.random() < 0.3,
            "include_downstream": self.chance.random() < 0.5,
            "run_on_latest_version": self.chance.random() < 0.2,
        }
        if self.chance.random() < 0.7:
            wanted["task_ids"] = [self.a_task()]
        await self.someone(lambda tx: operations.clear_tasks(tx, **wanted))

    async def mark(self) -> None:
        dag_id, run_id, task_id = self.a_dag(), self.a_run(), self.a_task()
        state = self.chance.choice(["success", "failed", "skipped"])
        await self.someone(
            lambda tx: operations.mark_task(tx, dag_id=dag_id, run_id=run_id, task_id=task_id, state=state)
        )

    async def mark_run(self) -> None:
        dag_id, run_id = self.a_dag(), self.a_run()
        state = self.chance.choice(["success", "failed", "queued"])
        await self.someone(lambda tx: operations.mark_run(tx, dag_id=dag_id, run_id=run_id, state=state))

    async def pause(self) -> None:
        dag_id, is_paused = self.a_dag(), self.chance.random() < 0.5
        await self.someone(lambda tx: operations.set_paused(tx, dag_id=dag_id, is_paused=is_paused))

    async def resize_pool(self) -> None:
        name, slots = self.chance.choice(list(self.plan.pools)), self.chance.choice([0, 1, 3])

        def resize(tx: Tx) -> None:
            self.record.resize_pool(tx, name, slots)
            operations.announce_config(tx)

        await self.someone(resize)

    async def delete(self) -> None:
        dag_id, run_id = self.a_dag(), self.a_run()
        if self.chance.random() < 0.3:
            runs = self.record.tables["runs"].values()
            self.deleted.update(run.logical_date for run in runs if run.run_id == run_id)
            await self.someone(lambda tx: operations.delete_run(tx, dag_id=dag_id, run_id=run_id))

    async def register_again(self) -> None:
        """Another version: one task less, or the whole again."""
        document = dict(self.chance.choice(self.plan.documents))
        tasks = list(document["tasks"])
        leaves = [one for one in tasks if all(one["task_id"] not in other["depends_on"] for other in tasks)]
        if len(tasks) > 1 and self.chance.random() < 0.5:
            gone = self.chance.choice(leaves)
            document["tasks"] = [one for one in tasks if one is not gone]
        await self.someone(registering(document))

    async def backfill(self) -> None:
        """Of some slots of a schedule; those that are still to come are left out."""
        first = self.chance.randrange(SLOTS)
        dag_id, last = self.a_dag(), self.chance.randrange(first, SLOTS)
        wanted: dict[str, Any] = {
            "dag_id": dag_id,
            "from_date": START + first * SLOT,
            "to_date": START + last * SLOT,
            "max_active_runs": self.chance.choice([1, 2, 10]),
            "run_backwards": self.chance.random() < 0.3,
            "reprocess_behavior": self.chance.choice(list(ReprocessBehavior)),
            "run_on_latest_version": self.chance.random() < 0.5,
        }
        await self.someone(lambda tx: operations.create_backfill(tx, **wanted))

    async def hold_backfill(self) -> None:
        pk, is_paused = self.a_backfill(), self.chance.random() < 0.5
        await self.someone(lambda tx: operations.set_backfill_paused(tx, pk, is_paused=is_paused))

    async def cancel_backfill(self) -> None:
        pk = self.a_backfill()
        if self.chance.random() < 0.5:
            await self.someone(lambda tx: operations.cancel_backfill(tx, pk))

    # Who and what

    async def someone(self, operation: Any) -> None:
        """A person at some replica, who gives up when it does not answer."""
        replica = self.chance.choice(self._alive())
        try:
            async with asyncio.timeout(5):
                await replica.engine.apply(operation)
        except (TimeoutError, OperationRefused, RunExists, OSError):
            pass

    def a_dag(self) -> str:
        return str(self.chance.choice(self.plan.documents)["dag_id"])

    def a_run(self) -> str:
        runs = list(self.record.tables["runs"].values())
        return str(self.chance.choice(runs).run_id) if runs else "none"

    def a_task(self) -> str:
        tasks = [one["task_id"] for document in self.plan.documents for one in document["tasks"]]
        return str(self.chance.choice(tasks))

    def a_backfill(self) -> int:
        return int(self.chance.choice([*self.record.tables["backfills"], 0]))


def registering(document: Mapping[str, Any]) -> Callable[[Tx], Any]:
    return lambda tx: operations.register_version(tx, document, created_by="test", meta={}, paused=False)
