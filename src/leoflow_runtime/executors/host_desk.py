"""Where orders wait for host agents: the executor puts them in, the agents' service hands them over.

A replica has one host agent; all of them attach to the replica that plans. Orders that come while none is
attached are not kept here: the record knows them, and whoever attaches is given everything that it lacks.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import islice

from leoflow_runtime.executors.protocol import Place
from leoflow_runtime.executors.sessions import new_session, stored

# Launches that one transaction opens at once; what is more asks for itself.
MOST_PLACES = 64
# The one host of a control plane that is one process.
LOCAL_HOST = "local"


@dataclass(frozen=True, kw_only=True, slots=True)
class StartOrder:
    launch_id: int
    generation: int
    place: Place | None = None  # it is open already, there


@dataclass(frozen=True, kw_only=True, slots=True)
class StopOrder:
    launch_id: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShutdownOrder:
    """Stop what runs, report it, leave."""


HostOrder = StartOrder | StopOrder | ShutdownOrder


class Attachment:
    """One standing connection of a host agent. A later one of the same host takes its place.

    `capacity`: how many launches the agent runs at once; what is more waits here, unopened. None: it sees
    to that by itself.
    """

    def __init__(self, host: str, capacity: int | None = None, agent_pid: int = 0) -> None:
        self.host = host
        self.is_settled = False
        self._agent_pid = agent_pid
        self._places: deque[Place] = deque()
        self.held: set[int] = set()
        self._capacity = capacity
        self._starts: deque[StartOrder] = deque()
        self._placed: list[StartOrder] = []
        self._others: list[HostOrder] = []
        self._handed_over: set[int] = set()
        self._has_ended = False
        self._changed = asyncio.Event()

    @property
    def room(self) -> int:
        """For how many more launches; 0 where it is not known."""
        if self._capacity is None or not self.is_settled or self._has_ended:
            return 0
        taken = len(self._handed_over) + len(self._placed) + len(self._starts)
        return max(self._capacity - taken, 0)

    def places(self, most: int) -> list[Place]:
        """Of the room that there is, at most so many."""
        wanted = min(self.room, most)
        while len(self._places) < wanted:
            session = new_session()
            place = Place(
                host=self.host, agent_pid=self._agent_pid, session=session, session_hash=stored(session)
            )
            self._places.append(place)
        return list(islice(self._places, wanted))

    def spend(self, place: Place) -> None:
        with contextlib.suppress(ValueError):  # of an earlier connection
            self._places.remove(place)

    def put(self, order: HostOrder) -> None:
        if isinstance(order, StartOrder) and order.place is not None:
            self._placed.append(order)
        elif isinstance(order, StartOrder):
            self._starts.append(order)
        else:
            self._others.append(order)
        self._changed.set()

    def adopted(self, launch_ids: Iterable[int]) -> None:
        """The agent runs these already."""
        self._handed_over.update(launch_ids)

    def discard(self, launch_id: int) -> None:
        """It has ended: there is room for another."""
        self.held.discard(launch_id)
        self._handed_over.discard(launch_id)
        if self._starts:
            self._changed.set()

    def end(self) -> None:
        self._has_ended = True
        self._changed.set()

    async def orders(self) -> AsyncIterator[list[HostOrder]]:
        """Orders as they come, until another connection takes over: all that can be carried out now."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            starts = self._next_starts()
            others, self._others = self._others, []
            if starts or others:
                yield [*starts, *others]
            if self._has_ended:
                return

    def _next_starts(self) -> list[HostOrder]:
        """What has a place, then as much as there is room for."""
        placed, self._placed = self._placed, []
        self._handed_over.update(order.launch_id for order in placed)
        room = len(self._starts)
        if self._capacity is not None:
            room = min(room, max(self._capacity - len(self._handed_over), 0))
        starts = [self._starts.popleft() for _ in range(room)]
        self._handed_over.update(order.launch_id for order in starts)
        return [*placed, *starts]


class HostDesk:
    """Knows each host agent's connection, and which launches it holds or was given."""

    def __init__(self) -> None:
        self._attachments: dict[str, Attachment] = {}
        self._attached = asyncio.Event()

    def attach(
        self, host: str = LOCAL_HOST, *, capacity: int | None = None, agent_pid: int = 0
    ) -> Attachment:
        """Orders may go to the new connection from here on; `settle` completes it."""
        if (earlier := self._attachments.get(host)) is not None:
            earlier.end()
        attachment = self._attachments[host] = Attachment(host, capacity, agent_pid)
        self._note()
        return attachment

    def settle(self, attachment: Attachment, held: Iterable[int]) -> None:
        """What the agent holds, or is about to be given, has been compared with the record."""
        if self._attachments.get(attachment.host) is attachment:
            attachment.held.update(held)
            attachment.is_settled = True
            self._note()

    def detach(self, attachment: Attachment) -> None:
        """The connection broke: what the agent holds is not known until it is back."""
        if self._attachments.get(attachment.host) is attachment:
            del self._attachments[attachment.host]
            self._note()

    def dismiss_all(self) -> None:
        """Another replica plans from now on: the agents look for it."""
        for attachment in self._attachments.values():
            attachment.end()

    async def until_attached(self) -> None:
        await self._attached.wait()

    def start(self, launch_id: int, generation: int, place: Place | None = None) -> None:
        """To the agent that it has a place at, or that holds least. The same launch twice is one order.

        Where the agent of its place is not attached, it is given the launch when it is back.
        """
        if not self._attachments or self._holder(launch_id) is not None:
            return
        if place is None:
            chosen = min(self._attachments.values(), key=lambda one: len(one.held))
        elif place.host in self._attachments:
            chosen = self._attachments[place.host]
        else:
            return
        chosen.held.add(launch_id)
        chosen.put(StartOrder(launch_id=launch_id, generation=generation, place=place))

    def places(self) -> list[Place]:
        """At the agents with most room first."""
        found: list[Place] = []
        for attachment in sorted(self._attachments.values(), key=lambda one: -one.room):
            found += attachment.places(MOST_PLACES - len(found))
        return found

    def spend(self, places: Iterable[Place]) -> None:
        """They are not offered again."""
        for place in places:
            if place.host in self._attachments:
                self._attachments[place.host].spend(place)

    def stop(self, launch_id: int, reason: str) -> None:
        holder = self._holder(launch_id)
        for attachment in [holder] if holder else self._attachments.values():
            attachment.put(StopOrder(launch_id=launch_id, reason=reason))

    def shut_down(self, host: str = LOCAL_HOST) -> None:
        if host in self._attachments:
            self._attachments[host].put(ShutdownOrder())

    def recheck(self, launch_id: int) -> None:
        """Has the agent attach anew, and so say what it holds, unless the launch has ended meanwhile."""
        holder = self._holder(launch_id)
        if holder is not None:
            holder.end()

    def ended(self, launch_id: int) -> None:
        """It was reported, or is known to be gone."""
        for attachment in self._attachments.values():
            attachment.discard(launch_id)

    def held(self) -> frozenset[int] | None:
        """None: no agent is attached, so nobody can say."""
        settled = [one for one in self._attachments.values() if one.is_settled]
        return frozenset().union(*(one.held for one in settled)) if settled else None

    def held_elsewhere(self, host: str) -> frozenset[int]:
        """What agents of other hosts hold or were given."""
        return frozenset().union(*(one.held for one in self._attachments.values() if one.host != host))

    @property
    def is_attached(self) -> bool:
        return any(one.is_settled for one in self._attachments.values())

    def has(self, host: str) -> bool:
        """Whether this host's agent is attached here, and not to another replica."""
        return host in self._attachments and self._attachments[host].is_settled

    def _holder(self, launch_id: int) -> Attachment | None:
        return next((one for one in self._attachments.values() if launch_id in one.held), None)

    def _note(self) -> None:
        if self.is_attached:
            self._attached.set()
        else:
            self._attached.clear()
