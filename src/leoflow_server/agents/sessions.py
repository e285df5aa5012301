"""Whose call it is: sessions of launches and tokens of hosts, checked once, then remembered."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from time import monotonic

from leoflow_runtime.executors.sessions import stored
from leoflow_server.agents import queries
from leoflow_server.agents.queries import LaunchFacts
from leoflow_server.store import SqlStore

SHARED_SECONDS = 5.0


class NotAuthentic(Exception):
    """No credentials, or none that are known; the text is one sentence."""


class Sessions:
    """Only hashes are kept, in the record and here.

    Where other replicas may replace a session or a token, what is remembered here is asked again after
    SHARED_SECONDS.
    """

    def __init__(self, store: SqlStore, clock: Callable[[], datetime], *, remembered: int = 4096) -> None:
        self._store = store
        self._clock = clock
        # launch -> session hash, facts, until when (monotonic)
        self._known: OrderedDict[int, tuple[str, LaunchFacts, float]] = OrderedDict()
        self._hosts: dict[str, tuple[str, float]] = {}  # token hash -> host, until when
        self._lasting = SHARED_SECONDS if store.is_shared else math.inf
        self._remembered = remembered

    async def launch(self, launch_id: int, session: str | None) -> LaunchFacts:
        """The launch that `session` belongs to. Raises NotAuthentic."""
        if not session:
            raise NotAuthentic("the call carries no session")
        hashed = stored(session)
        known = self._known.get(launch_id)
        if known is not None and known[0] == hashed and monotonic() < known[2]:
            return known[1]
        facts = await self._store.read_rows(lambda conn: queries.facts_of_session(conn, launch_id, hashed))
        if facts is None:
            raise NotAuthentic("the session is unknown or was replaced")
        self.remember(hashed, facts)
        return facts

    def remember(self, session_hash: str, facts: LaunchFacts) -> None:
        self._known[facts.key.launch_id] = (session_hash, facts, monotonic() + self._lasting)
        if len(self._known) > self._remembered:
            self._known.popitem(last=False)

    def forget(self, launch_id: int) -> None:
        self._known.pop(launch_id, None)

    async def host(self, token: str | None) -> str:
        """The host whose token it is. Raises NotAuthentic."""
        if not token:
            raise NotAuthentic("the call carries no host token")
        hashed = stored(token)
        known = self._hosts.get(hashed)
        if known is not None and monotonic() < known[1]:
            return known[0]
        host = await self._store.read_rows(lambda conn: queries.host_of_token(conn, hashed))
        if host is None:
            self._hosts.pop(hashed, None)
            raise NotAuthentic("the host token is unknown or was replaced")
        self._hosts[hashed] = (host, monotonic() + self._lasting)
        return host

    async def enrol_host(self, host: str, token: str) -> None:
        """A new agent of `host`: every older token of it is void."""
        await self._store.write_rows(
            lambda conn: queries.enrol_host(conn, host, stored(token), self._clock())
        )
        self._hosts = {hashed: known for hashed, known in self._hosts.items() if known[0] != host}
