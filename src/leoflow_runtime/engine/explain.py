"""Why a task does not run yet: the planner's own predicates, put into words."""

from __future__ import annotations

from dataclasses import dataclass

from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_runtime.domain.trigger_rules import Decision, Tally
from leoflow_runtime.engine.live import LiveRun
from leoflow_runtime.engine.past import past_allows
from leoflow_runtime.engine.planner import Planner
from leoflow_runtime.engine.rows import DagRow
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.engine.timetables import run_limit


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One dependency that is not met. `name`: as Airflow's dependencies view calls it where it has one."""

    name: str
    reason: str


def explain(tx: Tx, run_pk: int, task_id: str, planner: Planner | None = None) -> list[Reason]:
    """What holds a task back; empty for one that nothing holds back, or that has begun.

    `planner`: of the replica that plans; it alone knows at which limit a task waits. Raises KeyError
    where the run or the task does not exist.
    """
    run = tx.run(run_pk)
    if run is None:
        raise KeyError(run_pk)
    live = LiveRun(run, tx.version(run.version_pk), tx.tasks(run_pk))
    index = live.graph.index[task_id]
    row = live.rows[index]
    if row.state not in (None, TaskState.SCHEDULED, TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE):
        return []
    reasons = [*_of_the_run(tx, live)]
    if row.state in (None, TaskState.UP_FOR_RETRY):
        reasons += _of_the_graph(tx, live, index)
    if row.due_at is not None and row.due_at > tx.now:
        name = "Not In Retry Period" if row.state is TaskState.UP_FOR_RETRY else "Ready To Reschedule"
        reasons.append(Reason(name=name, reason=f"It is due at {row.due_at.isoformat()}."))
    if row.state is TaskState.SCHEDULED and row.due_at is None:
        reasons.append(_of_the_limits(run_pk, index, planner))
    return reasons


def _of_the_run(tx: Tx, live: LiveRun) -> list[Reason]:
    run = live.run
    reasons = []
    dag = tx.dag(run.dag_pk)
    if dag is not None and dag.is_paused:
        reasons.append(Reason(name="Dag Not Paused", reason=f"Dag {dag.dag_id!r} is paused."))
    if run.state is RunState.RUNNING:
        return reasons
    if run.state is RunState.QUEUED and run.run_after > tx.now:
        why = f"The run starts after {run.run_after.isoformat()}."
    elif run.state is RunState.QUEUED:
        why = _of_the_queue(tx, dag)
    else:
        why = f"The run has ended ({run.state})."
    return [*reasons, Reason(name="Dagrun Running", reason=why)]


def _of_the_queue(tx: Tx, dag: DagRow | None) -> str:
    if dag is None or dag.version_pk is None:
        return "The run is queued, and its Dag has no version any more."
    limit = run_limit(tx.version(dag.version_pk).spec)
    running = sum(other.state is RunState.RUNNING for other in tx.active_runs(dag.pk))
    if running < limit:
        return "The run is queued."
    return f"The run is queued: {running} of at most {limit} runs of its Dag are running."


def _of_the_graph(tx: Tx, live: LiveRun, index: int) -> list[Reason]:
    spec = live.spec(index)
    decision = live.decide(index)
    if decision is Decision.RUN:
        if (spec.depends_on_past or spec.wait_for_downstream) and not past_allows(tx, {}, live, index):
            why = "The task of the run before (or what is directly below it) has not ended well."
            return [Reason(name="Previous Dagrun State", reason=why)]
        return []
    tally, total, _ = live.direct.of(live.task_of[index], live.rows[index].map_index)
    why = f"Trigger rule {spec.trigger_rule!r} over {total} upstream tasks: {_counted(tally)}"
    if decision is not Decision.WAIT:
        why += f"; the task will be {'skipped' if decision is Decision.SKIP else 'upstream_failed'}"
    return [Reason(name="Trigger Rule", reason=why + ".")]


def _of_the_limits(run_pk: int, index: int, planner: Planner | None) -> Reason:
    live = planner.runs.get(run_pk) if planner is not None else None
    gate = live.parked.get(index) if live is not None else None
    if gate is None:
        return Reason(name="Task Concurrency", reason="It waits for a slot.")
    limit = "none" if gate.limit is None else gate.limit
    return Reason(
        name="Task Concurrency", reason=f"It waits at {gate.name}: {gate.used} of {limit} slots taken."
    )


def _counted(tally: Tally) -> str:
    words = ("success", "failed", "upstream_failed", "skipped", "removed")
    ended = [f"{getattr(tally, word)} {word}" for word in words if getattr(tally, word)]
    return ", ".join(ended) if ended else "none has ended"
