"""The work of one task: rendered, executed, resumed after deferrals, its value left behind."""

from __future__ import annotations

import datetime
import logging
from typing import Any, List, Mapping, Optional, Sequence

from leoflow_runtime.child import assets, callbacks, deferral, dialect, mapping
from leoflow_runtime.child.client import AgentClient
from leoflow_runtime.child.instance import RETURN_KEY, Instance
from leoflow_runtime.child.result import Result, rendered_fields
from leoflow_runtime.child.stopping import Stop

_exceptions = dialect.exceptions
_log = logging.getLogger("task")


def execute(
    task: dialect.Operator,
    ti: Instance,
    context: Any,
    *,
    secrets: Sequence[str],
    stop: Stop,
    client: AgentClient,
    directory: str,
) -> Result:
    """Success or up_for_reschedule; every other way out is an exception."""
    result = Result("success")
    task = mapping.instance_of(task, ti, context)
    # The graph is complete: what `execute` does to its fields makes no new edges.
    task.lock_for_execution()
    task.prepare_template()
    task.render_template_fields(context)
    # Now, because the work may change the fields, and may fail.
    ti.rendered_fields = rendered_fields(task, secrets)
    task.pre_execute(context)
    callbacks.call(task, "on_execute_callback", context)
    work = deferral.Work(task, context)
    try:
        while True:
            try:
                with stop.time_limit(task.execution_timeout):
                    value = work.go_on()
                break
            except _exceptions.TaskDeferred as deferred:
                work = deferral.wait(deferred, task, ti, context, client=client, directory=directory)
    except _exceptions.DownstreamTasksSkipped as skipped:
        value = skipped.result
        result.skip_task_ids = sorted(_task_ids(skipped.tasks))
        result.skip_ignores_trigger_rules = bool(getattr(task, "ignore_downstream_trigger_rules", False))
        _log.info("Skipping tasks %s", result.skip_task_ids)
    except _exceptions.AirflowRescheduleException as reschedule:
        _log.info("Rescheduling task, marking task as UP_FOR_RESCHEDULE")
        result = Result("up_for_reschedule")
        result.reschedule_at = _rfc3339(reschedule.reschedule_date)
        return result
    task.post_execute(context, value)
    result.map_length = _push(task, ti, value)
    result.asset_events = assets.updates(task.outlets, context["outlet_events"])
    return result


def _push(task: dialect.Operator, ti: Instance, value: Any) -> Optional[int]:
    """The return value becomes an XCom; with `multiple_outputs`, so does each of its entries.

    Returns its length, where others can be mapped over it.
    """
    length = mapping.length_of(task, ti, value if task.do_xcom_push else None)
    if value is None or not task.do_xcom_push:
        return None
    if task.multiple_outputs:
        if not isinstance(value, Mapping):
            raise TypeError(
                f"Returned output was type {type(value)} expected dictionary for multiple_outputs"
            )
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(
                    "Returned dictionary keys must be strings when using multiple_outputs, "
                    f"found {key} ({type(key)}) instead"
                )
            ti.xcom_push(key, item)
    ti.xcom_push(RETURN_KEY, value)
    return length


def _task_ids(tasks: Any) -> List[str]:
    # Airflow's providers give ids, or pairs of id and map index.
    return [
        task if isinstance(task, str) else task[0] for task in ([tasks] if isinstance(tasks, str) else tasks)
    ]


def _rfc3339(moment: Any) -> str:
    if not isinstance(moment, datetime.datetime):
        raise TypeError(f"AirflowRescheduleException needs a datetime, not {type(moment).__name__}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    text: str = moment.astimezone(datetime.timezone.utc).isoformat()
    return text.replace("+00:00", "Z")
