"""Settling runs: from rows that changed to every consequence that needs no process.

Skips, upstream failures, empty tasks, retries that are due, ends of runs: all in the transaction of the
fact that caused them. A finished task costs as much as it has successors.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_runtime.domain.trigger_rules import Decision
from leoflow_runtime.engine.gates import Gate, Passage, first_closed, free, passage_of, take
from leoflow_runtime.engine.instances import CHUNK, expand, grow, verify
from leoflow_runtime.engine.live import HOLDING, WITH_PROCESS, LiveDag, LiveRun
from leoflow_runtime.engine.outcome import DEADLOCK, failed_too_often, tell_of_end
from leoflow_runtime.engine.past import past_allows
from leoflow_runtime.engine.rows import RunRow, TaskRow, changed_task
from leoflow_runtime.engine.stopping import FAIL_FAST, TIMEOUT, is_stopped, stop
from leoflow_runtime.engine.timers import TimerKind
from leoflow_runtime.engine.work import Work, new_try

if TYPE_CHECKING:
    from leoflow_runtime.engine.planner import Planner

_DELAYED = (TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE, TaskState.SCHEDULED)


class Settler:
    """One per transaction of the planner."""

    def __init__(self, planner: Planner, work: Work) -> None:
        self.planner = planner
        self.work = work
        # What the last transaction had no room for comes first.
        self._undecided, planner.undecided = planner.undecided, deque()
        self._ready: dict[tuple[int, int], LiveRun] = {}
        self._freed: dict[int, Gate] = {}
        self._touched: dict[int, LiveRun] = {}

    # Facts

    def observe(self, live: LiveRun, index: int, row: TaskRow) -> None:
        """A row as it stands in the record now, by whoever's hand."""
        before = live.rows[index]
        if before.state is not row.state:
            self.planner.observer.task_transition(before.state, row.state)
        self._replace(live, index, row)
        self.place(live, index)
        if row.state is TaskState.FAILED and live.graph.spec.fail_fast:
            self.planner.observer.decision("fail_fast")
            stop(self, live, FAIL_FAST)

    def place(self, live: LiveRun, index: int) -> None:
        """Takes or gives back slots, and sets the timer, that the row's state asks for."""
        row = live.rows[index]
        if row.state in HOLDING:
            if index not in live.held:
                passage = self.passage(live, index)
                take(passage)
                live.held[index] = passage
            live.parked.pop(index, None)
            return
        if index in live.held:
            self.leave(live, index)
        if row.state in _DELAYED and row.due_at is not None:
            live.parked.pop(index, None)
            self.planner.timers.add(row.due_at, TimerKind.TASK, live.run.pk, index)
        elif row.state is TaskState.SCHEDULED:
            if index not in live.parked:
                self._ready[live.run.pk, index] = live
        else:
            live.parked.pop(index, None)

    def consider(self, live: LiveRun, indices: Iterable[int]) -> None:
        """These rows are to be decided on."""
        self._undecided.extend((live, index) for index in indices)

    def consider_all(self, live: LiveRun) -> None:
        self._touched[live.run.pk] = live
        for index, row in enumerate(live.rows):
            if row.state is None:
                self._undecided.append((live, index))

    def wake_those_looking_back(self, dag: LiveDag) -> None:
        waiting, dag.looking_back = dag.looking_back, set()
        for run_pk, task in waiting:
            live = self.planner.runs.get(run_pk)
            if live is None:
                continue
            if past_allows(self.work.tx, self.planner.runs, live, task):
                self.consider(live, live.rows_of(task))
            else:
                # Once for all instances of a mapped task, as there may be many.
                dag.looking_back.add((run_pk, task))

    def freed(self, gate: Gate) -> None:
        if gate.waiting:
            self._freed[id(gate)] = gate

    def task_due(self, live: LiveRun, index: int) -> None:
        """The delay of a retry, a reschedule or a relaunch may be over."""
        if index >= len(live.rows):
            return
        row = live.rows[index]
        if row.due_at is None or row.due_at > self.work.now or row.state not in _DELAYED:
            return
        if row.state is TaskState.UP_FOR_RETRY:
            self._undecided.append((live, index))
            self.planner.observer.decision("retry")
        else:
            self._ready[live.run.pk, index] = live

    def watch_timeout(self, live: LiveRun) -> None:
        timeout = live.graph.spec.dagrun_timeout_seconds
        if timeout is not None and live.run.start_date is not None:
            when = live.run.start_date + timedelta(seconds=timeout)
            self.planner.timers.add(when, TimerKind.TIMEOUT, live.run.pk)

    def run_timed_out(self, live: LiveRun) -> None:
        timeout = live.graph.spec.dagrun_timeout_seconds
        start = live.run.start_date
        if timeout is None or start is None or start + timedelta(seconds=timeout) > self.work.now:
            return
        self.planner.observer.decision("timeout")
        self.go_on_stopping(live, TIMEOUT)

    def go_on_stopping(self, live: LiveRun, kind: str) -> None:
        if stop(self, live, kind) and kind == TIMEOUT:
            self._end_run(live, RunState.FAILED, "timed_out")

    # Consequences

    def settle(self) -> None:
        """Until nothing follows any more, or the transaction is full: the rest is left for the next one."""
        while True:
            while self._undecided and self._room > 0:
                live, index = self._undecided.popleft()
                if self.planner.runs.get(live.run.pk) is live:
                    self._decide(live, index)
            if self._ready:
                self._start_ready()
            elif self._freed:
                self._admit(self._freed.popitem()[1])
            elif self._touched:
                _, live = self._touched.popitem()
                if self.planner.runs.get(live.run.pk) is live:
                    self._end_if_over(live)
            elif self.planner.growing and self._room > 0:
                self._grow()
            elif not self._undecided or self._room <= 0:
                self.planner.undecided = self._undecided
                return

    def has_room(self) -> bool:
        """Whether the transaction should take on more."""
        return self._room > 0

    @property
    def _room(self) -> int:
        """How many rows this transaction should still write."""
        return CHUNK - self.work.size - len(self._ready)

    def _grow(self) -> None:
        (run_pk, task), _ = self.planner.growing.popitem()
        live = self.planner.runs.get(run_pk)
        if live is not None and not grow(self, live, task, self._room):
            self.planner.growing[run_pk, task] = None

    def _end_if_over(self, live: LiveRun) -> None:
        if not live.unfinished:
            outcome = live.outcome()
            self._end_run(live, outcome, "success" if outcome is RunState.SUCCESS else "task_failure")
        elif not live.moving and self._is_deadlocked(live):
            self.planner.observer.decision("deadlock")
            self._end_run(live, RunState.FAILED, DEADLOCK)

    def _is_deadlocked(self, live: LiveRun) -> bool:
        """Of a run in which nothing has begun that has not ended: whether nothing will begin any more.

        Not where a task waits for the run before: that may end well yet, or again.
        """
        pk = live.run.pk
        return not (
            pk in self.planner.stopping
            or any(run is live for run, _ in self._undecided)
            or any(run_pk == pk for run_pk, _ in self.planner.growing)
            or any(run_pk == pk for run_pk, _ in self.planner.dags[live.run.dag_pk].looking_back)
        )

    def _decide(self, live: LiveRun, index: int) -> None:
        if is_stopped(self.planner, live, index):
            return
        row = live.rows[index]
        due = row.state is TaskState.UP_FOR_RETRY and row.due_at is not None and row.due_at <= self.work.now
        if row.state is not None and not due:
            return
        task = live.task_of[index]
        if task in live.graph.dated and not live.graph.is_active_on(task, live.run.logical_date):
            self.end(live, index, TaskState.SKIPPED, message="The run's date is outside of the task's own.")
            return
        decision = live.decide(index)
        if task in live.graph.expansions:
            if row.map_index < 0 and row.state is None and (decision is Decision.RUN or live.is_known(index)):
                expand(self, live, task)
                return
            if decision is Decision.RUN and task in live.unverified and not verify(self, live, task):
                return
        if decision is Decision.RUN:
            spec = live.spec(index)
            if spec.depends_on_past or spec.wait_for_downstream:
                dag = self.planner.dags[live.run.dag_pk]
                place = (live.run.pk, task)
                if place in dag.looking_back or not past_allows(self.work.tx, self.planner.runs, live, task):
                    dag.looking_back.add(place)
                    decision = Decision.WAIT
        match decision:
            case Decision.SKIP:
                self.end(live, index, TaskState.SKIPPED)
                self.planner.observer.decision("skip")
            case Decision.UPSTREAM_FAIL:
                self.end(live, index, TaskState.UPSTREAM_FAILED)
                self.planner.observer.decision("upstream_failed")
            case Decision.RUN:
                if live.graph.is_effortless(task):
                    self.end(live, index, TaskState.SUCCESS)
                    self.planner.observer.decision("empty_success")
                else:
                    self._ready[live.run.pk, index] = live
            case Decision.WAIT if due:
                # Its upstream was set going again while it waited for its retry.
                self.write(live, index, {"state": None, "due_at": None})
            case Decision.WAIT if not live.moving:
                self._touched[live.run.pk] = live

    def _start_ready(self) -> None:
        ready = [
            (live.waiting(index), live, index)
            for (run_pk, index), live in self._ready.items()
            if self.planner.runs.get(run_pk) is live and not is_stopped(self.planner, live, index)
        ]
        self._ready.clear()
        if len(ready) > 1:
            ready.sort(key=lambda item: item[0])
        for waiting, live, index in ready:
            passage = self.passage(live, index)
            gate = self._closed(live, index, passage)
            if gate is None:
                self._launch(live, index, passage)
                continue
            self._park(live, index)
            live.parked[index] = gate
            gate.wait(waiting)

    def _admit(self, gate: Gate) -> None:
        """Lets those that wait at a gate try again while it has room."""
        too_big = []
        while gate.has_room(1) and (waiting := gate.next_waiting()) is not None:
            live = self.planner.runs.get(waiting.run_pk)
            if live is None or live.parked.get(waiting.task_index) is not gate:
                continue
            if is_stopped(self.planner, live, waiting.task_index):
                continue
            passage = self.passage(live, waiting.task_index)
            closed = self._closed(live, waiting.task_index, passage)
            if closed is None:
                self._launch(live, waiting.task_index, passage)
            elif closed is gate:
                too_big.append(waiting)
            else:
                live.parked[waiting.task_index] = closed
                closed.wait(waiting)
        for waiting in too_big:
            gate.wait(waiting)

    def _park(self, live: LiveRun, index: int) -> None:
        row = live.rows[index]
        if row.state is TaskState.SCHEDULED and row.due_at is None:
            return
        values: dict[str, Any] = {"state": TaskState.SCHEDULED, "scheduled_at": self.work.now, "due_at": None}
        if new_try(row):
            values |= self._new_try_values(row)
        self.write(live, index, values)
        self.planner.observer.decision("park")

    def _launch(self, live: LiveRun, index: int, passage: Passage) -> None:
        row = live.rows[index]
        values: dict[str, Any] = {
            "state": TaskState.QUEUED,
            "scheduled_at": row.scheduled_at or self.work.now,
            "queued_at": self.work.now,
            "end_date": None,
            "due_at": None,
        }
        begins = new_try(row)
        if begins:
            values |= self._new_try_values(row)
        since = row.scheduled_at or self.work.now
        waited = (self.work.now - since).total_seconds()
        self.planner.observer.scheduling_latency(waited)
        gate = live.parked.pop(index, None)
        if gate is not None:
            self.planner.observer.waited(gate.name, waited)
        take(passage)
        self._way(live, index).used += 1
        live.held[index] = passage
        self.write(live, index, values)
        self.work.launch(live, index, purge=begins and row.try_number > 0)

    def _new_try_values(self, row: TaskRow) -> dict[str, Any]:
        return {
            "try_number": row.try_number + 1,
            "infra_failures": 0,
            "start_date": None,
            "end_date": None,
            "scheduled_at": self.work.now,
        }

    def end(
        self,
        live: LiveRun,
        index: int,
        state: TaskState,
        *,
        why: str | None = None,
        message: str | None = None,
    ) -> None:
        """Ends a task without a process; one that has a process is told to stop."""
        row = live.rows[index]
        if row.state in WITH_PROCESS:
            self.planner.launches.pop(row.launch_id or 0, None)
            self.work.cancel(row.launch_id, why or "the task has been ended")
        if message is not None:
            self.work.change(row, {"message": message})
        values: dict[str, Any] = {
            "state": state,
            "start_date": row.start_date or self.work.now,
            "end_date": self.work.now,
            "due_at": None,
        }
        self.write(live, index, values)
        self.place(live, index)

    def _end_run(self, live: LiveRun, state: RunState, reason: str) -> None:
        live.run = self.change_run(live.run, {"state": state, "end_date": self.work.now})
        tell_of_end(self.work, live, reason)
        self.planner.run_ended(self, live)
        if state is RunState.FAILED and failed_too_often(self.work.tx, live):
            self.planner.observer.decision("pause")
            self.planner.pause(self, live.run.dag_pk)

    # Writing

    def change_run(self, run: RunRow, values: dict[str, Any]) -> RunRow:
        self.work.update_run(run, values)
        changed = replace(run, **values)
        self.planner.observer.run_transition(run.state, changed.state)
        return changed

    def write(self, live: LiveRun, index: int, values: dict[str, Any]) -> None:
        before = live.rows[index]
        self.work.change(before, values)
        after = changed_task(before, values)
        if before.state is not after.state:
            self.planner.observer.task_transition(before.state, after.state)
        self._replace(live, index, after)

    def name_launch(self, live: LiveRun, index: int, launch_id: int) -> None:
        live.rows[index] = changed_task(live.rows[index], {"launch_id": launch_id})

    def _replace(self, live: LiveRun, index: int, row: TaskRow) -> None:
        for concerned in live.replace_row(index, row):
            if live.rows[concerned].state is None:
                self._undecided.append((live, concerned))
        if row.state is not None and row.state.is_terminal:
            self._touched[live.run.pk] = live
            dag = self.planner.dags[live.run.dag_pk]
            if dag.looking_back:
                self.wake_those_looking_back(dag)

    # Slots

    def passage(self, live: LiveRun, index: int) -> Passage:
        """The slots that a task takes, or would take."""
        if index in live.held:
            return live.held[index]
        return passage_of(self.planner.gates, live.run, live.graph.spec, live.spec(index))

    def _way(self, live: LiveRun, index: int) -> Gate:
        """The way to the executor, whose slot is held only until the executor has taken the launch."""
        return self.planner.gates.dispatch[live.spec(index).is_native]

    def _closed(self, live: LiveRun, index: int, passage: Passage) -> Gate | None:
        closed = first_closed(passage)
        if closed is not None:
            return closed
        way = self._way(live, index)
        return None if way.has_room(1) else way

    def leave(self, live: LiveRun, index: int) -> None:
        for gate in free(live.held.pop(index)):
            self.freed(gate)
