"""Signs of life: answered at once, written at most every few seconds per launch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from leoflow_server.agents import queries
from leoflow_server.store import SqlStore

_MANY = 10_000


class Heartbeats:
    def __init__(self, store: SqlStore, clock: Callable[[], datetime], *, interval_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._interval = timedelta(seconds=interval_seconds)
        self._written: dict[int, datetime] = {}

    async def beat(self, launch_ids: Iterable[int]) -> dict[int, str]:
        """Records them and returns those that must stop, with why."""
        wanted = list(launch_ids)
        reasons = await self._store.read_rows(lambda conn: queries.stop_reasons(conn, wanted))
        now = self._clock()
        due = [
            launch_id
            for launch_id in wanted
            if launch_id not in self._written or now - self._written[launch_id] >= self._interval
        ]
        if due:
            await self._store.write_rows(lambda conn: queries.record_heartbeats(conn, due, now))
            self._written.update(dict.fromkeys(due, now))
            if len(self._written) > _MANY:
                recent = now - 2 * self._interval
                self._written = {one: at for one, at in self._written.items() if at > recent}
        return reasons

    def forget(self, launch_id: int) -> None:
        self._written.pop(launch_id, None)
