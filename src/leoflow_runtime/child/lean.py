"""Running one task, in a process of its own."""

from __future__ import annotations

import faulthandler
import logging
import signal
from typing import Any, Mapping, NamedTuple, Optional

from leoflow_runtime.child import callbacks, deadlines, dialect, failures, mapping
from leoflow_runtime.child.build import Built
from leoflow_runtime.child.client import AgentClient
from leoflow_runtime.child.execution import execute
from leoflow_runtime.child.instance import Instance, Run
from leoflow_runtime.child.output import Output
from leoflow_runtime.child.result import Result
from leoflow_runtime.child.run_context import build_context
from leoflow_runtime.child.stopping import Stop
from leoflow_runtime.child.surroundings import TaskBackend, passwords, set_environment
from leoflow_runtime.zygote.records import record_start

_TERMINATED = 128 + signal.SIGTERM
_exceptions = dialect.exceptions


def prepare() -> Output:
    """What every task of this process and of its forks finds: output as records, tracebacks of crashes."""
    output = Output()
    output.install()
    # A crash in native code leaves its traceback in the log.
    faulthandler.enable(2)
    return output


def run(built: Built, launch: Mapping[str, Any], directory: str, output: Output) -> int:
    """Run the launch's task and leave `result.json` in `directory`. Returns the process's exit code.

    0: the outcome is in the result, whatever it is but failed. 1: failed. 143: told to stop.
    To be called once in a process, `prepare` before it: it replaces the environment and the SIGTERM handler.
    """
    stop = Stop()
    stop.listen()
    task = built.dag.get_task(launch["task_id"])
    set_environment(launch, task.owner)
    client = AgentClient(launch)
    dialect.backend.use(TaskBackend(client))
    dag_run = Run(launch)
    ti = Instance(launch, task, dag_run, client)
    context = build_context(launch, task, dag_run, ti)
    dialect.context.set_current_context(context)
    if launch.get("callback"):
        return _tell(built, task, launch["callback"], context, directory, output)
    ending = _outcome(task, ti, context, launch, directory, stop, client)
    task = ti.task  # of a mapped task, the instance
    ending.result.rendered_map_index = mapping.name_of(task, context)
    _leave(ending.result, ti, directory)
    # The outcome is in its file: a callback that fails, or is killed, changes nothing about it.
    if callbacks.tell(task, _state(ending, task, ti), context, ending.error):
        _leave(ending.result, ti, directory)
    dialect.context.set_current_context(None)
    output.finish()
    return ending.code


def _tell(
    built: Built,
    task: dialect.Operator,
    callback: Mapping[str, Any],
    context: Any,
    directory: str,
    output: Output,
) -> int:
    """No task is run: those are told who want to know how the run ended, or a task without a word."""
    record_start(directory)
    owner, _, kind = callback["kind"].rpartition(":")
    if owner == "deadline":
        deadlines.tell(built.dag, int(kind), context)
    elif owner == "task":
        context["exception"] = _exceptions.AirflowException(callback["reason"])
        context["ti"].state = "up_for_retry" if kind == "on_retry_callback" else "failed"
        callbacks.call(task, kind, context)
    else:
        context["reason"] = callback["reason"]
        context["dag_run"].state = "success" if kind == "on_success_callback" else "failed"
        callbacks.call(built.dag, kind, context)
    output.finish()
    Result("success").write(directory)
    return 0


class _Ending(NamedTuple):
    """`code`: of the process. `error`: what the task raised."""

    result: Result
    code: int
    error: Optional[BaseException] = None


def _leave(result: Result, ti: Instance, directory: str) -> None:
    result.xcoms = ti.pushed
    result.note = ti.note
    result.rendered_fields = ti.rendered_fields
    result.write(directory)


def _state(ending: _Ending, task: dialect.Operator, ti: Instance) -> str:
    """What the control plane will make of the outcome. Nobody is told of a task that was told to stop."""
    if ending.code == _TERMINATED:
        return "terminated"
    if ending.result.outcome == "failed" and task.retries and ti.try_number <= ti.max_tries:
        return "up_for_retry"
    return "failed" if ending.result.outcome.startswith("failed") else ending.result.outcome


def _outcome(
    task: dialect.Operator,
    ti: Instance,
    context: Any,
    launch: Mapping[str, Any],
    directory: str,
    stop: Stop,
    client: AgentClient,
) -> _Ending:
    """Does the work; every way that user code can end becomes a result."""
    log = logging.getLogger("task")
    try:
        record_start(directory)
        secrets = passwords(launch.get("connections") or {})
        with stop:
            return _Ending(
                execute(task, ti, context, secrets=secrets, stop=stop, client=client, directory=directory),
                0,
            )
    except _exceptions.AirflowSkipException as skip:
        log.info("Skipping task. %s", skip)
        return _Ending(Result("skipped", str(skip)), 0)
    except _exceptions.AirflowTaskTerminated as error:
        _stop(ti.task, log)
        log.error("Task was told to stop", exc_info=True)
        return _Ending(Result("failed", failures.one_line(error)), _TERMINATED, error)
    except _exceptions.AirflowTaskTimeout as error:
        _stop(ti.task, log)
        log.error("Task timed out", exc_info=True)
        return _Ending(Result("failed", failures.one_line(error)), 1, error)
    except (_exceptions.AirflowFailException, _exceptions.AirflowSensorTimeout) as error:
        log.error("Task failed with exception, without retry", exc_info=True)
        return _Ending(Result("failed_no_retry", failures.one_line(error)), 1, error)
    except SystemExit as leaving:
        if not leaving.code:
            log.info("Task exited with sys.exit(%s)", "" if leaving.code is None else leaving.code)
            return _Ending(Result("success"), 0)
        log.error(failures.exit_text(leaving.code), exc_info=True)
        return _Ending(Result("failed", failures.exit_text(leaving.code)), 1, leaving)
    except BaseException as error:
        log.error("Task failed with exception", exc_info=True)
        return _Ending(Result("failed", failures.one_line(error)), 1, error)


def _stop(task: dialect.Operator, log: logging.Logger) -> None:
    try:
        task.on_kill()
    except Exception:
        log.error("on_kill() failed", exc_info=True)
