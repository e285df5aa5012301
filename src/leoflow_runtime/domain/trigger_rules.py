"""Trigger rules: what a task does, given how its direct upstream tasks have ended so far.

Airflow 3.2's semantics, eager where Airflow is: `all_success` gives up on the first failure, and
`one_success`, `one_failed` and `one_done` start on the first hit.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.light import dataclass


class Decision(Enum):
    WAIT = "wait"
    RUN = "run"
    SKIP = "skip"
    UPSTREAM_FAIL = "upstream_fail"


@dataclass(slots=True)
class Tally:
    """How many of a task's upstream tasks have ended, and how. Mutable: the planner counts with it."""

    success: int = 0
    failed: int = 0
    upstream_failed: int = 0
    skipped: int = 0
    removed: int = 0
    done: int = 0
    success_setup: int = 0
    skipped_setup: int = 0

    def count(self, state: TaskState, by: int = 1, *, is_setup: bool = False) -> None:
        """`state` is terminal; `by` is -1 where a task that had ended is set going again."""
        self.done += by
        if state is TaskState.SUCCESS:
            self.success += by
            self.success_setup += by * is_setup
        elif state is TaskState.SKIPPED:
            self.skipped += by
            self.skipped_setup += by * is_setup
        elif state is TaskState.FAILED:
            self.failed += by
        elif state is TaskState.UPSTREAM_FAILED:
            self.upstream_failed += by
        else:
            self.removed += by

    def plus(self, other: Tally) -> Tally:
        return Tally(
            success=self.success + other.success,
            failed=self.failed + other.failed,
            upstream_failed=self.upstream_failed + other.upstream_failed,
            skipped=self.skipped + other.skipped,
            removed=self.removed + other.removed,
            done=self.done + other.done,
            success_setup=self.success_setup + other.success_setup,
            skipped_setup=self.skipped_setup + other.skipped_setup,
        )


def decide(rule: str, tally: Tally, total: int, setups: int = 0) -> Decision:
    """`total`: direct upstream tasks; `setups`: how many of them are setups. Raises KeyError."""
    if total == 0:
        return Decision.RUN
    return RULES[rule](tally, total, setups)


def decide_on_setups(tally: Tally, total: int) -> Decision:
    """The same for setups above a task that are not its direct upstream: all must have succeeded."""
    return _all_success(tally, total, total)


def _all_success(tally: Tally, total: int, setups: int) -> Decision:
    if tally.upstream_failed or tally.failed:
        return Decision.UPSTREAM_FAIL
    if tally.skipped:
        return Decision.SKIP
    return _run_if(tally.success >= total)


def _all_failed(tally: Tally, total: int, setups: int) -> Decision:
    if tally.success or tally.skipped:
        return Decision.SKIP
    return _run_if(tally.failed + tally.upstream_failed >= total)


def _all_done(tally: Tally, total: int, setups: int) -> Decision:
    return _run_if(tally.done >= total)


def _all_done_min_one_success(tally: Tally, total: int, setups: int) -> Decision:
    if tally.skipped:
        return Decision.SKIP
    if tally.done < total:
        return Decision.WAIT
    return Decision.RUN if tally.success else Decision.UPSTREAM_FAIL


def _all_done_setup_success(tally: Tally, total: int, setups: int) -> Decision:
    if tally.done < total:
        return Decision.WAIT
    if setups and tally.skipped_setup >= setups:
        return Decision.SKIP
    if setups and not tally.success_setup:
        return Decision.UPSTREAM_FAIL
    return Decision.RUN


def _all_skipped(tally: Tally, total: int, setups: int) -> Decision:
    if tally.success or tally.failed or tally.upstream_failed:
        return Decision.SKIP
    return _run_if(tally.skipped >= total)


def _one_success(tally: Tally, total: int, setups: int) -> Decision:
    if tally.success:
        return Decision.RUN
    if tally.done < total:
        return Decision.WAIT
    return Decision.SKIP if tally.skipped == tally.done else Decision.UPSTREAM_FAIL


def _one_failed(tally: Tally, total: int, setups: int) -> Decision:
    if tally.failed or tally.upstream_failed:
        return Decision.RUN
    return Decision.SKIP if tally.done >= total else Decision.WAIT


def _one_done(tally: Tally, total: int, setups: int) -> Decision:
    if tally.success or tally.failed:
        return Decision.RUN
    return Decision.SKIP if tally.done >= total else Decision.WAIT


def _none_failed(tally: Tally, total: int, setups: int) -> Decision:
    if tally.upstream_failed or tally.failed:
        return Decision.UPSTREAM_FAIL
    return _run_if(tally.success + tally.skipped >= total)


def _none_failed_min_one_success(tally: Tally, total: int, setups: int) -> Decision:
    if tally.upstream_failed or tally.failed:
        return Decision.UPSTREAM_FAIL
    if tally.skipped >= total:
        return Decision.SKIP
    return _run_if(tally.success + tally.skipped >= total)


def _none_skipped(tally: Tally, total: int, setups: int) -> Decision:
    if tally.skipped:
        return Decision.SKIP
    return _run_if(tally.done >= total)


def _always(tally: Tally, total: int, setups: int) -> Decision:
    return Decision.RUN


def _run_if(met: bool) -> Decision:
    return Decision.RUN if met else Decision.WAIT


RULES: dict[str, Callable[[Tally, int, int], Decision]] = {
    "all_success": _all_success,
    "all_failed": _all_failed,
    "all_done": _all_done,
    "all_done_min_one_success": _all_done_min_one_success,
    "all_done_setup_success": _all_done_setup_success,
    "all_skipped": _all_skipped,
    "one_success": _one_success,
    "one_failed": _one_failed,
    "one_done": _one_done,
    "none_failed": _none_failed,
    "none_failed_min_one_success": _none_failed_min_one_success,
    "none_skipped": _none_skipped,
    "always": _always,
}
