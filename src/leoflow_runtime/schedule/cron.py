"""Cron expressions on a wall clock: the slots of an expression as instants. The one user of croniter.

Across a change of the clocks:

- an expression that names hours fires once per matching wall time: at its second occurrence in the hour
  that repeats, and moved forward by the width of the gap in the hour that is skipped, as in Airflow;
- an expression that runs every hour fires at every instant whose wall time matches, so the hour that
  repeats has its slots twice and the hour that is skipped has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from leoflow_runtime.light import dataclass

if TYPE_CHECKING:
    from croniter import croniter

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

# No zone has moved its clocks by more than this within living memory, Samoa's lost day aside.
_WIDEST_CHANGE = timedelta(hours=3)
_SECOND = timedelta(seconds=1)


class CronInvalid(ValueError):
    """An expression that croniter cannot read, or that never fires."""

    def __init__(self, expression: str, reason: str) -> None:
        self.expression = expression
        self.reason = reason
        super().__init__(f"{expression!r} is not a cron expression: {reason}")


@dataclass(frozen=True, slots=True)
class MovedSlot:
    """A slot at a wall time that a change of the clocks skips or repeats. Both times are local and naive."""

    wall: datetime  # as the expression has it
    comes: datetime
    is_skipped: bool


class Cron:
    """The slots of one expression in one time zone. Raises CronInvalid."""

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        self.expression = PRESETS.get(expression, expression)
        self.zone = zone
        from croniter import CroniterError, croniter  # late: few compilations ask for a slot

        if len(self.expression.split()) not in (5, 6):
            raise CronInvalid(expression, "five or six fields are needed")
        try:
            self._read = croniter(self.expression, datetime(2024, 1, 1))
            self._walk(datetime(2024, 1, 1)).get_next(datetime)
        except (CroniterError, ValueError, KeyError) as error:
            reason = re.sub(r"^\[.*?\] (is )?", "", str(error))  # croniter repeats the expression
            raise CronInvalid(expression, reason) from error
        self._every_hour = self._read.expanded[1] == ["*"]

    def next_after(self, moment: datetime) -> datetime:
        """The first slot later than `moment`, in UTC."""
        wall = self._wall(moment)
        first = self._forward(wall)
        slot = self._instant(next(first))
        if slot > moment and self._is_steady(moment, slot):
            return slot
        best: datetime | None = None
        for candidate in self._forward(wall - _WIDEST_CHANGE):
            earliest_later = candidate.replace(tzinfo=UTC) - _WIDEST_CHANGE
            for instant in self._instants(candidate):
                if instant > moment and (best is None or instant < best):
                    best = instant
            if best is not None and earliest_later > self._wall(best).replace(tzinfo=UTC):
                return best
        raise CronInvalid(self.expression, "it never fires")

    def last_until(self, moment: datetime) -> datetime:
        """The latest slot that is not later than `moment`, in UTC."""
        wall = self._wall(moment).replace(microsecond=0) + _SECOND
        slot = self._instant(next(self._backward(wall)))
        if slot <= moment and self._is_steady(slot, moment):
            return slot
        best: datetime | None = None
        for candidate in self._backward(wall + _WIDEST_CHANGE):
            latest_earlier = candidate.replace(tzinfo=UTC) + _WIDEST_CHANGE
            for instant in self._instants(candidate):
                if instant <= moment and (best is None or instant > best):
                    best = instant
            if best is not None and latest_earlier < self._wall(best).replace(tzinfo=UTC):
                return best
        raise CronInvalid(self.expression, "it never fired")

    def moved_slots(self, start: datetime, end: datetime) -> Iterator[MovedSlot]:
        """What changes of the clocks do to the slots between two instants, at most one for each change.

        A slot in an hour that repeats counts where others follow it in that hour: they do not come again.
        """
        if self._every_hour:
            return
        for change in _clock_changes(self.zone, start, end):
            before = (change - _SECOND).astimezone(self.zone).utcoffset()
            after = change.astimezone(self.zone).utcoffset()
            assert before is not None
            assert after is not None
            first, width = self._wall(change) - max(after - before, timedelta()), abs(after - before)
            slots = self._forward(first - _SECOND)
            slot, second = next(slots), next(slots)
            if after > before and slot < first + width:
                yield MovedSlot(slot, self._wall(self._instant(slot)), is_skipped=True)
            elif after < before and second < first + width:
                yield MovedSlot(slot, slot, is_skipped=False)

    def _forward(self, wall: datetime) -> Iterator[datetime]:
        walk = self._walk(wall)
        while True:
            yield walk.get_next(datetime)

    def _backward(self, wall: datetime) -> Iterator[datetime]:
        walk = self._walk(wall)
        while True:
            yield walk.get_prev(datetime)

    def _walk(self, wall: datetime) -> croniter:
        """A walk of its own from there: reading the expression again would double the cost."""
        walk = copy(self._read)
        walk.set_current(wall, force=True)
        return walk

    def _wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def _instant(self, wall: datetime, fold: int = 0) -> datetime:
        return wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)

    def _instants(self, wall: datetime) -> Iterator[datetime]:
        """Where a matching wall time lies on the real time line: nowhere, once or twice."""
        first, second = self._instant(wall), self._instant(wall, fold=1)
        if not self._every_hour:
            # In a gap the reading by the offset before it is the later one.
            yield max(first, second)
            return
        for instant in (first, second):
            if self._wall(instant) == wall:
                yield instant

    def _is_steady(self, start: datetime, end: datetime) -> bool:
        """No change of the clocks near either end: then wall time and instants agree."""
        offsets = {
            moment.astimezone(self.zone).utcoffset()
            for moment in (start - _WIDEST_CHANGE, start, start + _WIDEST_CHANGE)
        }
        if len(offsets) > 1:
            return False
        offsets = {
            moment.astimezone(self.zone).utcoffset()
            for moment in (end - _WIDEST_CHANGE, end, end + _WIDEST_CHANGE)
        }
        return len(offsets) == 1


@lru_cache(maxsize=4096)
def cron(expression: str, zone: str) -> Cron:
    """The same as `Cron`, kept: parsing costs more than asking. Raises CronInvalid."""
    return Cron(expression, ZoneInfo(zone))


def _clock_changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """The instants, to the second, from which another offset holds."""

    def offset(moment: datetime) -> timedelta | None:
        return moment.astimezone(zone).utcoffset()

    step = timedelta(days=7)  # no zone has changed twice within a week
    early = start.astimezone(UTC).replace(microsecond=0)
    while early < end:
        late = early + step
        if offset(early) != offset(late):
            low, high = early, late
            while high - low > _SECOND:
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == offset(early) else (low, middle)
            yield high
        early = late
