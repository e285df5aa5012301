"""Deferred tasks: the trigger waits in the task's own process, which is shown as deferred meanwhile.

An event goes to the method that the task named; so does, as an error, a trigger's failure or timeout.
"""

from __future__ import annotations

import logging
import os
from typing import Any, Dict, Optional

from leoflow_runtime.child import dialect
from leoflow_runtime.child.client import AgentClient
from leoflow_runtime.child.instance import Instance

_log = logging.getLogger("task")
_FAILURE, _TIMEOUT = "Trigger failure", "Trigger timeout"
# In the launch's folder while the task waits: that is not its working time.
MARKER = "deferred"


class Work:
    """What the task does next: `execute`, or after a deferral the method that it named."""

    def __init__(self, task: dialect.Operator, context: Any, end: Any = None) -> None:
        self._task = task
        self._context = context
        self._method: Optional[str] = None
        self._kwargs: Dict[str, Any] = {}
        self._end = end  # an event that ends the task without going back to it

    def then(self, method: str, kwargs: Dict[str, Any]) -> "Work":
        self._method, self._kwargs = method, kwargs
        return self

    def go_on(self) -> Any:
        """The task's value. Raises whatever the task raises, TaskDeferred to wait (again)."""
        if self._end is not None:
            return self._ended()
        if self._method is None:
            return self._task.execute(self._context)
        return self._task.resume_execution(self._method, self._kwargs, self._context)

    def _ended(self) -> Any:
        state = self._end.task_instance_state
        for key, value in (self._end.xcoms or {}).items():
            self._context["ti"].xcom_push(key, value)
        if state == "skipped":
            raise dialect.exceptions.AirflowSkipException("The trigger skipped the task.")
        if state == "failed":
            raise dialect.exceptions.AirflowException("The trigger failed the task.")
        return None


def wait(
    deferred: Any,
    task: dialect.Operator,
    ti: Instance,
    context: Any,
    *,
    client: AgentClient,
    directory: str,
) -> Work:
    """Waits for the first event of the trigger; what comes after it."""
    import asyncio  # most tasks never wait: they should not pay for it
    import traceback

    trigger = deferred.trigger
    trigger.task_instance = ti
    _log.info("Deferred: waiting for %s, then %s()", type(trigger).__name__, deferred.method_name)
    marker = os.path.join(directory, MARKER)
    with open(marker, "w"):
        pass
    client.say_deferred(True, type(trigger).__qualname__)
    try:
        timeout = None if deferred.timeout is None else deferred.timeout.total_seconds()
        event = asyncio.run(_first_event(trigger, timeout))
    except asyncio.TimeoutError:
        return Work(task, context).then("__fail__", {"error": _TIMEOUT})
    except Exception:
        lines = traceback.format_exc().splitlines()
        return Work(task, context).then("__fail__", {"error": _FAILURE, "traceback": lines})
    finally:
        os.unlink(marker)
        client.say_deferred(False, "")
    _log.info("The trigger fired")
    if hasattr(event, "task_instance_state"):
        return Work(task, context, end=event)
    return Work(task, context).then(deferred.method_name, {**(deferred.kwargs or {}), "event": event.payload})


async def _first_event(trigger: Any, timeout: Optional[float]) -> Any:
    import asyncio

    async def first() -> Any:
        async for event in trigger.run():
            return event
        raise dialect.exceptions.TaskDeferralError("The trigger ended without an event.")

    try:
        return await asyncio.wait_for(first(), timeout)
    finally:
        await trigger.cleanup()
