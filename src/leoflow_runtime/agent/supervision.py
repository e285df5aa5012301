"""One launch, from its folder in the spool to its acknowledged report."""

from __future__ import annotations

import asyncio
import functools
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from leoflow_runtime.agent import processes
from leoflow_runtime.agent.adoption import end_of, process_of
from leoflow_runtime.agent.control import CallRefused, LaunchGone, LaunchSession
from leoflow_runtime.agent.launch_log import LaunchLog
from leoflow_runtime.agent.log_lines import LineConverter, Masker, own_line
from leoflow_runtime.agent.outcome import GOOD, Ending, closing_words, conclude, mask_words, reduced, rfc3339
from leoflow_runtime.agent.settings import Bounds
from leoflow_runtime.agent.shipping import LogShipper
from leoflow_runtime.agent.spool import LaunchDirectory
from leoflow_runtime.agent.zygotes import (
    Child,
    ImportFailed,
    LaunchRefused,
    Version,
    Zygote,
    ZygoteDied,
    ZygotePool,
)
from leoflow_runtime.wire import agent_pb2 as wire

# exit.json (None: the process never was, or vanished), and what the agent decided about it, if anything.
_End = tuple[dict[str, Any] | None, Ending | None]
# Bytes of log that go with the report of the end.
_LOG_WITH_REPORT = 64 * 1024


class Supervision:
    """Runs a launch, or takes over one that an earlier agent left running."""

    def __init__(
        self,
        *,
        spec: wire.LaunchSpec,
        directory: LaunchDirectory,
        session: LaunchSession,
        zygotes: ZygotePool,
        bounds: Bounds,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.launch_id = spec.launch_id
        self.spec = spec
        self.directory = directory
        self.session = session
        # Requests of the child that are being answered: while there are any, it is not stuck.
        self.requests = 0
        self._zygotes = zygotes
        self._bounds = bounds
        self._clock = clock
        asked_for = (directory.read("secrets.json") or {}).get("secrets", [])
        self._masker = Masker([*spec.secrets, *asked_for])
        self._log = LaunchLog(directory.path, LineConverter(self._masker))
        self._log.align(spec.log_offset)
        self._shipper = LogShipper(self._log, session, spec.launch_id, spec.log_offset, stop=self.stop)
        self._stop: Ending | None = None
        self._stopping = asyncio.Event()
        self._pid = 0
        self._start_time: int | None = None
        self._ordered_at = 0.0
        self._launched_at = 0.0
        self._start_seen = False
        self._is_young = True
        self._timeout: asyncio.TimerHandle | None = None
        self._resumed_at = 0.0
        # Between the order for a process and the word that it is there.
        self._being_born = False
        # From the end of the process on, nothing can be stopped any more, and the report says it all.
        self._concluding = False
        self._reported = False
        self._gone: LaunchGone | None = None
        self._background: set[asyncio.Task[None]] = set()

    async def run(self, *, ask_first: bool = False) -> wire.Outcome | None:
        """A new launch. The outcome that was reported; None if the launch was no longer current.

        With `ask_first` the control plane has to say that it still is, before anything starts.
        """
        return await self._guarded(self._ask_and_begin if ask_first else self._begin)

    async def adopt(self) -> wire.Outcome | None:
        """A launch that an earlier agent began."""
        return await self._guarded(self._take_over)

    @functools.cached_property
    def nonce(self) -> str:
        """What a request of this launch must carry; empty if the launch has no `launch.json`."""
        return str((self.directory.read("launch.json") or {}).get("nonce", ""))

    def mask(self, secrets: Iterable[str]) -> None:
        """Hides these in what the task leaves from now on; to be called before the task gets them."""
        asked_for = (self.directory.read("secrets.json") or {}).get("secrets", [])
        new = [secret for secret in secrets if secret not in asked_for]
        if new:
            # For the agent that may take over.
            self.directory.write("secrets.json", {"secrets": [*asked_for, *new]})
            self._masker.add(new)

    def stop(self, reason: str) -> None:
        """Ends the task as cancelled."""
        message = f"The task was stopped: {reason}." if reason else "The task was stopped."
        self._begin_stop(Ending(outcome=wire.CANCELLED, message=message))

    def shut_down(self) -> None:
        """Ends the task because Leoflow itself stops: the same try is to run again."""
        message = "The task was stopped: Leoflow is shutting down."
        self._begin_stop(Ending(outcome=wire.SHUT_DOWN, message=message))

    def forget(self, reason: str) -> None:
        """The launch is no longer current: ends its process and reports nothing.

        One that has been reported is finished, not given up: the rest of its log is still sent.
        """
        if self._reported and self.session.is_open:
            return
        self.session.abandon(reason)
        if self._gone is None:
            self._gone = LaunchGone(self.launch_id, reason)
        self.stop(reason)

    def tick(self) -> None:
        """Looks at what the task has written since; called every few dozen milliseconds while it runs."""
        if self._is_young:  # most tasks are over before it is worth a file, or a call
            self._is_young = False
            return
        if not self._being_born:  # what it may write already goes behind the line that it was started
            self._log.take_output()
        self._log.keep()
        self._shipper.wake()
        if not self._start_seen and not self._concluding and self._pid and self.directory.has("started"):
            self._start_seen = True
            self._time_the_work()
            self._in_background(self._report_started())

    async def _guarded(self, work: Callable[[], Awaitable[_End]]) -> wire.Outcome | None:
        """The folder stays if this is cancelled: then the agent leaves, and the next one takes over."""
        outcome: wire.Outcome | None = None
        try:
            try:
                end, ending = await work()
                outcome = await self._conclude(end, ending)
            except LaunchGone:
                await self._end_process()
            self.directory.remove()
        finally:
            self._shipper.cancel()
            self._cancel_background()
            self._log.close()
        return outcome

    # --- a new launch

    async def _ask_and_begin(self) -> _End:
        reply = await self.session.call("Heartbeat", wire.HeartbeatRequest(launch_ids=[self.launch_id]))
        for stop in reply.stop:
            self.stop(stop.reason)
        return await self._begin()

    async def _begin(self) -> _End:
        if self._stop is not None:  # while it waited for its turn
            return None, self._stop
        version = Version.of(self.spec)
        try:
            zygote = await self._zygotes.acquire(version, self.directory.path)
        except OSError as error:
            message = f"The interpreter {version.python} cannot be started: {error.strerror}."
            self._say(message, level="error")
            return None, Ending(outcome=wire.FAILED, message=message)
        try:
            return await self._through(zygote)
        except ImportFailed as error:
            if zygote.lost_its_launch:
                return await self._begin()  # what it failed for may be just that
            for line in error.traceback.splitlines():
                self._say(line, level="error")
            message = f"The DAG could not be imported: {error.summary}"
            return None, Ending(outcome=wire.FAILED, message=message)
        except LaunchRefused as error:
            return None, self._stop or Ending(outcome=wire.LOST, message=f"The task did not start: {error}.")
        except ZygoteDied as error:
            if self._pid:  # its children die with it; that they have is what must be known
                processes.signal_tree(self._pid, signal.SIGKILL, descendants=True)
                await processes.wait_gone(self._pid, self._start_time)
            return self.directory.read("exit.json"), self._stop or Ending(
                outcome=wire.LOST, message=str(error)
            )
        finally:
            self._zygotes.release(zygote)

    async def _through(self, zygote: Zygote) -> _End:
        if not await self._import_done(zygote):
            return None, self._stop
        child = await self._launch(zygote, mode=None)
        while True:
            end = await self._watch(child)
            if end is not None:
                return end, self._stop
            reason = f"a task process did not reach its first line within {self._bounds.stuck_seconds:g} s"
            self._zygotes.stop_forking(zygote.version, reason)
            self._say(f"Each task of this version gets a fresh interpreter from now on: {reason}.")
            processes.signal_tree(child.pid, signal.SIGKILL, descendants=True)
            await child.ended
            self.directory.prepare_again()
            child = await self._launch(zygote, mode="spawn")

    async def _import_done(self, zygote: Zygote) -> bool:
        """Waits for the version to be imported; False if the launch was stopped meanwhile."""
        if not zygote.ready.done():
            stopping = asyncio.ensure_future(self._stopping.wait())
            waiting: set[asyncio.Future[Any]] = {zygote.ready, stopping}
            await asyncio.wait(
                waiting,
                timeout=self._bounds.import_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            stopping.cancel()
        if not zygote.ready.done() and not self._stopping.is_set():
            zygote.kill()
            raise ImportFailed(
                f"importing it took longer than {self._bounds.import_seconds:g} s",
                f"The DAG was not imported within {self._bounds.import_seconds:g} s.",
            )
        if self._stopping.is_set():
            return False
        zygote.ready.result()
        return True

    async def _launch(self, zygote: Zygote, mode: str | None) -> Child:
        await self._take_all_output()
        self._being_born = True
        self._ordered_at = self._clock()
        child = await zygote.launch(self.launch_id, self.directory.path, mode=mode)
        self._pid, self._start_time = child.pid, child.start_time
        self._launched_at = self._clock()
        how = "forked" if child.mode == "fork" else "in a fresh interpreter"
        what = self.spec.callback.kind or self.spec.task_id
        self._say(
            f"Started {what} (try {self.spec.try_number}) as process {child.pid}, {how}, "
            f"with {zygote.version.python}."
        )
        if child.mode == "spawn" and zygote.reasons:
            self._say(f"Not forked: {'; '.join(zygote.reasons)}.")
        if self.spec.note:
            self._say(self.spec.note)
        self._being_born = False
        return child

    async def _watch(self, child: Child) -> dict[str, Any] | None:
        """Waits for the process to end, ending it when it must; None if it is stuck before its first line."""
        if child.mode != "fork":
            self._time_the_import()
        stopping: asyncio.Task[None] | None = asyncio.create_task(self._enforce_stop(child.ended))
        try:
            while True:
                wait = self._bounds.stuck_seconds if self._may_be_stuck(child) else None
                done, _ = await asyncio.wait({child.ended}, timeout=wait)
                if done:
                    return child.ended.result()
                if self._may_be_stuck(child) and self.requests == 0:
                    return None
        finally:
            self._end_by(None)
            if stopping is not None:
                stopping.cancel()

    def _may_be_stuck(self, child: Child) -> bool:
        return child.mode == "fork" and not self._stopping.is_set() and not self.directory.has("started")

    def _time_the_import(self) -> None:
        """In a fresh interpreter the DAG is imported first: that is not the task's time."""
        seconds = self._bounds.import_seconds
        message = f"The DAG was not imported within {seconds:g} s."
        self._end_by(self._launched_at + seconds, Ending(outcome=wire.FAILED, message=message))

    def _time_the_work(self) -> None:
        """The task ends itself at its time limit; only where it cannot is it ended from here."""
        self._end_by(None)
        seconds = self.spec.execution_timeout_seconds
        if seconds > 0 and not self.directory.has("deferred"):
            message = f"The task exceeded its execution timeout of {seconds:g} seconds."
            since = max(self._started_at() or self._launched_at, self._resumed_at)
            late = since + seconds + self._bounds.grace_seconds
            self._end_by(late, Ending(outcome=wire.FAILED, message=message))

    def set_deferred(self, is_deferred: bool) -> None:
        """Waiting for a trigger is not working time."""
        self._resumed_at = self._clock()
        if is_deferred:
            self._end_by(None)
        else:
            self._time_the_work()

    def _end_by(self, when: float | None, ending: Ending | None = None) -> None:
        """Ends the task at that time (seconds since the epoch) instead of one said before; None: at none."""
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None
        if when is not None and ending is not None:
            left = max(when - self._clock(), 0.0)
            self._timeout = asyncio.get_running_loop().call_later(left, self._begin_stop, ending)

    # --- stopping

    def _begin_stop(self, ending: Ending) -> None:
        if ending.outcome == wire.FAILED and self.directory.has("result.json"):
            return  # in time after all: it only tells its callbacks
        if self._stop is None and not self._concluding:
            self._stop = ending
            self.directory.write("stop.json", ending.to_record())
            self._stopping.set()

    async def _enforce_stop(self, ended: asyncio.Future[Any]) -> None:
        await self._stopping.wait()
        assert self._stop is not None
        self._say(self._stop.message, level="error")
        processes.signal_tree(self._pid, signal.SIGTERM)
        done, _ = await asyncio.wait({ended}, timeout=self._bounds.grace_seconds)
        if not done:
            self._say(f"It did not end within {self._bounds.grace_seconds:g} s; killed.", level="error")
            processes.signal_tree(self._pid, signal.SIGKILL, descendants=True)

    async def _end_process(self) -> None:
        if self._pid and processes.is_alive(self._pid, self._start_time):
            processes.signal_tree(self._pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(
                    processes.wait_gone(self._pid, self._start_time), self._bounds.grace_seconds
                )
            except TimeoutError:
                processes.signal_tree(self._pid, signal.SIGKILL, descendants=True)

    # --- taking over

    async def _take_over(self) -> _End:
        stop = self.directory.read("stop.json")
        if stop is not None:
            self._stop = Ending.from_record(stop)
            self._stopping.set()
        if self.directory.claim():  # no zygote has begun it, and now none will
            return None, Ending(outcome=wire.LOST, message="The agent ended before the task was started.")
        process = await process_of(self.directory, self._bounds.tick_seconds)
        if process is None:
            return self.directory.read("exit.json"), self._stop
        self._pid, self._start_time = process["pid"], process["start_time"]
        self._launched_at = (self.directory.path / "process.json").stat().st_mtime
        self._say(f"A new agent took over process {self._pid}.")
        ended = asyncio.ensure_future(end_of(self.directory, process, self._bounds.tick_seconds))
        if not self.directory.has("started"):
            self._time_the_import()
        stopping = asyncio.create_task(self._enforce_stop(ended))
        try:
            return await ended, self._stop
        finally:
            stopping.cancel()
            self._end_by(None)

    # --- the end

    async def _conclude(self, end: dict[str, Any] | None, ending: Ending | None) -> wire.Outcome | None:
        self._concluding = True
        self._cancel_background()
        if self._gone is not None:
            raise self._gone
        if end is not None and end["group_alive"]:
            await asyncio.sleep(self._bounds.drain_seconds)
            processes.signal_tree(end["pid"], signal.SIGKILL)
        await self._take_all_output()
        started = self._started_at()
        report = conclude(
            self.launch_id,
            end=end,
            result=self.directory.read("result.json"),
            stop=ending,
            started_at=started,
            now=self._clock(),
        )
        mask_words(report, self._masker)
        self._say(closing_words(report), level="info" if report.outcome in GOOD else "error")
        self._shipper.complete()
        carried, shipped = self._shipper.lend(_LOG_WITH_REPORT), None
        if carried is None:
            shipped = asyncio.ensure_future(self._shipper.drained())
            await asyncio.wait({shipped}, timeout=self._bounds.log_first_seconds)
        else:
            report.log_offset, report.log = carried
        try:
            reply = await self.session.call("ReportFinished", report)
        except CallRefused as refusal:
            reply = await self.session.call("ReportFinished", reduced(report, str(refusal)))
        self._reported = True
        if carried is not None:
            self._shipper.take_back(reply.durable_offset)
        await (shipped or self._shipper.drained())
        return report.outcome

    def _started_at(self) -> float | None:
        """The file's time is a few milliseconds coarse: it must not precede the order for the process."""
        started = self.directory.started_at()
        return max(started, self._ordered_at) if started is not None else self._launched_at or None

    async def _take_all_output(self) -> None:
        while self._log.take_output(final=True):
            await asyncio.sleep(0)

    def _cancel_background(self) -> None:
        for task in self._background:
            task.cancel()

    async def _report_started(self) -> None:
        request = wire.StartedRequest(
            launch_id=self.launch_id, child_pid=self._pid, started_at=rfc3339(self._started_at())
        )
        try:
            reply = await self.session.call("ReportStarted", request)
        except CallRefused as refusal:
            self._say(f"The control plane refused the report of the start: {refusal}", level="warning")
            return
        except LaunchGone as gone:
            self.forget(gone.reason)
            return
        if reply.should_stop:  # its end is still to be reported: the next try waits for that proof
            self.stop(reply.reason)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _say(self, text: str, *, level: str = "info") -> None:
        self._log.append(own_line(text, level=level))
