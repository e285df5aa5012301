"""One random history: DAGs, runs, people, crashes; then peace, in which everything must come to its end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.engine import EngineSettings
from leoflow_runtime.engine.errors import OperationRefused
from leoflow_runtime.engine.explain import Reason, explain
from leoflow_runtime.engine.in_memory import InMemoryStore
from leoflow_runtime.engine.planner import Planner
from leoflow_runtime.engine.simulator.virtual_time import run_virtually
from leoflow_runtime.engine.store import RunExists, Tx

from .cluster import Cluster
from .invariants import Invariants
from .replicas import Replica

START = datetime(2026, 3, 1, tzinfo=UTC)
DAG = "d"
# Seconds of virtual time cost real ones: less is polled than in earnest.
CALM = EngineSettings(lease_ttl=8, lease_renewal=2, lease_watch=2, sweep=5, dispatch_concurrency=2)
PEACE_LOOKS = 240  # minutes
SLOT = timedelta(minutes=10)
SLOTS = 6


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a history begins with. `trouble`: how often anything goes wrong, of 1."""

    documents: Sequence[Mapping[str, Any]]
    pools: Mapping[str, int]
    seed: int
    steps: int = 40
    trouble: float = 0.1


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
        self.store = InMemoryStore(self.now)
        for name, slots in plan.pools.items():
            self.store.tables["pools"][1, name] = slots
        self.invariants = Invariants(store=self.store)
        self.replicas: list[Replica] = []
        self.cluster = Cluster(self.chance, self.now, lambda: self.replicas)
        self.deleted: set[str] = set()  # runs that somebody wanted to delete
        self._names = 0

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    async def run(self) -> None:
        self.new_replica()
        self.new_replica()
        for document in self.plan.documents:
            await self.someone(_register(document))
        for _ in self.plan.documents:
            await self.trigger()
        self.set_trouble(self.plan.trouble)
        for _ in range(self.plan.steps):
            await self.disturb()
            await asyncio.sleep(self.chance.choice([0, 0.001, 0.1, 2, 30, 300]))
            self.look()
        await self.make_peace()

    async def end(self) -> None:
        for replica in self.replicas:
            await replica.bury()
        await self.cluster.close()

    def look(self) -> None:
        for error in self.cluster.failures:
            raise error
        for replica in self.replicas:
            failure = replica.failure()
            if failure is not None:
                raise failure

    # What happens

    def new_replica(self) -> None:
        self._names += 1
        settings = replace(CALM, dispatch_limit=self.chance.choice([1, 4, 256]))
        self.replicas.append(
            Replica(
                f"replica-{self._names}",
                self.store,
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

    async def disturb(self) -> None:
        await self.chance.choice(
            [
                self.trigger,
                self.trigger,
                self.clear,
                self.mark,
                self.mark_run,
                self.pause,
                self.resize_pool,
                self.delete,
                self.kill,
                self.stop,
                self.stall,
                self.repeat_report,
                self.lose_notices,
                self.register_again,
            ]
        )()

    async def trigger(self) -> None:
        self._names += 1
        run_id = f"run-{self._names}"
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
            tx._put("pools", (1, name), slots)  # type: ignore[attr-defined] # undone with the rest
            operations.announce_config(tx)

        await self.someone(resize)

    async def delete(self) -> None:
        dag_id, run_id = self.a_dag(), self.a_run()
        if self.chance.random() < 0.3:
            self.deleted.add(run_id)
            await self.someone(lambda tx: operations.delete_run(tx, dag_id=dag_id, run_id=run_id))

    async def register_again(self) -> None:
        """Another version: one task less, or the whole again."""
        document = dict(self.chance.choice(self.plan.documents))
        tasks = list(document["tasks"])
        leaves = [one for one in tasks if all(one["task_id"] not in other["depends_on"] for other in tasks)]
        if len(tasks) > 1 and self.chance.random() < 0.5:
            gone = self.chance.choice(leaves)
            document["tasks"] = [one for one in tasks if one is not gone]
        await self.someone(_register(document))

    async def kill(self) -> None:
        victim = self.chance.choice([replica for replica in self.replicas if replica.is_alive])
        victim.kill()
        self.new_replica()
        self.set_trouble(self.plan.trouble)

    async def stop(self) -> None:
        victim = self.chance.choice([replica for replica in self.replicas if replica.is_alive])
        self.new_replica()
        self.set_trouble(self.plan.trouble)
        await victim.stop()

    async def stall(self) -> None:
        victim = self.chance.choice([replica for replica in self.replicas if replica.is_alive])
        victim.line.stall()
        seconds = self.chance.choice([1, 5, 60])
        asyncio.get_running_loop().call_later(seconds, victim.line.go_on)

    async def repeat_report(self) -> None:
        if self.cluster.reports:
            report = self.chance.choice(self.cluster.reports)
            self.cluster.spawn(self.cluster.send(replace(report)))

    async def lose_notices(self) -> None:
        """The inbox is only committed facts' shadow: the sweep must do without it."""
        self.store.tables["inbox"].clear()

    # Who and what

    async def someone(self, operation: Any) -> None:
        """A person at some replica, who gives up when it does not answer."""
        replica = self.chance.choice([replica for replica in self.replicas if replica.is_alive])
        try:
            async with asyncio.timeout(5):
                await replica.engine.apply(operation)
        except (TimeoutError, OperationRefused, RunExists, OSError):
            pass

    def a_dag(self) -> str:
        return str(self.chance.choice(self.plan.documents)["dag_id"])

    def a_run(self) -> str:
        runs = list(self.store.tables["runs"].values())
        return str(self.chance.choice(runs).run_id) if runs else "none"

    def a_task(self) -> str:
        tasks = [one["task_id"] for document in self.plan.documents for one in document["tasks"]]
        return str(self.chance.choice(tasks))

    # The end

    async def make_peace(self) -> None:
        """Nothing goes wrong any more, and nothing holds anything back: all must come to its end."""
        self.set_trouble(0.0)
        self.store.failing_commits = 0
        for replica in self.replicas:
            replica.line.go_on()
        for name in self.plan.pools:
            self.store.tables["pools"][1, name] = 4
        calm = self.replicas[-1]
        for document in self.plan.documents:
            dag_id = str(document["dag_id"])

            def unpause(tx: Tx, dag_id: str = dag_id) -> None:
                operations.set_paused(tx, dag_id=dag_id, is_paused=False)
                operations.announce_config(tx)

            await calm.engine.apply(unpause)
        still, looks = None, 0
        for _ in range(PEACE_LOOKS):
            await asyncio.sleep(60)
            self.look()
            seen = dict(self.store.tables["tasks"])
            looks = looks + 1 if seen == still and self.is_quiet() else 0
            if looks == 3:
                break
            still = seen
        self.check_runs()
        assert not self.store.tables["unfinished"], "launches that did not end"
        assert not self.cluster.held(), "processes that nobody stops"
        self.invariants.check()
        for document in self.plan.documents:
            if "schedule" in document:
                self.check_slots(str(document["dag_id"]))
        before = dict(self.store.tables["tasks"])
        self.store.write_now(Planner().load)
        assert self.store.tables["tasks"] == before, "a rebuild of the planner's memory found work"

    def check_slots(self, dag_id: str) -> None:
        """Each slot of the catching-up schedule has its one run."""
        tables = self.store.tables
        runs = [run for run in tables["runs"].values() if run.run_type == "scheduled"]
        dates = [run.logical_date for run in runs if tables["dags"][run.dag_pk].dag_id == dag_id]
        assert len(dates) == len(set(dates)), "a slot has two runs"
        wanted = {START + number * SLOT for number in range(SLOTS)}
        gone = {START + number * SLOT for number in range(SLOTS) if _run_id(number) in self.deleted}
        if any(not run.state.is_terminal for run in runs):
            gone = wanted  # those behind them wait for max_active_runs
        assert wanted - gone <= set(dates) <= wanted, f"slots without a run: {wanted - gone - set(dates)}"

    def check_runs(self) -> None:
        """All have ended, but for those that wait for a past that ended badly, and for runs behind them."""
        tables = self.store.tables
        left = [run for run in tables["runs"].values() if not run.state.is_terminal]
        reasons: list[Reason] = []
        for run in left:
            for pk in tables["run_tasks"][run.pk]:
                row = tables["tasks"][pk]
                if row.state is None or not row.state.is_terminal:
                    found = self.store.read_now(
                        lambda tx, row=row: explain(tx, row.run_pk, row.task_id, row.map_index)
                    )
                    assert found, f"{row} waits for nothing: {self.describe(run.pk)}"
                    reasons += found
                    assert row.due_at is None, f"{row} is due: {self.describe(run.pk)}"
        waits = any(reason.name == "Previous Dagrun State" for reason in reasons)
        assert waits or not left, f"runs that did not end: {[self.describe(run.pk) for run in left]}"

    def is_quiet(self) -> bool:
        """No process is left, and no slot is still to come."""
        tables = self.store.tables
        slots = any(dag.next_run_after is not None for dag in tables["dags"].values())
        due = any(row.due_at is not None for row in tables["tasks"].values())
        return not slots and not due and not tables["unfinished"] and not self.cluster.held()

    def describe(self, run_pk: int) -> str:
        tables = self.store.tables
        rows = [tables["tasks"][pk] for pk in tables["run_tasks"][run_pk]]
        tasks = {(row.task_id, row.map_index): (str(row.state), row.launch_id, row.due_at) for row in rows}
        return f"{tables['runs'][run_pk].run_id} {tables['runs'][run_pk].state} {tasks}"


def scheduled() -> dict[str, Any]:
    """The fields of a DAG that has a run for each slot, whatever happened meanwhile."""
    end = START + (SLOTS - 1) * SLOT
    return {
        "schedule": {"delta_seconds": SLOT.total_seconds()},
        "start_date": START.isoformat(),
        "end_date": end.isoformat(),
        "catchup": True,
    }


def _run_id(slot: int) -> str:
    return f"scheduled__{(START + slot * SLOT).isoformat()}"


def _register(document: Mapping[str, Any]) -> Any:
    return lambda tx: operations.register_version(tx, document, created_by="test", meta={}, paused=False)
