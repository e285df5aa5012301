"""One history: time jumps to whatever falls due next, and the planner draws the consequences."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from types import MappingProxyType
from typing import Any

from leoflow_runtime.artifact import DagSpec, TaskSpec
from leoflow_runtime.artifact.records import RETURN_VALUE
from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.batch import Batch, BatchResult, perform
from leoflow_runtime.engine.graph import Graph
from leoflow_runtime.engine.in_memory import InMemoryStore
from leoflow_runtime.engine.observer import NoObserver
from leoflow_runtime.engine.planner import DISPATCH_LIMIT, Planner
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.engine.simulator.durations import Durations
from leoflow_runtime.engine.store import Change, Lease, Tx
from leoflow_runtime.engine.timetables import schedule_values, timetable_of
from leoflow_runtime.engine.work import Consequences
from leoflow_runtime.executors.protocol import LaunchOrder
from leoflow_runtime.schedule import Slot

_TENANT = 1
Operation = Callable[[Tx], Any]
_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Stay:
    """One launch: from the moment at which nothing but limits held its task back, to its end."""

    task_pk: int
    run_pk: int
    task_id: str
    map_index: int
    pool: str
    slots: int
    ready: datetime
    ordered: datetime
    started: datetime | None = None
    ended: datetime | None = None


class Waits(NoObserver):
    """How long tasks waited at which limit, in seconds."""

    def __init__(self) -> None:
        self.by_limit: dict[str, list[float]] = {}

    def waited(self, limit: str, seconds: float) -> None:
        self.by_limit.setdefault(limit, []).append(seconds)


class Simulation:
    """`start_seconds`: from an order to the task's first line. `pools`: slots by name, -1 for unlimited."""

    def __init__(
        self,
        *,
        start: datetime,
        durations: Durations | None = None,
        pools: Mapping[str, int] | None = None,
        start_seconds: float = 0.0,
        dispatch_limit: int = DISPATCH_LIMIT,
    ) -> None:
        self.now = self.start = start
        self.durations = durations or Durations()
        self.store = InMemoryStore(lambda: self.now)
        for name, slots in (pools or {}).items():
            self.store.tables["pools"][_TENANT, name] = slots
        self.waits = Waits()
        self.planner = Planner(self.waits, dispatch_limit=dispatch_limit)
        self.stays: dict[int, Stay] = {}
        self._lease = Lease(owner="simulation", epoch=1, expires_at=_FOREVER)
        self.store.tables["lease"]["planner"] = self._lease
        self._start_delay = timedelta(seconds=start_seconds)
        self._specs: dict[str, dict[str, TaskSpec]] = {}
        self._returning: set[tuple[str, str]] = set()  # tasks whose values others are mapped over
        self._events: list[tuple[datetime, int, Operation]] = []  # when, the order of adding, what happens
        self._order = count()
        self._taken: list[int] = []  # launches that the executor has taken since the last transaction

    def register(self, document: Mapping[str, Any]) -> None:
        """A DAG as if it had run until now: its first run is the first that is due from now on.

        Raises ScheduleInvalid.
        """
        # Paused first, so that nothing is made before it is said from when on.
        quiet = {**document, "is_paused_upon_creation": True}
        dag = self.apply(
            lambda tx: operations.register_version(tx, quiet, created_by="simulation", meta={})
        ).dag
        spec = DagSpec.from_document(quiet)
        self._specs[dag.dag_id] = {task.task_id: task for task in spec.tasks}
        graph = Graph(spec)
        over = {up for parents in graph.mapped_over.values() for up in parents}
        self._returning |= {(dag.dag_id, graph.specs[up].task_id) for up in over}
        slot = self._first_slot(document)

        def unpause(tx: Tx) -> None:
            tx.update_dag(dag.pk, {**schedule_values(slot), "is_paused": False})
            tx.announce(Change(kind="dag", pk=dag.pk))

        self.apply(unpause)

    def _first_slot(self, document: Mapping[str, Any]) -> Slot | None:
        # What the DAG would have caught up with has been caught up with.
        timetable = timetable_of(DagSpec.from_document({**document, "catchup": False}))
        slot = timetable.next_slot(None, now=self.now)
        while slot is not None and slot.run_after < self.now:
            slot = timetable.next_slot(slot.data_interval, now=self.now)
        return slot

    def trigger(self, dag_id: str) -> None:
        """A manual run, now."""
        self.apply(
            lambda tx: operations.trigger_run(tx, dag_id=dag_id, run_id=f"manual__{self.now.isoformat()}")
        )

    def run(self, until: datetime, *, progress: Callable[[datetime], None] | None = None) -> None:
        """Everything that happens up to `until`, that moment included."""
        while (due := self._next()) is not None and due <= until:
            self.now = max(self.now, due)
            if progress is not None:
                progress(self.now)
            happening = []
            while self._events and self._events[0][0] <= self.now:
                happening.append(heapq.heappop(self._events)[2])
            self.apply(*happening)
        self.now = max(self.now, until)

    def apply(self, *wanted: Operation) -> Any:
        """These operations and all that follows from them; the last one's result."""
        result = self._transact(wanted)
        answer = result.outcomes[-1] if result.outcomes else None
        for failed, outcome in zip(result.failed, result.outcomes, strict=True):
            if failed:
                raise outcome
        # The executor takes what it is given at once, so that the next may follow.
        while self._taken and self.planner.waits_for_dispatch:
            self._transact(())
        return answer

    def _transact(self, wanted: tuple[Operation, ...]) -> BatchResult:
        taken, self._taken = self._taken, []
        batch = Batch(operations=wanted, dispatched=taken)
        result = self.store.write_now(lambda tx: perform(tx, self.planner, batch), lease=self._lease)
        self._carry_out(result.consequences)
        return result

    def _next(self) -> datetime | None:
        """When something happens next."""
        due = self.planner.next_due()
        if not self._events:
            return due
        return self._events[0][0] if due is None else min(due, self._events[0][0])

    # The executor

    def _carry_out(self, consequences: Consequences) -> None:
        for order in consequences.orders:
            self._launch(order)
        for launch_id in consequences.cancels:
            self._at(self.now, partial(self._end, launch_id=launch_id, outcome=Outcome.CANCELLED))

    def _launch(self, order: LaunchOrder) -> None:
        launch_id = order.launch_id
        launch = self.store.tables["launches"][launch_id]
        row = self.store.tables["tasks"][launch.task_pk]
        spec = self._specs[order.dag_id][order.task_id]
        self._taken.append(launch_id)
        self.stays[launch_id] = Stay(
            task_pk=row.pk,
            run_pk=row.run_pk,
            task_id=row.task_id,
            map_index=row.map_index,
            pool=spec.pool,
            slots=spec.pool_slots,
            ready=row.scheduled_at or self.now,
            ordered=self.now,
        )
        began = self.now + self._start_delay
        does = self.durations.of(
            dag_id=order.dag_id,
            run_id=order.run_id,
            task_id=order.task_id,
            map_index=order.map_index,
            try_number=order.try_number,
        )
        seconds, outcome = does.seconds, Outcome.FAILED if does.fails else Outcome.SUCCESS
        limit = spec.execution_timeout_seconds
        if limit is not None and seconds > limit:
            seconds, outcome = limit, Outcome.FAILED
        self._at(began, partial(self._start, launch_id=launch_id))
        left: dict[str, Any] = {}
        if outcome is Outcome.SUCCESS and (order.dag_id, order.task_id) in self._returning:
            left = {"xcoms": {RETURN_VALUE: b"[]"}, "map_length": does.length}
        ends = partial(self._end, launch_id=launch_id, outcome=outcome, left=left)
        self._at(began + timedelta(seconds=seconds), ends)

    def _at(self, when: datetime, happens: Operation) -> None:
        heapq.heappush(self._events, (when, next(self._order), happens))

    def _start(self, tx: Tx, *, launch_id: int) -> None:
        if operations.start_launch(tx, launch_id).accepted:
            self.stays[launch_id].started = tx.now

    def _end(
        self, tx: Tx, *, launch_id: int, outcome: Outcome, left: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        stay = self.stays[launch_id]
        if stay.ended is None:
            stay.ended = tx.now
            report = LaunchReport(launch_id=launch_id, outcome=outcome, finished_at=tx.now, **left)
            operations.finish_launch(tx, report)
