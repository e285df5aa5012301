"""What agents and executors report: facts about launches, each checked against the fence.

The fence: a launch may go on only while it is its task's current one, unfinished, and the task is queued
or running. Every other report changes nothing but the launch's own end, and is told to stop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from leoflow_runtime.domain.retries import INFRA_FAILURES_PER_TRY, infra_due, jitter_key, may_retry, retry_due
from leoflow_runtime.domain.states import LAUNCHED_TASK_STATES, Outcome, TaskState
from leoflow_runtime.engine.assets import record_updates
from leoflow_runtime.engine.graph import Graph, graph_of
from leoflow_runtime.engine.operations.changing import change_task
from leoflow_runtime.engine.rows import LaunchReport, TaskRow
from leoflow_runtime.engine.store import Change, Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """`accepted`: the report is on record. `should_stop`: this launch has no business any more."""

    accepted: bool
    should_stop: bool = False
    reason: str = ""


_ACCEPTED = Verdict(accepted=True)
_REASON = 250  # characters
# What a branch does not skip any more; a launch that nobody has begun it does.
_NOT_SKIPPED = (
    TaskState.RUNNING,
    TaskState.RESTARTING,
    TaskState.SUCCESS,
    TaskState.FAILED,
    TaskState.SKIPPED,
    TaskState.REMOVED,
)


def stop_reason(tx: Tx, launch_id: int) -> str | None:
    """Why this launch must stop; None while it may go on."""
    launch = tx.launch(launch_id)
    if launch is None:
        return "the launch is unknown: its run was deleted"
    if launch.finished_at is not None:
        return "the launch has ended already"
    if launch.callback is not None:
        return None
    return _fence(tx.task_of_launch(launch_id), launch_id)


def open_launch(tx: Tx, launch_id: int, *, values: Mapping[str, Any] | None = None) -> Verdict:
    """An agent took the launch. `values`: columns of the launch to write along (host, session)."""
    reason = stop_reason(tx, launch_id)
    if reason is not None:
        return Verdict(accepted=False, should_stop=True, reason=reason)
    tx.update_launch(launch_id, {"opened_at": tx.now, "heartbeat_at": tx.now} | dict(values or {}))
    return _ACCEPTED


def start_launch(
    tx: Tx,
    launch_id: int,
    *,
    started_at: datetime | None = None,
    pid: int | None = None,
    hostname: str | None = None,
) -> Verdict:
    """The user's code runs, or is about to. Idempotent."""
    task = tx.task_of_launch(launch_id)
    started_at = started_at or tx.now
    reason = _fence(task, launch_id)
    if task is None or reason is not None:
        if _tells(tx, launch_id):
            tx.update_launch(launch_id, {"started_at": started_at, "heartbeat_at": tx.now})
            return _ACCEPTED
        return Verdict(accepted=False, should_stop=True, reason=reason or "")
    if task.state in (TaskState.RUNNING, TaskState.DEFERRED):
        return _ACCEPTED
    if not tx.update_launch(launch_id, {"started_at": started_at, "heartbeat_at": tx.now}):
        return Verdict(accepted=False, should_stop=True, reason="the launch has ended already")
    change_task(
        tx,
        task,
        {"state": TaskState.RUNNING, "start_date": task.start_date or started_at},
        {"pid": pid, "hostname": hostname},
    )
    return _ACCEPTED


def defer_launch(tx: Tx, launch_id: int, *, is_deferred: bool, waits_for: str = "") -> Verdict:
    """The task waits for a trigger in its own process, or works again. Idempotent.

    A deferred task takes no slots. Working again it takes them at once, even where others have taken its
    place meanwhile.
    """
    task = tx.task_of_launch(launch_id)
    reason = _fence(task, launch_id)
    if task is None or reason is not None:
        return Verdict(accepted=False, should_stop=True, reason=reason or "")
    state = TaskState.DEFERRED if is_deferred else TaskState.RUNNING
    if task.state is not state:
        said = f"It waits for {waits_for}." if is_deferred and waits_for else None
        began = {"start_date": task.start_date or tx.now}
        change_task(tx, task, {"state": state, **began}, {"message": said})
    return _ACCEPTED


def finish_launch(tx: Tx, report: LaunchReport) -> Verdict:
    """The one outcome of a launch, with its values, in the transaction that draws its consequences."""
    task = tx.task_of_launch(report.launch_id)
    if task is None:
        return Verdict(accepted=False, should_stop=True, reason="the launch is unknown: its run was deleted")
    reason = _fence(task, report.launch_id)
    if reason is not None:
        if _tells(tx, report.launch_id):
            nothing_left = replace(report, xcoms={}, rendered_fields=None, note=None)
            return _ACCEPTED if tx.finish_launch(nothing_left) else _seen_before(tx, report)
        return _finish_outside_the_fence(tx, task, report, reason)
    if not tx.finish_launch(report):
        return _seen_before(tx, report)
    _settle(tx, task, report)
    return _ACCEPTED


def lose_launch(tx: Tx, launch_id: int, reason: str) -> Verdict:
    """Proof that the launch does not run and will not: an infrastructure failure of its task."""
    return finish_launch(
        tx,
        LaunchReport(launch_id=launch_id, outcome=Outcome.LOST, finished_at=tx.now, message=reason),
    )


def refuse_launch(tx: Tx, launch_id: int, reason: str) -> Verdict:
    """The executor will never start it, nor another one like it: a person must do something."""
    return finish_launch(
        tx,
        LaunchReport(
            launch_id=launch_id, outcome=Outcome.FAILED_NO_RETRY, finished_at=tx.now, message=reason
        ),
    )


def _tells(tx: Tx, launch_id: int) -> bool:
    """Whether the launch runs no task, and tells of a run's end."""
    launch = tx.launch(launch_id)
    return launch is not None and launch.callback is not None


def _fence(task: TaskRow | None, launch_id: int) -> str | None:
    if task is None:
        return "the launch is unknown: its run was deleted"
    if task.launch_id != launch_id:
        return f"launch {task.launch_id} has taken its place"
    if task.state is TaskState.RESTARTING:
        return "the task was cleared"
    if task.state not in LAUNCHED_TASK_STATES:
        return f"the task is {task.state or 'waiting'} and not running any more"
    return None


def _finish_outside_the_fence(tx: Tx, task: TaskRow, report: LaunchReport, reason: str) -> Verdict:
    bare = replace(report, xcoms={}, rendered_fields=None)
    if not tx.finish_launch(bare):
        return _seen_before(tx, report)
    if task.launch_id == report.launch_id:
        if task.state is TaskState.RESTARTING:
            # The proof that was waited for: the old process is gone, the next try may start.
            change_task(tx, task, blank_task())
        else:
            tx.announce(Change(kind="task", pk=task.pk, task=task))
    return Verdict(accepted=False, should_stop=True, reason=reason)


def _seen_before(tx: Tx, report: LaunchReport) -> Verdict:
    launch = tx.launch(report.launch_id)
    if launch is not None and launch.outcome is report.outcome:
        return _ACCEPTED
    return Verdict(accepted=False, should_stop=True, reason="the launch has ended already")


def _settle(tx: Tx, task: TaskRow, report: LaunchReport) -> None:
    finished_at = report.finished_at or tx.now
    ended = {
        "start_date": task.start_date or report.started_at or finished_at,
        "end_date": finished_at,
        "due_at": None,
    }
    # The hot path leaves the message column alone: it is empty while a try runs.
    said = {"message": report.message} if report.message else {}
    match report.outcome:
        case Outcome.SUCCESS:
            record_updates(tx, task, report)
            change_task(tx, task, ended | {"state": TaskState.SUCCESS}, said)
            if report.skip_task_ids:
                _skip(tx, task, report.skip_task_ids, everything_below=report.skip_ignores_trigger_rules)
        case Outcome.SKIPPED:
            change_task(tx, task, ended | {"state": TaskState.SKIPPED}, said)
        case Outcome.FAILED:
            _fail(tx, task, ended, report.message, is_silent=report.signal is not None)
        case Outcome.FAILED_NO_RETRY:
            change_task(tx, task, ended | {"state": TaskState.FAILED}, said)
        case Outcome.UP_FOR_RESCHEDULE:
            due = report.reschedule_at or tx.now
            waiting = {"state": TaskState.UP_FOR_RESCHEDULE, "due_at": due, "end_date": finished_at}
            change_task(tx, task, waiting, said)
        case Outcome.LOST | Outcome.CANCELLED:
            _lose(tx, task, ended, report.message or f"launch {report.launch_id} was {report.outcome}")
        case Outcome.SHUT_DOWN:
            _launch_again(tx, task, report.message, losses=task.infra_failures, due=infra_due(tx.now, 1))


def _lose(tx: Tx, task: TaskRow, ended: dict[str, Any], reason: str) -> None:
    """The same try again, after a pause; the user's tries are spared until the limit is reached."""
    losses = task.infra_failures + 1
    if losses > INFRA_FAILURES_PER_TRY:
        _fail(tx, task, ended, f"{reason} (lost {losses} times)", is_silent=True)
        return
    _launch_again(tx, task, reason, losses=losses, due=infra_due(tx.now, losses))


def _launch_again(tx: Tx, task: TaskRow, reason: str, *, losses: int, due: datetime) -> None:
    again = {
        "state": TaskState.SCHEDULED,
        "infra_failures": losses,
        "due_at": due,
        "start_date": None,
        "end_date": None,
    }
    change_task(tx, task, again, {"message": reason})


def _fail(tx: Tx, task: TaskRow, ended: dict[str, Any], message: str, *, is_silent: bool = False) -> None:
    """`is_silent`: its process had no say, so whoever wants to know is told by another."""
    run = tx.run(task.run_pk)
    assert run is not None, "a task has a run"
    version = tx.version(run.version_pk)
    spec = graph_of(version).spec_of(task.task_id)
    failed = change_task(tx, task, ended | {"state": TaskState.FAILED}, {"message": message}, announce=False)
    if spec is not None and may_retry(spec, task.try_number, task.max_tries):
        tx.archive_try(task.pk)
        due = retry_due(
            spec,
            key=jitter_key(version.spec.dag_id, task.task_id, run.logical_date),
            try_number=task.try_number,
            ended_at=ended["end_date"],
        )
        change_task(tx, failed, {"state": TaskState.UP_FOR_RETRY, "due_at": due})
        told = "on_retry_callback"
    else:
        tx.announce(Change(kind="task", pk=failed.pk, task=failed))
        told = "on_failure_callback"
    if is_silent and spec is not None and told in spec.raw.get("callbacks", ()):
        opened = tx.open_callback(failed, f"task:{told}", message[:_REASON])
        tx.announce(Change(kind="callback", pk=opened.launch_id))


def _skip(tx: Tx, parent: TaskRow, task_ids: Collection[str], *, everything_below: bool) -> None:
    run = tx.run(parent.run_pk)
    assert run is not None, "a task has a run"
    graph = graph_of(tx.version(run.version_pk))
    chosen = set(task_ids)
    if everything_below:
        below = graph.descendants(chosen) | chosen
        chosen = {task_id for task_id in below if not graph.is_teardown(task_id)}
    for task in _instances(tx, graph, parent, chosen):
        if task.state not in _NOT_SKIPPED:
            skipped = {"state": TaskState.SKIPPED, "forced_skip": True, "start_date": tx.now}
            change_task(tx, task, skipped | {"end_date": tx.now, "due_at": None})


def _instances(tx: Tx, graph: Graph, parent: TaskRow, task_ids: Collection[str]) -> list[TaskRow]:
    """Of these tasks: all of them, or for an instance those of its own index in its mapped group.

    As in Airflow, an instance has no say over what is outside of the group.
    """
    if parent.map_index < 0:
        return [task for task in tx.tasks(parent.run_pk) if task.task_id in task_ids]
    group = graph.group_of.get(graph.index[parent.task_id])
    inside = [task_id for task_id in sorted(task_ids) if graph.group_of.get(graph.index[task_id]) == group]
    found = [tx.instance(parent.run_pk, task_id, parent.map_index) for task_id in inside if group]
    return [task for task in found if task is not None]


def blank_task() -> dict[str, Any]:
    """What a task looks like before its next try."""
    return {
        "state": None,
        "infra_failures": 0,
        "scheduled_at": None,
        "queued_at": None,
        "start_date": None,
        "end_date": None,
        "due_at": None,
    }
