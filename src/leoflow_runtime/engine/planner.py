"""The planner: given what changed, what follows. Synchronous; all it knows of the world is a transaction.

Memory is a cache of rows. Whoever calls it must `forget` after a transaction that did not commit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from leoflow_runtime.domain.states import LAUNCHED_TASK_STATES, RunState
from leoflow_runtime.engine.backfilling import advance_backfill
from leoflow_runtime.engine.deadlines import deadline_passed, watch_deadlines
from leoflow_runtime.engine.gates import Gate, Gates
from leoflow_runtime.engine.live import LiveDag, LiveRun
from leoflow_runtime.engine.observer import NoObserver, Observer
from leoflow_runtime.engine.rows import RunRow, TaskRow
from leoflow_runtime.engine.scheduling import create_asset_run, create_due_run
from leoflow_runtime.engine.settle import Settler
from leoflow_runtime.engine.stopping import go_on, is_left
from leoflow_runtime.engine.store import Change, Tx
from leoflow_runtime.engine.timers import Timer, TimerKind, Timers
from leoflow_runtime.engine.timetables import run_limit
from leoflow_runtime.engine.work import Consequences, Work
from leoflow_runtime.executors.protocol import LaunchOrder, Place

DISPATCH_LIMIT = 256
MAX_MAP_LENGTH = 10_000
_AT_ONCE = datetime.min.replace(tzinfo=UTC)


class Planner:
    """`dispatch_limit`: launches that are ordered and not yet taken, by each executor. `max_map_length`: how
    many instances a mapped task may have.
    """

    def __init__(
        self,
        observer: Observer | None = None,
        *,
        dispatch_limit: int = DISPATCH_LIMIT,
        max_map_length: int = MAX_MAP_LENGTH,
    ) -> None:
        self.observer = observer or NoObserver()
        self.max_map_length = max_map_length
        self._dispatch_limit = dispatch_limit
        self.forget()

    def forget(self) -> None:
        """Drops all memory; the next transaction loads it again."""
        self.loaded = False
        self.runs: dict[int, LiveRun] = {}
        self.dags: dict[int, LiveDag] = {}
        self.gates = Gates(self._dispatch_limit)
        self.timers = Timers()
        # Open launches that may go on -> (run, task).
        self.launches: dict[int, tuple[int, int]] = {}
        # Where the launches of this transaction can be open at once.
        self.places: deque[Place] = deque()
        # What a full transaction left to the next: rows to decide on, mapped tasks to insert instances of.
        self.undecided: deque[tuple[LiveRun, int]] = deque()
        self.growing: dict[tuple[int, int], None] = {}
        # DAGs that would have started more runs in a transaction that was full.
        self.postponed: dict[int, None] = {}
        # Runs of which a full transaction has ended only a part of what is to end -> why (`stopping`).
        self.stopping: dict[int, str] = {}
        # Launches on their way to an executor -> its dispatch gate, of which they hold a slot.
        self._ordered: dict[int, Gate] = {}

    # What the engine calls, inside a transaction

    def load(
        self, tx: Tx, ordered: Iterable[LaunchOrder] = (), changes: Iterable[Change] = ()
    ) -> Consequences:
        """Rebuilds memory from the record, and draws every consequence that is due.

        `ordered`: what is still on its way to an executor. `changes`: the rows hold the facts but for what an
        earlier planner left to do.
        """
        self.forget()
        self.loaded = True
        self.observer.decision("rebuild")
        self._note_orders(ordered)
        work = Work(tx)
        self.gates.set_pools(dict(tx.pool_slots()))
        settler = Settler(self, work)
        for run in tx.active_runs():
            dag = self._dag(tx, run.dag_pk)
            if dag is not None and run.state is RunState.RUNNING:
                self._adopt(settler, dag, run)
        for change in filter(is_left, changes):
            go_on(settler, change)
        for backfill in tx.open_backfills():
            self._dag(tx, backfill.dag_pk)
        for dag_row in tx.scheduled_dags():
            assert dag_row.next_run_after is not None
            self.timers.add(dag_row.next_run_after, TimerKind.DAG, dag_row.pk)
        for launch in tx.unfinished_launches():
            task = tx.task(launch.task_pk)
            if launch.callback is not None:
                continue
            if task is None or not _may_go_on(task, launch.launch_id):
                work.cancel(launch.launch_id, "the task is not to run any more")
        self._fire(settler, self.timers.due(work.now))
        for dag in list(self.dags.values()):
            self._advance_dag(settler, dag)
        return self._conclude(settler)

    def plan(self, tx: Tx, changes: Sequence[Change]) -> Consequences:
        """Draws the consequences of what was announced, and of what time has made due."""
        work = Work(tx)
        settler = Settler(self, work)
        for gate in self.gates.dispatch.values():
            settler.freed(gate)
        for run_pk, kind in list(self.stopping.items()):
            if run_pk in self.runs:
                settler.go_on_stopping(self.runs[run_pk], kind)
        postponed, self.postponed = self.postponed, {}
        for dag_pk in postponed:
            if dag_pk in self.dags:
                self._advance_dag(settler, self.dags[dag_pk])
        seen: set[tuple[str, int]] = set()
        for change in changes:
            if change.task is None or change.kind != "task":
                # The row holds the facts: one look at it covers every notice of the same thing.
                if (change.kind, change.pk) in seen:
                    continue
                seen.add((change.kind, change.pk))
            self._take(settler, change)
        self._fire(settler, self.timers.due(work.now))
        return self._conclude(settler)

    def sweep(self, tx: Tx) -> Consequences:
        """Repairs what no event has told: runs that are active and not in memory, or the reverse; launches
        that have ended; runs that were cleared."""
        work = Work(tx)
        settler = Settler(self, work)
        self._pools(settler)
        active = {run.pk: run for run in tx.active_runs()}
        for pk in [pk for pk in self.runs if pk not in active]:
            self._take_run(settler, pk)
        for pk, run in active.items():
            dag = self.dags.get(run.dag_pk)
            expected = {} if dag is None else dag.queued if run.state is RunState.QUEUED else self.runs
            known = self.runs.get(pk)
            was_cleared = known is not None and known.run.clear_number != run.clear_number
            if pk not in expected or was_cleared:
                self._take_run(settler, pk)
        current = set(tx.open_launch_ids())
        for launch_id, (_, task_pk) in list(self.launches.items()):
            if launch_id not in current:
                self._take_task(settler, tx.task(task_pk))
        for dag_row in tx.scheduled_dags():
            if dag_row.next_run_after is not None and dag_row.next_run_after <= work.now:
                live = self._dag(tx, dag_row.pk)
                if live is not None:
                    live.row = dag_row
                    self._advance_dag(settler, live)
        return self._conclude(settler)

    def dispatched(self, launch_ids: Iterable[int]) -> None:
        """These launches have left the way to their executor."""
        for launch_id in launch_ids:
            gate = self._ordered.pop(launch_id, None)
            if gate is not None:
                gate.used -= 1

    def _note_orders(self, orders: Iterable[LaunchOrder]) -> None:
        for order in orders:
            gate = self.gates.dispatch[order.is_native]
            gate.used += 1
            self._ordered[order.launch_id] = gate

    @property
    def waits_for_dispatch(self) -> list[bool]:
        """For which executors tasks are held back, by whether it is the native one."""
        return [native for native, gate in self.gates.dispatch.items() if gate.waiting]

    # Changes

    def _take(self, settler: Settler, change: Change) -> None:
        if change.kind == "task":
            self._take_task(settler, change.task or settler.work.tx.task(change.pk))
        elif change.kind == "run":
            self._take_run(settler, change.pk)
        elif change.kind == "dag":
            self._take_dag(settler, change.pk)
        elif change.kind == "callback":
            settler.work.order_callback(change.pk)
        elif is_left(change):
            go_on(settler, change)
        else:
            self._pools(settler)

    def _take_task(self, settler: Settler, row: TaskRow | None) -> None:
        if row is None:
            return
        if row.launch_id is not None and not _may_go_on(row, row.launch_id):
            if self.launches.pop(row.launch_id, None) is not None and row.forced_skip:
                settler.work.cancel(row.launch_id, "a branch skipped the task")
        live = self.runs.get(row.run_pk)
        if live is not None and row.pk in live.index_of:
            settler.observe(live, live.index_of[row.pk], row)

    def _take_run(self, settler: Settler, run_pk: int) -> None:
        """Reads a run and its tasks again, whatever happened to it."""
        tx = settler.work.tx
        run = tx.run(run_pk)
        rows = tx.tasks(run_pk) if run is not None else []
        self._stop_superseded(settler, run_pk, rows)
        if run is None:
            for dag in self.dags.values():
                if run_pk in dag.running or run_pk in dag.queued:
                    self._forget_run(settler, dag, run_pk)
                    self._advance_dag(settler, dag)
                    break
            return
        known_dag = self._dag(tx, run.dag_pk)
        if known_dag is None:
            return
        self._forget_run(settler, known_dag, run_pk)
        if run.state is RunState.RUNNING:
            self._adopt(settler, known_dag, run, rows)
        elif run.state is RunState.QUEUED:
            known_dag.queued[run_pk] = run
            watch_deadlines(self, tx, tx.version(run.version_pk).spec, run)
            if run.run_after > settler.work.now:
                self.timers.add(run.run_after, TimerKind.RUN, run_pk)
        settler.wake_those_looking_back(known_dag)
        self._advance_dag(settler, known_dag)

    def _stop_superseded(self, settler: Settler, run_pk: int, rows: Sequence[TaskRow]) -> None:
        """Cancels launches of the run that may not go on any more. `rows`: its tasks as they are now."""
        after = {row.pk: row for row in rows}
        for launch_id, (of_run, task_pk) in list(self.launches.items()):
            if of_run != run_pk:
                continue
            row = after.get(task_pk)
            if row is not None and _may_go_on(row, launch_id):
                continue
            del self.launches[launch_id]
            launch = settler.work.tx.launch(launch_id)
            if launch is None or launch.finished_at is None:
                settler.work.cancel(launch_id, "the task is not to run any more")

    def _take_dag(self, settler: Settler, dag_pk: int) -> None:
        tx = settler.work.tx
        row = tx.dag(dag_pk)
        live = self.dags.get(dag_pk)
        if row is None:
            if live is not None:
                for run_pk in [*live.running, *live.queued]:
                    self._stop_superseded(settler, run_pk, [])
                    self._forget_run(settler, live, run_pk)
                del self.dags[dag_pk]
            return
        if live is None:
            live = self._dag(tx, dag_pk)
            assert live is not None
        live.row = row
        live.version = tx.version(row.version_pk) if row.version_pk is not None else None
        live.backfill = next(iter(tx.open_backfills(dag_pk)), None)
        pk = live.backfill.pk if live.backfill is not None else 0
        known = ((run_pk, self.runs.get(run_pk)) for run_pk in live.running)
        live.backfilling = {run_pk for run_pk, run in known if run is not None and run.run.backfill_pk == pk}
        self._set_pause(settler, live)
        if row.next_run_after is not None and not row.is_paused:
            self.timers.add(row.next_run_after, TimerKind.DAG, dag_pk)
        self._advance_dag(settler, live)

    def pause(self, settler: Settler, dag_pk: int) -> None:
        """The DAG starts nothing any more until a person lets it."""
        settler.work.tx.update_dag(dag_pk, {"is_paused": True})
        self._take_dag(settler, dag_pk)

    def _set_pause(self, settler: Settler, dag: LiveDag) -> None:
        gate = self.gates.pause(dag.row.pk)
        gate.limit = 0 if dag.row.is_paused else None
        settler.freed(gate)

    def _pools(self, settler: Settler) -> None:
        for gate in self.gates.set_pools(dict(settler.work.tx.pool_slots())):
            settler.freed(gate)

    # Memory

    def _dag(self, tx: Tx, dag_pk: int) -> LiveDag | None:
        live = self.dags.get(dag_pk)
        if live is not None:
            return live
        row = tx.dag(dag_pk)
        if row is None:
            return None
        live = self.dags[dag_pk] = LiveDag(
            row, tx.version(row.version_pk) if row.version_pk is not None else None
        )
        live.backfill = next(iter(tx.open_backfills(dag_pk)), None)
        self.gates.pause(dag_pk).limit = 0 if row.is_paused else None
        for run in tx.active_runs(dag_pk):
            watch_deadlines(self, tx, tx.version(run.version_pk).spec, run)
            if run.state is RunState.QUEUED:
                live.queued[run.pk] = run
                if run.run_after > tx.now:
                    self.timers.add(run.run_after, TimerKind.RUN, run.pk)
            else:
                live.running.add(run.pk)
        return live

    def _adopt(
        self, settler: Settler, dag: LiveDag, run: RunRow, rows: Sequence[TaskRow] | None = None
    ) -> None:
        """Takes a running run into memory, with the slots that its tasks hold."""
        tx = settler.work.tx
        live = LiveRun(run, tx.version(run.version_pk), tx.tasks(run.pk) if rows is None else rows)
        self.runs[run.pk] = live
        dag.running.add(run.pk)
        if dag.backfill is not None and run.backfill_pk == dag.backfill.pk:
            dag.backfilling.add(run.pk)
        watch_deadlines(self, tx, live.graph.spec, run)
        timeout = live.graph.spec.dagrun_timeout_seconds
        if timeout is not None and run.start_date is not None:
            settler.watch_timeout(live)
        for index, row in enumerate(live.rows):
            if row.state in LAUNCHED_TASK_STATES and row.launch_id is not None:
                self.launches[row.launch_id] = (run.pk, row.pk)
            settler.place(live, index)
        for task in live.sizes:
            if live.missing(task):
                self.growing[run.pk, min(live.graph.members(task))] = None
        settler.consider_all(live)

    def _forget_run(self, settler: Settler, dag: LiveDag, run_pk: int) -> None:
        dag.running.discard(run_pk)
        dag.backfilling.discard(run_pk)
        dag.queued.pop(run_pk, None)
        dag.looking_back = {place for place in dag.looking_back if place[0] != run_pk}
        live = self.runs.pop(run_pk, None)
        self.stopping.pop(run_pk, None)
        if live is not None:
            for index in list(live.held):
                settler.leave(live, index)
            self.gates.drop_run(run_pk)

    # Runs

    def _advance_dag(self, settler: Settler, dag: LiveDag) -> None:
        """Makes scheduled runs that are due and starts queued ones, as far as the limits allow.

        Runs that need no process end where they began, and more follow: what a full transaction has no room
        for is left to the next.
        """
        work = settler.work
        if dag.version is None or dag.row.is_paused:
            return
        if not settler.has_room():
            self.postponed[dag.row.pk] = None
            return
        limit = run_limit(dag.version.spec)
        while dag.active < limit and settler.has_room():
            run = create_due_run(work.tx, dag)
            if run is None:
                break
            work.inserted += len(dag.version.spec.tasks)
            dag.queued[run.pk] = run
            watch_deadlines(self, work.tx, dag.version.spec, run)
            self.observer.decision("create_run")
        if not settler.has_room():
            self.postponed[dag.row.pk] = None
        if dag.active < limit and (run := create_asset_run(work.tx, dag)) is not None:
            dag.queued[run.pk] = run
            watch_deadlines(self, work.tx, dag.version.spec, run)
            self.observer.decision("create_run")
        if dag.row.next_run_after is not None and dag.row.next_run_after > work.now:
            self.timers.add(dag.row.next_run_after, TimerKind.DAG, dag.row.pk)
        ready = sorted(
            (run for run in dag.own_queued() if run.run_after <= work.now),
            key=lambda run: (run.run_after, run.pk),
        )
        for run in ready[: max(0, limit - len(dag.running) + len(dag.backfilling))]:
            self.start_run(settler, dag, run)
        advance_backfill(self, settler, dag)

    def start_run(self, settler: Settler, dag: LiveDag, run: RunRow) -> None:
        """A queued run begins; the caller has seen to the limits."""
        work = settler.work
        del dag.queued[run.pk]
        started = settler.change_run(run, {"state": RunState.RUNNING, "start_date": work.now})
        self.observer.decision("start_run")
        self._adopt(settler, dag, started)

    def run_ended(self, settler: Settler, live: LiveRun) -> None:
        """Called by the settler, once the run's state is written."""
        dag = self.dags[live.run.dag_pk]
        self._forget_run(settler, dag, live.run.pk)
        settler.wake_those_looking_back(dag)
        self._advance_dag(settler, dag)

    # Time

    def _fire(self, settler: Settler, due: Iterable[Timer]) -> None:
        for timer in due:
            if timer.kind is TimerKind.DAG:
                dag = self._dag(settler.work.tx, timer.pk)
                if dag is not None:
                    self._advance_dag(settler, dag)
            elif timer.kind is TimerKind.RUN:
                for dag in self.dags.values():
                    if timer.pk in dag.queued:
                        self._advance_dag(settler, dag)
                        break
            elif timer.kind is TimerKind.DEADLINE:
                deadline_passed(settler, timer.pk, timer.task_index)
            elif timer.pk in self.runs:
                live = self.runs[timer.pk]
                if timer.kind is TimerKind.TASK:
                    settler.task_due(live, timer.task_index)
                else:
                    settler.run_timed_out(live)

    def next_due(self) -> datetime | None:
        """When time alone gives the planner something to do; long ago where a full transaction left some."""
        left = self.undecided or self.growing or self.postponed or self.stopping
        return _AT_ONCE if left else self.timers.next

    # The end of a transaction

    def _conclude(self, settler: Settler) -> Consequences:
        settler.settle()
        work = settler.work
        for live, index, launch in work.flush(self.places):
            row = live.rows[index]
            settler.name_launch(live, index, launch.launch_id)
            self.launches[launch.launch_id] = (live.run.pk, row.pk)
            self.observer.decision("launch")
        # Counted one by one when they were decided on.
        for order in work.consequences.orders:
            self._ordered[order.launch_id] = self.gates.dispatch[order.is_native]
        if work.consequences.cancels:
            self.observer.decision("cancel", len(work.consequences.cancels))
        return work.consequences


def _may_go_on(row: TaskRow, launch_id: int) -> bool:
    return row.launch_id == launch_id and row.state in LAUNCHED_TASK_STATES
