"""Why a task does not run: every predicate that the planner asks, put into words.

All is read from the record, so that any replica can tell. Names are those of Airflow's dependencies view
where it has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from leoflow_runtime.domain.states import RunState, RunType, TaskState
from leoflow_runtime.domain.trigger_rules import Decision, Tally, decide_on_setups
from leoflow_runtime.engine.gates import Gate, Gates, closed_gates, passage_of, take
from leoflow_runtime.engine.graph import graph_of
from leoflow_runtime.engine.live import HOLDING, LiveRun
from leoflow_runtime.engine.past import past_allows
from leoflow_runtime.engine.rows import DagRow, RunRow, TaskRow
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.engine.timetables import run_limit

_TO_START = (None, TaskState.SCHEDULED, TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE)
_NAMED = 10  # tasks in one sentence
_GATES = {
    "pool": "Pool Slots Available",
    "max_active_tasks": "Task Instance Slots Available",
    "max_active_tis_per_dag": "Task Concurrency",
    "max_active_tis_per_dagrun": "Task Concurrency",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One thing that a task waits for."""

    name: str
    reason: str


class Handover(Protocol):
    """What the planning replica knows of the way to the executor, beyond the record."""

    def why_held_back(self, *, native: bool) -> str | None:
        """Why no more launches of that executor are ordered; None: they are."""

    def obstacle(self, launch_id: int) -> str | None:
        """Why an ordered launch has no process yet; None: nothing is known."""


def explain(
    tx: Tx, run_pk: int, task_id: str, map_index: int = -1, *, handover: Handover | None = None
) -> list[Reason]:
    """Everything that holds a task instance back; empty where it runs, has ended, or is about to start.

    Raises KeyError where the run does not exist or has no such task.
    """
    run = tx.run(run_pk)
    if run is None:
        raise KeyError(run_pk)
    live = LiveRun(run, tx.version(run.version_pk), tx.tasks(run_pk))
    index = _index(live, task_id, map_index)
    row = live.rows[index]
    if row.state in _TO_START:
        return [
            *_of_the_run(tx, run),
            *_of_the_graph(tx, live, index),
            *_of_time(tx, row),
            *_of_the_limits(tx, live, index),
            *(_of_the_way(live, index, handover) if row.state is TaskState.SCHEDULED else ()),
        ]
    return list(_of_a_launch(row, handover))


def _index(live: LiveRun, task_id: str, map_index: int) -> int:
    task = live.graph.index[task_id]
    return live.instances[task][map_index] if map_index >= 0 and task in live.instances else task


def _of_the_run(tx: Tx, run: RunRow) -> Iterator[Reason]:
    dag = tx.dag(run.dag_pk)
    if dag is not None and dag.is_paused:
        yield Reason(name="Dag Not Paused", reason=f"Dag {dag.dag_id!r} is paused.")
    if run.state is RunState.QUEUED and run.run_after > tx.now:
        yield Reason(name="Dagrun Running", reason=f"The run starts after {run.run_after.isoformat()}.")
    elif run.state is RunState.QUEUED:
        yield Reason(name="Dagrun Running", reason=_of_the_queue(tx, dag, run))
    elif run.state.is_terminal:
        yield Reason(name="Dagrun Running", reason=f"The run has ended ({run.state}).")


def _of_the_queue(tx: Tx, dag: DagRow | None, run: RunRow) -> str:
    if dag is None or dag.version_pk is None:
        return "The run is queued, and its Dag has no version any more."
    running = [other for other in tx.active_runs(dag.pk) if other.state is RunState.RUNNING]
    if run.run_type is RunType.BACKFILL:
        return f"The run is queued: its backfill starts it, and {len(running)} runs of its Dag are running."
    limit = run_limit(tx.version(dag.version_pk).spec)
    counted = sum(other.run_type is not RunType.BACKFILL for other in running)
    if counted < limit:
        return "The run is queued."
    return f"The run is queued: {counted} of at most {limit} runs of its Dag are running."


def _of_the_graph(tx: Tx, live: LiveRun, index: int) -> Iterator[Reason]:
    task, row, spec = live.task_of[index], live.rows[index], live.spec(index)
    if row.state not in (None, TaskState.UP_FOR_RETRY):
        return  # its upstream has been asked; it goes on with its try
    graph = live.graph
    waits = [up for up in graph.mapped_over.get(task, ()) if not live.has_ended(up)]
    if waits:
        yield Reason(name="Task has been mapped", reason=f"It is mapped over {_named(live, waits)}.")
    decision = live.decide(index)
    if decision is Decision.RUN:
        looks_back = spec.depends_on_past or spec.wait_for_downstream
        if looks_back and not past_allows(tx, {}, live, live.task_of[index]):
            why = "The task of the run before (or what is directly below it) has not ended well."
            yield Reason(name="Previous Dagrun State", reason=why)
        return
    setups = graph.distant_setups.get(task, frozenset())
    if setups and decide_on_setups(*live.distant.of(task, row.map_index)[:2]) is not Decision.RUN:
        blocking = [up for up in sorted(setups) if not _succeeded(live, up)]
        yield Reason(name="Trigger Rule", reason=f"Setups have to succeed first: {_named(live, blocking)}.")
    scope = [up for up in sorted(graph.teardown_scopes.get(task, ())) if not live.has_ended(up)]
    if scope:
        yield Reason(name="Trigger Rule", reason=f"It takes down after the end of {_named(live, scope)}.")
    tally, total, _ = live.direct.of(task, row.map_index)
    why = f"Trigger rule {spec.trigger_rule!r} over {total} upstream tasks: {_counted(tally)}"
    blocking = [up for up in graph.parents_of[task] if not live.has_ended(up)]
    if blocking:
        why += f"; not ended: {_named(live, blocking)}"
    if decision is not Decision.WAIT:
        why += f"; the task will be {'skipped' if decision is Decision.SKIP else 'upstream_failed'}"
    if total or not (setups or scope or waits):
        yield Reason(name="Trigger Rule", reason=why + ".")


def _of_time(tx: Tx, row: TaskRow) -> Iterator[Reason]:
    if row.due_at is not None and row.due_at > tx.now:
        name = "Not In Retry Period" if row.state is TaskState.UP_FOR_RETRY else "Ready To Reschedule"
        yield Reason(name=name, reason=f"It is due at {row.due_at.isoformat()}.")


def _of_the_limits(tx: Tx, live: LiveRun, index: int) -> Iterator[Reason]:
    gates = Gates(dispatch_limit=0)
    gates.set_pools(dict(tx.pool_slots()))
    wanted = passage_of(gates, live.run, live.graph.spec, live.spec(index))
    for held in tx.tasks_in(HOLDING):
        run = live.run if held.run_pk == live.run.pk else tx.run(held.run_pk)
        graph = live.graph if run is live.run or run is None else graph_of(tx.version(run.version_pk))
        spec = graph.spec_of(held.task_id)
        if run is not None and spec is not None:
            take(passage_of(gates, run, graph.spec, spec))
    for gate, slots in closed_gates(wanted):
        yield Reason(name=_GATES[gate.name.partition(" ")[0]], reason=_full(gate, slots))


def _full(gate: Gate, slots: int) -> str:
    if gate.limit == 0 and gate.name.startswith("pool "):
        return f"The {gate.name} has no slots, or does not exist."
    needs = f", and it needs {slots}" if slots > 1 else ""
    return f"It waits at {gate.name}: {gate.used} of {gate.limit} slots taken{needs}."


def _of_the_way(live: LiveRun, index: int, handover: Handover | None) -> Iterator[Reason]:
    why = handover.why_held_back(native=live.spec(index).is_native) if handover is not None else None
    if why is not None:
        yield Reason(name="Executor", reason=why)


def _of_a_launch(row: TaskRow, handover: Handover | None) -> Iterator[Reason]:
    if row.state is TaskState.RESTARTING:
        why = f"It was cleared while it ran; launch {row.launch_id} has to end first."
        yield Reason(name="Task Instance Not Running", reason=why)
    elif row.state is TaskState.DEFERRED:
        yield Reason(name="Task Instance State", reason="It is deferred, and waits for its trigger.")
    elif row.state is TaskState.QUEUED and row.launch_id is not None:
        known = handover.obstacle(row.launch_id) if handover is not None else None
        since = f" since {row.queued_at.isoformat()}" if row.queued_at else ""
        unknown = f"Launch {row.launch_id} is ordered{since}; no process has begun."
        yield Reason(name="Executor", reason=known or unknown)


def _succeeded(live: LiveRun, task: int) -> bool:
    return all(live.rows[index].state is TaskState.SUCCESS for index in live.rows_of(task))


def _named(live: LiveRun, tasks: list[int]) -> str:
    named = []
    for task in tasks[:_NAMED]:
        if task in live.sizes:
            how = f"{live.done[task]} of {live.sizes[task]} ended"
        else:
            how = str(live.rows[task].state or "not begun")
        named.append(f"{live.graph.specs[task].task_id} ({how})")
    more = f" and {len(tasks) - _NAMED} more" if len(tasks) > _NAMED else ""
    return ", ".join(named) + more


def _counted(tally: Tally) -> str:
    words = ("success", "failed", "upstream_failed", "skipped", "removed")
    ended = [f"{getattr(tally, word)} {word}" for word in words if getattr(tally, word)]
    return ", ".join(ended) if ended else "none has ended"
