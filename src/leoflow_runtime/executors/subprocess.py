"""The laptop's executor: one host agent for all DAGs, started here and found again after a restart."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Sequence

from leoflow_runtime.executors.agent_process import AgentProcess
from leoflow_runtime.executors.host_desk import LOCAL_HOST, HostDesk
from leoflow_runtime.executors.protocol import LaunchOrder, Place

# An agent's grace is 5 s, its report follows at once.
_STOPPED_BY_SECONDS = 15.0


class SubprocessExecutor:
    """`leoflow_runtime.executors.protocol.Executor` over a `HostDesk` that the agents' service serves."""

    def __init__(self, desk: HostDesk, *, host: str = LOCAL_HOST) -> None:
        """`host` is the agent's that is started here."""
        self._desk = desk
        self._host = host
        self._agent: AgentProcess | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self, agent: AgentProcess) -> None:
        """Starts the agent, or waits for the one that survived. Call it once the agents' service listens."""
        self._agent = agent
        self._keeping = asyncio.create_task(agent.keep_alive(), name="host-agent")

    async def stop(self, *, dismiss: bool, patience: float = 12.0) -> None:
        """With `dismiss` the agent stops its launches, reports them and leaves; else it is left running.

        The agents' service must answer until this returns. Waits at most `patience` seconds.
        """
        if self._agent is None or self._keeping is None:
            return
        self._agent.expect_end()
        if dismiss and self._desk.has(self._host):
            self._desk.shut_down(self._host)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._agent.until_gone()
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)

    async def launch(self, order: LaunchOrder) -> None:
        self._desk.start(order.launch_id, order.generation, order.place)

    def places(self) -> Sequence[Place]:
        return self._desk.places()

    def spend(self, places: Iterable[Place]) -> None:
        self._desk.spend(places)

    async def cancel(self, launch_id: int, reason: str) -> None:
        self._desk.stop(launch_id, reason)
        # Where nothing comes of it, the agent may not have it at all: then its next Attach is the proof.
        asyncio.get_running_loop().call_later(_STOPPED_BY_SECONDS, self._desk.recheck, launch_id)

    async def running(self) -> Collection[int] | None:
        return self._desk.held()
