"""The executor of tasks that need no process of their own: one coroutine for each that is at work.

What only waits for a moment holds nothing at all: it is rescheduled to that moment, and the engine's one
heap of timers keeps it. What has to look again and again is held here and looks by its poke interval; with
`mode="reschedule"` each look is a launch of its own, as in Airflow.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.executors.native.guard import AddressPolicy
from leoflow_runtime.executors.native.http import CallFailed, GuardedClient, Request
from leoflow_runtime.executors.native.moments import TIMES, target_of
from leoflow_runtime.executors.native.sensing import Sensor, judge
from leoflow_runtime.executors.native.texts import NameUnknown, fill
from leoflow_runtime.executors.native.work import (
    ConnectionMissing,
    Ended,
    ExternalTasks,
    HttpConnection,
    NativeHost,
    NativeTask,
)
from leoflow_runtime.executors.protocol import LaunchOrder

log = logging.getLogger(__name__)

# Waits up to this long are slept through: a launch more would cost more.
_SHORT_WAIT = timedelta(seconds=2)
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0


class NativeExecutor:
    """`leoflow_runtime.executors.protocol.Executor`. `calls`: requests under way at once."""

    def __init__(self, *, policy: AddressPolicy, calls: int, clock: Callable[[], datetime]) -> None:
        self._host: NativeHost
        self._policy = policy
        self._clock = clock
        self._calls = asyncio.Semaphore(calls)
        self._limit = calls
        self._client: GuardedClient | None = None
        self._work: dict[int, asyncio.Task[None]] = {}
        self._stopped: dict[int, str] = {}
        self._ready = asyncio.Event()

    def start(self, host: NativeHost) -> None:
        """Orders that came before wait for this."""
        self._host = host
        self._ready.set()

    async def let_go(self) -> None:
        """Ends all work without a word: whoever plans next takes it up."""
        self._stopped.clear()
        work = list(self._work.values())
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    async def stop(self) -> None:
        await self.let_go()
        if self._client is not None:
            await self._client.close()

    async def launch(self, order: LaunchOrder) -> None:
        await self._ready.wait()
        self._begin(order.launch_id)

    async def cancel(self, launch_id: int, reason: str) -> None:
        task = self._work.get(launch_id)
        if task is not None:
            self._stopped[launch_id] = reason
            task.cancel()

    async def running(self) -> Collection[int] | None:
        """Takes up, on the way, what a control plane that is gone has begun: only a planner asks."""
        if not self._ready.is_set():
            return None
        for launch_id in await self._host.unfinished():
            self._begin(launch_id)
        return frozenset(self._work)

    # One launch

    def _begin(self, launch_id: int) -> None:
        if launch_id not in self._work:
            self._keep(launch_id, self._carry_out(launch_id))

    def _keep(self, launch_id: int, work: Coroutine[Any, Any, None]) -> None:
        task = self._work[launch_id] = asyncio.create_task(work, name=f"native-{launch_id}")
        task.add_done_callback(partial(self._left, launch_id))

    def _left(self, launch_id: int, task: asyncio.Task[None]) -> None:
        """Also of a coroutine that was cancelled before its first step, which no `except` in it would see."""
        self._work.pop(launch_id, None)
        reason = self._stopped.pop(launch_id, None)
        if task.cancelled() and reason is not None:
            self._keep(launch_id, self._report(launch_id, Ended(outcome=Outcome.CANCELLED, message=reason)))

    async def _carry_out(self, launch_id: int) -> None:
        ended = await self._run(launch_id)
        if ended is not None:
            await self._report(launch_id, ended)

    async def _report(self, launch_id: int, ended: Ended) -> None:
        """Until it is on record: a database that is away for a while loses no outcome."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._host.finish(launch_id, ended)
            except Exception:
                log.exception(
                    "the end of native launch %s could not be written; again in %.1f s", launch_id, pause
                )
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _run(self, launch_id: int) -> Ended | None:
        try:
            task = await self._host.open(launch_id)
            if task is None:
                return None
            limit = task.spec.execution_timeout_seconds
            try:
                async with asyncio.timeout(limit):
                    return await self._act(task)
            except TimeoutError:
                return Ended(
                    outcome=Outcome.FAILED, message=f"it ran longer than its execution timeout of {limit:g} s"
                )
        except (CallFailed, ConnectionMissing) as error:
            return Ended(outcome=Outcome.FAILED, message=str(error))
        except (NameUnknown, ValueError) as error:
            return Ended(outcome=Outcome.FAILED_NO_RETRY, message=str(error))
        except Exception as error:
            log.exception("native launch %s failed", launch_id)
            return Ended(
                outcome=Outcome.LOST, message=f"the control plane could not run it: {type(error).__name__}"
            )

    async def _act(self, task: NativeTask) -> Ended:
        wait = task.spec.wait
        if wait is None:
            return await self._call(task)
        sensor = Sensor.from_document(task.spec.sensor)
        if wait["for"] in TIMES:
            return await self._until(task, wait, sensor)
        return await self._watch(task, wait, sensor)

    # Waiting for a moment

    async def _until(self, task: NativeTask, wait: Any, sensor: Sensor) -> Ended:
        target = target_of(task, wait)
        while True:
            now = self._clock()
            if now >= target:
                await self._host.say(task.launch_id, "info", f"The time {target.isoformat()} has come.")
                return Ended(outcome=Outcome.SUCCESS)
            over = sensor.timed_out(task.started_at, now)
            if over is not None:
                return over
            until = min(target, task.started_at + timedelta(seconds=sensor.timeout, milliseconds=1))
            if until - now > _SHORT_WAIT:
                await self._host.say(task.launch_id, "info", f"Waiting until {target.isoformat()}.")
                return Ended(outcome=Outcome.UP_FOR_RESCHEDULE, again_at=until)
            await asyncio.sleep(max(0.001, (until - now).total_seconds()))

    # Looking again and again

    async def _watch(self, task: NativeTask, wait: Any, sensor: Sensor) -> Ended:
        if not task.resumed:
            await self._host.say(task.launch_id, "info", f"Waiting for {_described(wait)}.")
        while True:
            ended = await self._look(task, wait, sensor)
            now = self._clock()
            ended = ended or sensor.timed_out(task.started_at, now)
            if ended is not None:
                return ended
            then = sensor.next_look(task.started_at, now)
            if sensor.reschedules:
                return Ended(outcome=Outcome.UP_FOR_RESCHEDULE, again_at=then)
            await asyncio.sleep((then - now).total_seconds())

    async def _look(self, task: NativeTask, wait: Any, sensor: Sensor) -> Ended | None:
        if wait["for"] == "http":
            return await self._look_at_url(task, wait, sensor)
        date = task.times.logical_date
        if date is None:
            raise ValueError("a run without a logical date has no counterpart in another DAG")
        of = ExternalTasks(
            dag_id=wait["dag_id"],
            logical_date=date - timedelta(seconds=wait.get("seconds", 0)),
            task_ids=wait.get("task_ids", ()),
            group_id=wait.get("group_id"),
        )
        states = await self._host.states(task.launch_id, of)
        wanted = len(states) if of.group_id else len(of.task_ids) or 1
        return judge(states, wait, sensor, wanted)

    async def _look_at_url(self, task: NativeTask, wait: Any, sensor: Sensor) -> Ended | None:
        request = wait["request"]
        try:
            answer = await self._send(task, _request(task, request), request.get("conn_id"))
        except CallFailed as error:
            return sensor.failed(str(error), may_retry=True)
        if answer.status == 404:
            return None
        if answer.status >= 400:
            return sensor.failed(f"the answer was {answer.status} {answer.reason}", may_retry=True)
        return Ended(outcome=Outcome.SUCCESS)

    # One call

    async def _call(self, task: NativeTask) -> Ended:
        if task.resumed:
            # Whether the request went out is not known: another launch makes it again, as after any crash.
            return Ended(outcome=Outcome.LOST, message="the control plane went away during the call")
        described = task.spec.http_request
        assert described is not None, "a native task waits or calls"
        raw = task.spec.raw["http_request"]
        request = _request(task, raw)
        await self._host.say(
            task.launch_id, "info", f"{request.method} {request.url or described.conn_id or ''}"
        )
        answer = await self._send(task, request, described.conn_id)
        await self._host.say(task.launch_id, "info", f"The answer is {answer.status} {answer.reason}.")
        extra = task.spec.call_args
        if extra.get("log_response"):
            await self._host.say(task.launch_id, "info", answer.text)
        fine = (
            answer.status in described.success_status_codes
            if "success_status_codes" in raw
            else answer.status < 400
        )
        if extra.get("extra_options", {}).get("check_response", True) and not fine:
            raise CallFailed(f"the answer was {answer.status} {answer.reason}", answer.status)
        rendered = {"endpoint": request.url, "headers": dict(request.headers), "data": request.body}
        return Ended(outcome=Outcome.SUCCESS, value=answer.text, rendered=rendered)

    async def _send(self, task: NativeTask, request: Request, conn_id: str | None) -> Any:
        connection: HttpConnection | None = None
        if conn_id is not None and not request.url.startswith(("http://", "https://")):
            connection = await self._host.connection(task.launch_id, conn_id)
        if self._client is None:
            self._client = GuardedClient(self._policy, connections=self._limit)
        async with self._calls:
            return await self._client.send(request, connection)


def _request(task: NativeTask, raw: Any) -> Request:
    options = task.spec.call_args.get("extra_options") or {}
    return Request(
        method=raw.get("method", "GET"),
        url=fill(raw.get("url", ""), task.times),
        headers=fill(raw.get("headers", {}), task.times),
        body=fill(raw.get("body"), task.times),
        timeout=float(options.get("timeout") or raw.get("timeout_seconds", 60.0)),
    )


def _described(wait: Any) -> str:
    if wait["for"] == "http":
        return f"an answer of {wait['request'].get('url') or wait['request'].get('conn_id')}"
    if wait.get("task_ids"):
        return f"{', '.join(wait['task_ids'])} of DAG {wait['dag_id']}"
    return (
        f"task group {wait['group_id']} of DAG {wait['dag_id']}"
        if wait.get("group_id")
        else f"DAG {wait['dag_id']}"
    )
