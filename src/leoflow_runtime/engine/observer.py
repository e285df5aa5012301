"""What the engine tells those who measure it."""

from __future__ import annotations

from typing import Protocol

from leoflow_runtime.domain.states import RunState, TaskState


class Observer(Protocol):
    """Called on whichever thread plans; must be quick and must not raise.

    `decision`: create_run, start_run, launch, skip, upstream_failed, empty_success, retry, park, timeout,
    fail_fast, cancel, launch_refused, launch_error, rebuild, plan_error.
    """

    def decision(self, kind: str, count: int = 1) -> None: ...
    def task_transition(self, before: TaskState | None, after: TaskState | None) -> None: ...
    def run_transition(self, before: RunState, after: RunState) -> None: ...
    def scheduling_latency(self, seconds: float) -> None:
        """From the dependencies being met to the order for a launch (slots and due times included)."""

    def waited(self, limit: str, seconds: float) -> None:
        """A task that goes now had to wait, at last at this limit (`pool x`, `max_active_tasks`, …)."""

    def batch(self, operations: int, seconds: float) -> None:
        """One transaction of the planner: how many operations, how long including the commit."""

    def lease(self, held: bool) -> None:
        """The planner's lease was gained or lost."""

    def dispatch_queue(self, depth: int) -> None: ...


class NoObserver:
    def decision(self, kind: str, count: int = 1) -> None:
        return

    def task_transition(self, before: TaskState | None, after: TaskState | None) -> None:
        return

    def run_transition(self, before: RunState, after: RunState) -> None:
        return

    def scheduling_latency(self, seconds: float) -> None:
        return

    def waited(self, limit: str, seconds: float) -> None:
        return

    def batch(self, operations: int, seconds: float) -> None:
        return

    def lease(self, held: bool) -> None:
        return

    def dispatch_queue(self, depth: int) -> None:
        return
