"""The planner on virtual time, with an executor that records: what the engine's tests stand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from leoflow_runtime.domain.states import Outcome, RunState, TaskState
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.batch import Batch, perform
from leoflow_runtime.engine.in_memory import InMemoryStore
from leoflow_runtime.engine.operations import Verdict
from leoflow_runtime.engine.planner import Planner
from leoflow_runtime.engine.rows import LaunchReport, RunRow, TaskRow
from leoflow_runtime.engine.store import Lease, Tx
from leoflow_runtime.engine.work import MemoryStale
from leoflow_runtime.executors.protocol import LaunchOrder

T = TypeVar("T")

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def document(dag_id: str = "d", *, tasks: Sequence[Mapping[str, Any]], **fields: Any) -> dict[str, Any]:
    """A `dag.json`; tasks are python tasks unless they say otherwise."""
    full = [{"type": "python", **task} for task in tasks]
    return {"schema_version": "1.0", "dag_id": dag_id, "tasks": full, **fields}


def task(task_id: str, *depends_on: str, **fields: Any) -> dict[str, Any]:
    return {"task_id": task_id, "depends_on": list(depends_on), **fields}


class Machine:
    """One planner and one store. `orders` and `cancels`: what went to the executor, in order."""

    def __init__(self, *, dispatch_limit: int = 10_000) -> None:
        self.now = START
        self.store = InMemoryStore(lambda: self.now)
        self.planner = Planner(dispatch_limit=dispatch_limit)
        self.lease = Lease(owner="machine", epoch=1, expires_at=START + timedelta(days=10_000))
        self.store.tables["lease"]["planner"] = self.lease
        self.orders: list[LaunchOrder] = []
        self.cancels: list[int] = []

    # Time and transactions

    def apply(self, *wanted: Callable[[Tx], T], sweep: bool = False, drain: bool = False) -> T:
        """All operations in one transaction with their consequences; the last one's result."""
        batch = Batch(
            operations=wanted,
            sweep=sweep,
            drain=drain,
            dispatched=[order.launch_id for order in self.orders],
        )
        try:
            result = self.store.write_now(lambda tx: perform(tx, self.planner, batch), lease=self.lease)
        except MemoryStale:
            self.planner.forget()
            return self.apply(*wanted, sweep=sweep, drain=drain)
        except BaseException:
            self.planner.forget()
            raise
        self.orders += result.consequences.orders
        self.cancels += result.consequences.cancels
        for failed, outcome in zip(result.failed, result.outcomes, strict=True):
            if failed:
                raise outcome
        return result.outcomes[-1] if result.outcomes else None  # type: ignore[no-any-return]

    def elsewhere(self, operation: Callable[[Tx], T]) -> T:
        """An operation on a replica that does not plan: it leaves an inbox row."""
        return self.store.write_now(operation)

    def restart(self) -> None:
        """Everything in memory is lost; the record stays."""
        self.planner = Planner(dispatch_limit=10_000)
        self.apply()

    def wait(self, seconds: float) -> None:
        """Lets time pass, stopping wherever something falls due."""
        until = self.now + timedelta(seconds=seconds)
        while (due := self.planner.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.apply()
        self.now = until
        self.apply()

    # Doing

    def register(self, dag_id: str = "d", *, tasks: Sequence[Mapping[str, Any]], **fields: Any) -> None:
        wanted = document(dag_id, tasks=tasks, **fields)
        self.apply(
            lambda tx: operations.register_version(tx, wanted, created_by="test", meta={}, paused=False)
        )

    def trigger(self, dag_id: str = "d", **arguments: Any) -> str:
        return self.apply(lambda tx: operations.trigger_run(tx, dag_id=dag_id, **arguments)).run_id

    def run_of(self, *, tasks: Sequence[Mapping[str, Any]], dag_id: str = "d", **fields: Any) -> str:
        self.register(dag_id, tasks=tasks, **fields)
        return self.trigger(dag_id)

    def start(self, task_id: str, run_id: str | None = None) -> Verdict:
        launch = self.launch_of(task_id, run_id)
        return self.apply(lambda tx: operations.start_launch(tx, launch, pid=1, hostname="h"))

    def finish(
        self,
        task_id: str,
        outcome: Outcome | str = Outcome.SUCCESS,
        run_id: str | None = None,
        **report: Any,
    ) -> Verdict:
        return self.report(self.launch_of(task_id, run_id), outcome, **report)

    def report(self, launch_id: int, outcome: Outcome | str = Outcome.SUCCESS, **report: Any) -> Verdict:
        wanted = LaunchReport(
            launch_id=launch_id, outcome=Outcome(outcome), **{"finished_at": self.now, **report}
        )
        return self.apply(lambda tx: operations.finish_launch(tx, wanted))

    # Seeing

    def find_run(self, run_id: str | None = None, dag_id: str = "d") -> RunRow:
        def look(tx: Tx) -> RunRow:
            if run_id is None:
                return list(self.store.tables["runs"].values())[-1]
            return next(run for run in self.store.tables["runs"].values() if run.run_id == run_id)

        return self.store.read_now(look)

    def rows(self, run_id: str | None = None) -> dict[str, TaskRow]:
        run = self.find_run(run_id)
        return self.store.read_now(lambda tx: {row.task_id: row for row in tx.tasks(run.pk)})

    def states(self, run_id: str | None = None) -> dict[str, str | None]:
        return {name: row.state and str(row.state) for name, row in self.rows(run_id).items()}

    def state(self, task_id: str, run_id: str | None = None) -> TaskState | None:
        return self.rows(run_id)[task_id].state

    def run_state(self, run_id: str | None = None) -> RunState:
        return self.find_run(run_id).state

    def launch_of(self, task_id: str, run_id: str | None = None) -> int:
        launch_id = self.rows(run_id)[task_id].launch_id
        assert launch_id is not None, f"{task_id} was never launched"
        return launch_id

    def ordered(self) -> list[str]:
        """The tasks of all orders since the last call."""
        names = [order.task_id for order in self.orders[getattr(self, "_seen", 0) :]]
        self._seen = len(self.orders)
        return names
