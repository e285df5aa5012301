"""Running one task, in a process of its own."""

from __future__ import annotations

import datetime
import faulthandler
import logging
import os
import signal
from typing import Any, List, Mapping, Sequence, Tuple

from leoflow_runtime.child import dialect, failures
from leoflow_runtime.child.build import Built
from leoflow_runtime.child.client import AgentClient
from leoflow_runtime.child.instance import RETURN_KEY, Instance, Run
from leoflow_runtime.child.output import Output
from leoflow_runtime.child.result import Result, rendered_fields
from leoflow_runtime.child.run_context import build_context
from leoflow_runtime.child.stopping import Stop
from leoflow_runtime.child.surroundings import TaskBackend, passwords, set_environment

_TERMINATED = 128 + signal.SIGTERM
_exceptions = dialect.exceptions


def run(built: Built, launch: Mapping[str, Any], directory: str) -> int:
    """Run the launch's task and leave `result.json` in `directory`. Returns the process's exit code.

    0: the outcome is in the result, whatever it is but failed. 1: failed. 143: told to stop.
    To be called once in a process: it replaces the streams, the environment and the SIGTERM handler.
    """
    stop = Stop()
    stop.listen()
    output = Output()
    output.install()
    # A crash in native code leaves its traceback in the log.
    faulthandler.enable(2)
    task = built.dag.get_task(launch["task_id"])
    set_environment(launch, task.owner)
    client = AgentClient(launch)
    dialect.backend.use(TaskBackend(client))
    dag_run = Run(launch)
    ti = Instance(launch, task, dag_run, client)
    result, code = _outcome(task, ti, build_context(launch, task, dag_run, ti), launch, directory, stop)
    result.xcoms = ti.pushed
    result.note = ti.note
    result.rendered_fields = ti.rendered_fields
    output.finish()
    result.write(directory)
    return code


def _outcome(
    task: dialect.Operator,
    ti: Instance,
    context: Any,
    launch: Mapping[str, Any],
    directory: str,
    stop: Stop,
) -> Tuple[Result, int]:
    """Does the work; every way that user code can end becomes a result."""
    log = logging.getLogger("task")
    try:
        with open(os.path.join(directory, "started"), "w"):
            pass
        secrets = passwords(launch.get("connections") or {})
        with stop:
            return _execute(task, ti, context, secrets), 0
    except _exceptions.AirflowSkipException as skip:
        log.info("Skipping task. %s", skip)
        return Result("skipped", str(skip)), 0
    except _exceptions.AirflowTaskTerminated as error:
        _stop(task, log)
        log.error("Task was told to stop", exc_info=True)
        return Result("failed", failures.one_line(error)), _TERMINATED
    except (_exceptions.AirflowFailException, _exceptions.AirflowSensorTimeout) as error:
        log.error("Task failed with exception, without retry", exc_info=True)
        return Result("failed_no_retry", failures.one_line(error)), 1
    except SystemExit as leaving:
        if not leaving.code:
            log.info("Task exited with sys.exit(%s)", "" if leaving.code is None else leaving.code)
            return Result("success"), 0
        log.error(failures.exit_text(leaving.code), exc_info=True)
        return Result("failed", failures.exit_text(leaving.code)), 1
    except BaseException as error:
        log.error("Task failed with exception", exc_info=True)
        return Result("failed", failures.one_line(error)), 1


def _execute(task: dialect.Operator, ti: Instance, context: Any, secrets: Sequence[str]) -> Result:
    result = Result("success")
    # The graph is complete: what `execute` does to its fields makes no new edges.
    task.lock_for_execution()
    dialect.context.set_current_context(context)
    try:
        task.prepare_template()
        task.render_template_fields(context)
        # Now, because the work may change the fields, and may fail.
        ti.rendered_fields = rendered_fields(task, secrets)
        task.pre_execute(context)
        try:
            value = task.execute(context)
        except _exceptions.DownstreamTasksSkipped as skipped:
            value = skipped.result
            result.skip_task_ids = sorted(_task_ids(skipped.tasks))
            result.skip_ignores_trigger_rules = bool(getattr(task, "ignore_downstream_trigger_rules", False))
            logging.getLogger("task").info("Skipping tasks %s", result.skip_task_ids)
        task.post_execute(context, value)
        _push(task, ti, value)
        return result
    except _exceptions.AirflowRescheduleException as reschedule:
        logging.getLogger("task").info("Rescheduling task, marking task as UP_FOR_RESCHEDULE")
        result = Result("up_for_reschedule")
        result.reschedule_at = _rfc3339(reschedule.reschedule_date)
        return result
    finally:
        dialect.context.set_current_context(None)


def _push(task: dialect.Operator, ti: Instance, value: Any) -> None:
    """The return value becomes an XCom; with `multiple_outputs`, so does each of its entries."""
    if value is None or not task.do_xcom_push:
        return
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


def _task_ids(tasks: Any) -> List[str]:
    # Airflow's providers give ids, or pairs of id and map index.
    return [
        task if isinstance(task, str) else task[0] for task in ([tasks] if isinstance(tasks, str) else tasks)
    ]


def _stop(task: dialect.Operator, log: logging.Logger) -> None:
    try:
        task.on_kill()
    except Exception:
        log.error("on_kill() failed", exc_info=True)


def _rfc3339(moment: Any) -> str:
    if not isinstance(moment, datetime.datetime):
        raise TypeError(f"AirflowRescheduleException needs a datetime, not {type(moment).__name__}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    text: str = moment.astimezone(datetime.timezone.utc).isoformat()
    return text.replace("+00:00", "Z")
