"""One heap of moments at which something may be due. Whether it is, is checked when the time comes."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum
from itertools import count
from typing import NamedTuple


class TimerKind(IntEnum):
    DAG = 0  # a scheduled run is to be made; pk: the DAG
    RUN = 1  # a queued run's time comes; pk: the run
    TASK = 2  # a retry, a reschedule, a relaunch; pk: the run, index: the task
    TIMEOUT = 3  # a run has had its time; pk: the run
    DEADLINE = 4  # a run was to be done by now; pk: the run, index: which of its deadlines


class Timer(NamedTuple):
    when: datetime
    order: int
    kind: TimerKind
    pk: int
    task_index: int


class Timers:
    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._set: set[tuple[datetime, TimerKind, int, int]] = set()
        self._order = count()

    def add(self, when: datetime, kind: TimerKind, pk: int, index: int = -1) -> None:
        """Nothing where the very same is set already: whoever looks at a thing again sets its timer again."""
        key = (when, kind, pk, index)
        if key not in self._set:
            self._set.add(key)
            heapq.heappush(self._heap, Timer(when, next(self._order), kind, pk, index))

    def due(self, now: datetime) -> Iterator[Timer]:
        """Removes and yields what is due, soonest first."""
        while self._heap and self._heap[0].when <= now:
            timer = heapq.heappop(self._heap)
            self._set.discard((timer.when, timer.kind, timer.pk, timer.task_index))
            yield timer

    @property
    def next(self) -> datetime | None:
        return self._heap[0].when if self._heap else None

    def __len__(self) -> int:
        return len(self._heap)
