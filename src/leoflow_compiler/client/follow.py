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
LONGEST_DRAIN = 5.0
_Try = tuple[str, int, int]  # task_id, map_index, number


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
    _after: dict[_Try, str | None] = field(default_factory=dict)  # None: the try is read to its end

    @property
    def is_complete(self) -> bool:
        """Whether the server has said of every try seen so far that nothing follows."""
        return all(after is None for after in self._after.values())

    def new_lines(self) -> Iterator[LogLine]:
        """What has been written since the last call. Raises NotFound for an unknown task."""
        instances = self.server.task_instances(self.dag_id, self.run_id)
        instances = [item for item in instances if self.task_id in (None, item["task_id"])]
        if not instances and self.task_id is not None:
            raise NotFound(f"run {self.run_id!r} of DAG {self.dag_id!r} has no task {self.task_id!r}")
        for item in sorted(instances, key=lambda item: (item.get("start_date") or "~", item["task_id"])):
            for number in self._tries(item):
                yield from self._of_try((item["task_id"], item.get("map_index", -1), number))

    def _tries(self, item: Json) -> range:
        latest = item.get("try_number") or 0
        if self.try_number is not None and (self.task_id is not None or self.try_number <= latest):
            return range(self.try_number, self.try_number + 1)
        if self.try_number is not None:
            return range(0)
        # A task that never started (skipped, upstream failed, waiting) has nothing to say.
        return range(1, latest + 1) if item.get("start_date") else range(0)

    def _of_try(self, one: _Try) -> Iterator[LogLine]:
        task_id, map_index, number = one
        while one not in self._after or self._after[one] is not None:
            page = self.server.log(
                self.dag_id,
                self.run_id,
                task_id,
                try_number=number,
                map_index=map_index,
                after=self._after.get(one),
            )
            self._after[one] = page.following
            for record in page.lines:
                yield LogLine(task_id=task_id, map_index=map_index, try_number=number, record=record)
            if not page.lines:
                return


def last_lines(reader: LogReader, *, clock: Clock) -> Iterator[LogLine]:
    """What comes after the end of a run was seen: lines may arrive a little later than states."""
    deadline = clock.now() + LONGEST_DRAIN
    while True:
        yield from reader.new_lines()
        if reader.is_complete or clock.now() >= deadline:
            return
        clock.pause(FIRST_PAUSE)
