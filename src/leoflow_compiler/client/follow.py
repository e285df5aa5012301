"""Waiting for a run, and reading its logs as they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic, sleep

from leoflow_compiler.client.control_plane import ControlPlane, Json
from leoflow_compiler.client.errors import NotFound, TimedOut

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
RUN_ENDED = frozenset({"success", "failed"})
TASK_ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
# States in which a try may have written something.
_HAS_LOG = frozenset(
    {"running", "success", "failed", "up_for_retry", "up_for_reschedule", "deferred", "restarting"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """How time passes; tests bring their own."""

    now: Callable[[], float] = monotonic
    pause: Callable[[float], None] = sleep


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    task_id: str
    map_index: int
    try_number: int
    record: Json  # as the server sent it


def wait_for_run(
    server: ControlPlane,
    dag_id: str,
    run_id: str,
    *,
    timeout: float | None,
    clock: Clock,
    each_time: Callable[[Json], None],
) -> Json:
    """The run in its final state; `each_time` sees it at every look, the last included. Raises TimedOut."""
    started, pause = clock.now(), FIRST_PAUSE
    while True:
        run = server.run(dag_id, run_id)
        each_time(run)
        if run.get("state") in RUN_ENDED:
            return run
        left = None if timeout is None else timeout - (clock.now() - started)
        if left is not None and left <= 0:
            raise TimedOut(
                f"run {run_id!r} is still {run.get('state')} after {timeout:g} seconds",
                hint=f"it goes on; `leoflow runs status {dag_id} {run_id}` shows it",
            )
        clock.pause(pause if left is None else min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


@dataclass(kw_only=True, slots=True)
class LogReader:
    """Reads every line of a run's tasks once. `task_id` and `try_number` narrow it down."""

    server: ControlPlane
    dag_id: str
    run_id: str
    task_id: str | None = None
    try_number: int | None = None
    _read: dict[tuple[str, int, int], int] = field(default_factory=dict)
    _complete: set[tuple[str, int, int]] = field(default_factory=set)

    def new_lines(self) -> Iterator[LogLine]:
        """What has been written since the last call. Raises NotFound for an unknown task."""
        instances = self.server.task_instances(self.dag_id, self.run_id)
        instances = [item for item in instances if self.task_id in (None, item["task_id"])]
        if not instances and self.task_id is not None:
            raise NotFound(f"run {self.run_id!r} of DAG {self.dag_id!r} has no task {self.task_id!r}")
        for item in sorted(instances, key=lambda item: (item.get("start_date") or "~", item["task_id"])):
            for number in self._tries(item):
                yield from self._of_try(item, number)

    def _tries(self, item: Json) -> range:
        latest = item.get("try_number") or 0
        if latest == 0 or (item.get("state") not in _HAS_LOG and latest == 1):
            return range(0)
        if self.try_number is not None:
            return range(self.try_number, self.try_number + 1)
        return range(1, latest + 1)

    def _of_try(self, item: Json, number: int) -> Iterator[LogLine]:
        task_id, map_index = item["task_id"], item.get("map_index", -1)
        key = (task_id, map_index, number)
        if key in self._complete:
            return
        try:
            lines = self.server.log(self.dag_id, self.run_id, task_id, try_number=number, map_index=map_index)
        except NotFound:
            # A try that has not written yet has no log.
            lines = []
        for record in lines[self._read.get(key, 0) :]:
            yield LogLine(task_id=task_id, map_index=map_index, try_number=number, record=record)
        # An ended try is read once more: its last lines may arrive later than its state.
        if key in self._read and (item.get("state") in TASK_ENDED or number < (item.get("try_number") or 0)):
            if len(lines) == self._read[key]:
                self._complete.add(key)
        self._read[key] = len(lines)
