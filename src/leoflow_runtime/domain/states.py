"""The states of runs and tasks, in Airflow's words. A task without a state has `None`."""

from __future__ import annotations

from enum import StrEnum


class TaskState(StrEnum):
    SCHEDULED = "scheduled"  # its dependencies are met, it waits for a slot
    QUEUED = "queued"  # it has a launch
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    DEFERRED = "deferred"
    RESTARTING = "restarting"  # cleared while it ran: its launch is being stopped
    REMOVED = "removed"  # its version has no such task any more

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL_TASK_STATES


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"

    @property
    def is_terminal(self) -> bool:
        return self in (RunState.SUCCESS, RunState.FAILED)


class RunType(StrEnum):
    MANUAL = "manual"
    SCHEDULED = "scheduled"
    BACKFILL = "backfill"
    ASSET_TRIGGERED = "asset_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"


class Outcome(StrEnum):
    """How a launch ended; the agent's words (`schemas/agent.proto`)."""

    SUCCESS = "success"
    FAILED = "failed"
    FAILED_NO_RETRY = "failed_no_retry"
    SKIPPED = "skipped"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    LOST = "lost"
    CANCELLED = "cancelled"
    SHUT_DOWN = "shut_down"


TERMINAL_TASK_STATES = frozenset(
    {TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED, TaskState.UPSTREAM_FAILED, TaskState.REMOVED}
)
# A launch is open for a task in one of these. A deferred one waits for its trigger in its process.
LAUNCHED_TASK_STATES = frozenset({TaskState.QUEUED, TaskState.RUNNING, TaskState.DEFERRED})
