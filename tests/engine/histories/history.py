"""One random history: DAGs, runs, people, crashes; then peace, in which everything must come to its end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.planner import Planner
from leoflow_runtime.engine.simulator.virtual_time import run_virtually
from leoflow_runtime.engine.store import Tx

from .cluster import Cluster
from .invariants import Invariants
from .peace import check_backfills, check_runs, check_slots, is_quiet
from .people import People, registering
from .plan import START, Plan
from .replicas import Replica

PEACE_LOOKS = 240  # minutes


def live_through(plan: Plan) -> None:
    """Raises AssertionError where something did not hold, with the plan's seed to repeat it."""
    run_virtually(_live(plan))


async def _live(plan: Plan) -> None:
    history = History(plan)
    try:
        await history.run()
    finally:
        await history.end()


class History:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.chance = random.Random(plan.seed)
        self._loop = asyncio.get_running_loop()
        self.record = plan.record(self.now)
        self.invariants = Invariants(record=self.record)
        self.replicas: list[Replica] = []
        self.cluster = Cluster(self.chance, self.now, lambda: self.replicas)
        self.people = People(plan, self.chance, self.record, self.alive)
        self._names = 0

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())

    def alive(self) -> list[Replica]:
        return [replica for replica in self.replicas if replica.is_alive]

    async def run(self) -> None:
        self.resize_pools(self.plan.pools)
        self.new_replica()
        self.new_replica()
        for document in self.plan.documents:
            await self.people.someone(registering(document))
        for _ in self.plan.documents:
            await self.people.trigger()
        self.set_trouble(self.plan.trouble)
        accidents = [self.kill, self.stop, self.stall, self.repeat_report, self.lose_notices]
        for _ in range(self.plan.steps):
            await self.chance.choice([*self.people.wishes(), *accidents])()
            await asyncio.sleep(self.chance.choice([0, 0.001, 0.1, 2, 30, 300]))
            self.look()
        await self.make_peace()

    async def end(self) -> None:
        for replica in self.replicas:
            await replica.bury()
        await self.cluster.close()
        self.record.close()

    def look(self) -> None:
        for error in self.cluster.failures:
            raise error
        for replica in self.replicas:
            failure = replica.failure()
            if failure is not None:
                raise failure

    # Accidents

    def new_replica(self) -> None:
        self._names += 1
        settings = replace(self.plan.settings, dispatch_limit=self.chance.choice([1, 4, 256]))
        self.replicas.append(
            Replica(
                f"replica-{self._names}",
                self.record,
                self.cluster,
                self.chance,
                self.invariants.check,
                settings,
            )
        )

    def set_trouble(self, trouble: float) -> None:
        self.cluster.trouble = trouble
        for replica in self.replicas:
            replica.store.trouble = trouble

    async def kill(self) -> None:
        self.chance.choice(self.alive()).kill()
        self.new_replica()
        self.set_trouble(self.plan.trouble)

    async def stop(self) -> None:
        victim = self.chance.choice(self.alive())
        self.new_replica()
        self.set_trouble(self.plan.trouble)
        await victim.stop()

    async def stall(self) -> None:
        victim = self.chance.choice(self.alive())
        victim.line.stall()
        self._loop.call_later(self.chance.choice([1, 5, 60]), victim.line.go_on)

    async def repeat_report(self) -> None:
        if self.cluster.reports:
            report = self.chance.choice(self.cluster.reports)
            self.cluster.spawn(self.cluster.send(replace(report)))

    async def lose_notices(self) -> None:
        """The inbox is only committed facts' shadow: the sweep must do without it."""
        self.record.lose_notices()

    # The end

    def resize_pools(self, pools: Mapping[str, int]) -> None:
        def resize(tx: Tx) -> None:
            for name, slots in pools.items():
                self.record.resize_pool(tx, name, slots)

        self.record.write_now(resize)

    async def make_peace(self) -> None:
        """Nothing goes wrong any more, and nothing holds anything back: all must come to its end."""
        self.set_trouble(0.0)
        self.record.failing_commits = 0
        for replica in self.replicas:
            replica.line.go_on()
        self.resize_pools(dict.fromkeys(self.plan.pools, 4))
        calm = self.replicas[-1]
        await calm.engine.apply(self._let_go)
        still, looks = None, 0
        for _ in range(PEACE_LOOKS):
            await asyncio.sleep(60)
            self.look()
            seen = dict(self.record.tables["tasks"])
            is_still = seen == still and is_quiet(self.record) and not self.cluster.held()
            looks = looks + 1 if is_still else 0
            if looks == 3:
                break
            still = seen
        waits = check_runs(self.record)
        assert not self.record.tables["unfinished"], "launches that did not end"
        assert not self.cluster.held(), "processes that nobody stops"
        self.invariants.check()
        check_backfills(self.record, waits=waits)
        for document in self.plan.documents:
            if "schedule" in document:
                check_slots(self.record, str(document["dag_id"]), self.people.deleted)
        before = dict(self.record.tables["tasks"])
        self.record.write_now(Planner().load)
        assert self.record.tables["tasks"] == before, "a rebuild of the planner's memory found work"

    def _let_go(self, tx: Tx) -> None:
        for document in self.plan.documents:
            operations.set_paused(tx, dag_id=str(document["dag_id"]), is_paused=False)
        for backfill in tx.open_backfills():
            operations.set_backfill_paused(tx, backfill.pk, is_paused=False)
        operations.announce_config(tx)
