"""The part of a server that looks at the tags that DAGs follow, again and again."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from leoflow_server.store import StoreError, channels
from leoflow_server.store.channels import Channel

if TYPE_CHECKING:
    from leoflow_server.services import Services

_log = logging.getLogger("leoflow.channels")
LONGEST_PAUSE = 900.0  # seconds, however often it has failed
LONGEST_TICK = 5.0  # seconds until a new channel is seen
AT_ONCE = 4

Chance = Callable[[float, float], float]


def pause(interval: float, failures: int, chance: Chance = random.uniform) -> float:
    """Seconds until the next look: doubled with each failure, and never the same for all channels."""
    grown = min(interval * 2.0 ** min(failures, 10), max(LONGEST_PAUSE, interval))
    return grown * chance(0.8, 1.2)


async def follow_channels(services: Services) -> None:
    """Never returns. Everything that must outlive the process is in the record."""
    watch = _Watch(services)
    try:
        while True:
            try:
                await watch.tick()
            except StoreError:
                _log.exception("the channels could not be read")
            await asyncio.sleep(min(services.settings.channel_seconds / 4, LONGEST_TICK))
    finally:
        await watch.stop()


class _Watch:
    """When each channel is looked at next; a slow registry delays its own channels."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._due: dict[int, float] = {}
        self._failures: dict[int, int] = {}
        self._looks: dict[int, asyncio.Task[None]] = {}
        self._known: set[int] | None = None

    async def tick(self) -> None:
        """Begins the looks that are due. Raises StoreError."""
        found = await self._services.store.read_rows(channels.every)
        pks = {channel.pk for channel in found}
        if pks != self._known:
            from leoflow_server.registry.channels import forget_gone

            await forget_gone(self._services, found)
            self._known = pks
            self._due = {pk: moment for pk, moment in self._due.items() if pk in pks}
            self._failures = {pk: count for pk, count in self._failures.items() if pk in pks}
        now = asyncio.get_running_loop().time()
        for channel in found:
            if channel.pk not in self._looks and self._due.get(channel.pk, 0.0) <= now:
                self._looks[channel.pk] = asyncio.ensure_future(self._look(channel))

    async def stop(self) -> None:
        for look in self._looks.values():
            look.cancel()
        await asyncio.gather(*self._looks.values(), return_exceptions=True)

    async def _look(self, channel: Channel) -> None:
        from leoflow_server.registry.channels import look  # late: it loads the HTTP client

        pk = channel.pk
        try:
            async with self._turns:
                is_well = await look(self._services, channel)
        except Exception:  # noqa: BLE001 - the last border: one channel never ends the others
            _log.exception("a channel could not be looked at", extra={"dag_id": channel.dag_id})
            is_well = False
        finally:
            del self._looks[pk]
        self._failures[pk] = 0 if is_well else self._failures.get(pk, 0) + 1
        delay = pause(self._services.settings.channel_seconds, self._failures[pk])
        self._due[pk] = asyncio.get_running_loop().time() + delay
