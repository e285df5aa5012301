"""Sends a launch's log: in order, in batches, each from the offset that the control plane holds durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from leoflow_runtime.agent.control import CallRefused, LaunchGone, LaunchSession, backoff
from leoflow_runtime.agent.launch_log import LaunchLog
from leoflow_runtime.agent.narration import narrate
from leoflow_runtime.wire import agent_pb2 as wire


class LogShipper:
    """At most one batch is on its way at a time."""

    def __init__(
        self,
        log: LaunchLog,
        session: LaunchSession,
        launch_id: int,
        durable: int,
        stop: Callable[[str], None],
    ) -> None:
        """`stop` is told when the control plane wants the task ended."""
        self._log = log
        self._session = session
        self._launch_id = launch_id
        self._durable = durable
        self._stop = stop
        self._complete = False
        self._unwanted = False
        self._lent = False
        self._sending: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Sends what is not durable yet, unless that is under way."""
        behind = self._durable < self._log.end and not self._unwanted and not self._lent
        if behind and (self._sending is None or self._sending.done()):
            self._sending = asyncio.create_task(self._send())

    def complete(self) -> None:
        """The last line has just been added: the batch that carries it is marked final."""
        self._complete = True

    def lend(self, limit: int) -> tuple[int, bytes] | None:
        """The rest of the log and its offset, for somebody else to send, until `take_back`.

        None if nothing is left, a part of it is on its way, or it has more than `limit` bytes.
        """
        under_way = self._sending is not None and not self._sending.done()
        if under_way or self._unwanted or not 0 < self._log.end - self._durable <= limit:
            return None
        self._lent = True
        return self._durable, self._log.batch(self._durable)

    def take_back(self, durable: int) -> None:
        """What was lent has been sent; `durable`: how far the log is stored by now, if that is known."""
        self._lent = False
        self._durable = max(self._durable, durable)

    async def drained(self) -> None:
        """Returns when the whole log is durable, or nobody wants it any more."""
        while self._durable < self._log.end and not self._unwanted:
            self.wake()
            if self._sending is not None:
                await asyncio.wait({self._sending})

    def cancel(self) -> None:
        """Nothing more is sent: the log is about to be closed."""
        self._unwanted = True
        if self._sending is not None:
            self._sending.cancel()

    async def _send(self) -> None:
        waits = backoff()
        while self._durable < self._log.end:
            data = self._log.batch(self._durable)
            final = self._complete and self._durable + len(data) == self._log.end
            request = wire.AppendLogRequest(
                launch_id=self._launch_id, offset=self._durable, data=data, final=final
            )
            try:
                reply = await self._session.call("AppendLog", request)
            except (LaunchGone, CallRefused) as error:
                narrate("warning", f"The rest of the log of launch {self._launch_id} is not sent: {error}")
                self._unwanted = True
                return
            if reply.should_stop and not self._complete:
                self._stop("it is no longer the current launch of its task")
            if reply.durable_offset == self._durable:  # it could not store any of it just now
                await asyncio.sleep(next(waits))
            self._durable = reply.durable_offset
            self._log.align(self._durable)
