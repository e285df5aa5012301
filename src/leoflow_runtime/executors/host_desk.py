"""Where orders wait for the host agent: the executor puts them in, the agents' service hands them over.

Orders that come while no agent is attached are not kept here: the record knows them, and whoever
attaches is given everything that it lacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class StartOrder:
    launch_id: int
    generation: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StopOrder:
    launch_id: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShutdownOrder:
    """Stop what runs, report it, leave."""


HostOrder = StartOrder | StopOrder | ShutdownOrder


class Attachment:
    """One standing connection of a host agent. A later one takes its place."""

    def __init__(self) -> None:
        self._orders: asyncio.Queue[HostOrder | None] = asyncio.Queue()

    def put(self, order: HostOrder) -> None:
        self._orders.put_nowait(order)

    def end(self) -> None:
        self._orders.put_nowait(None)

    async def orders(self) -> AsyncIterator[HostOrder]:
        """Orders as they come, until another connection takes over."""
        while (order := await self._orders.get()) is not None:
            yield order


class HostDesk:
    """Knows which connection is the host agent's, and which launches it holds or was given."""

    def __init__(self) -> None:
        self._attachment: Attachment | None = None
        self._settled = False
        self._held: set[int] = set()
        self._attached = asyncio.Event()

    def attach(self) -> Attachment:
        """Orders go to the new connection from here on; `settle` completes it."""
        if self._attachment is not None:
            self._attachment.end()
        self._attachment = Attachment()
        self._settled = False
        self._held = set()
        return self._attachment

    def settle(self, attachment: Attachment, held: Iterable[int]) -> None:
        """What the agent holds, or is about to be given, has been compared with the record."""
        if attachment is self._attachment:
            self._held.update(held)
            self._settled = True
            self._attached.set()

    def detach(self, attachment: Attachment) -> None:
        """The connection broke: what the agent holds is not known until it is back."""
        if attachment is self._attachment:
            self._attachment = None
            self._settled = False
            self._held = set()
            self._attached.clear()

    async def until_attached(self) -> None:
        await self._attached.wait()

    def start(self, launch_id: int, generation: int) -> None:
        """The same launch twice is one order."""
        if self._attachment is not None and launch_id not in self._held:
            self._held.add(launch_id)
            self._attachment.put(StartOrder(launch_id=launch_id, generation=generation))

    def stop(self, launch_id: int, reason: str) -> None:
        if self._attachment is not None:
            self._attachment.put(StopOrder(launch_id=launch_id, reason=reason))

    def shut_down(self) -> None:
        if self._attachment is not None:
            self._attachment.put(ShutdownOrder())

    def recheck(self, launch_id: int) -> None:
        """Has the agent attach anew, and so say what it holds, unless the launch has ended meanwhile."""
        if launch_id in self._held and self._attachment is not None:
            self._attachment.end()

    def ended(self, launch_id: int) -> None:
        """It was reported, or is known to be gone."""
        self._held.discard(launch_id)

    def held(self) -> frozenset[int] | None:
        """None: no agent is attached, so nobody can say."""
        return frozenset(self._held) if self._settled else None

    @property
    def is_attached(self) -> bool:
        return self._settled
