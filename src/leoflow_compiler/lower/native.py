"""Tasks that the control plane can do by itself, without a process: what they wait for, or call.

Only what is known whole when the file is read: a callable, an output of another task or a template that needs
more than the run's own names makes it a task like any other.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

from leoflow_compiler.evaluate.values import Value
from leoflow_compiler.lower.values import MISSING, json_value, plain_number
from leoflow_compiler.models.graph import Task

_STANDARD = "airflow.providers.standard.sensors"
# What needs a process whatever the task does.
_NEEDS_PROCESS = (
    "callbacks",
    "conditions",
    "executor",
    "executor_config",
    "inlets",
    "mapped",
    "outlets",
    "run_as_user",
    "xcom_input",
)
_HOOKS = ("pre_execute", "post_execute")
_SENSOR_ARGUMENTS = {
    "mode": "mode",
    "poke_interval": "poke_interval_seconds",
    "timeout": "timeout_seconds",
    "soft_fail": "soft_fail",
}
# The names that the control plane fills in (`leoflow_runtime.executors.native.texts`).
_PLAIN_NAME = re.compile(
    r"\{\{-?\s*(ds|ds_nodash|ts|ts_nodash|logical_date|data_interval_start|data_interval_end|run_id)\s*-?\}\}"
)
_HTTP_OPTIONS = frozenset({"check_response", "timeout"})


class _NeedsProcess(Exception):
    """Something about the task is known to a process only."""


def mark_native(task: Task, found: dict[str, Any]) -> None:
    """Adds `execution_mode: inline`, and `wait` with `sensor` for sensors, where no process is needed."""
    if any(name in found for name in _NEEDS_PROCESS) or any(task.arguments.get(name) for name in _HOOKS):
        return
    try:
        if found["type"] == "http_api":
            _check_call(task, found)
        elif task.operator.path in _WAITS:
            wait = _WAITS[task.operator.path](task.arguments)
            sensor = _sensor(task.arguments)
            found["wait"] = wait
            if sensor:
                found["sensor"] = sensor
        else:
            return
    except _NeedsProcess:
        return
    found["execution_mode"] = "inline"


def _check_call(task: Task, found: dict[str, Any]) -> None:
    known = {"endpoint", "method", "data", "headers", "http_conn_id", "log_response", "extra_options"}
    harmless = {"tcp_keep_alive", "tcp_keep_alive_idle", "tcp_keep_alive_count", "tcp_keep_alive_interval"}
    own = {
        name: value
        for name, value in task.arguments.items()
        if name in task.operator.own and value != task.operator.own[name].default
    }
    if not own.keys() <= known | harmless | {"deferrable", "warn_on_non_idempotent"}:
        raise _NeedsProcess
    if any(_plain(own[name]) is MISSING for name in known & own.keys()):
        raise _NeedsProcess
    options = own.get("extra_options") or {}
    if not isinstance(options, dict) or not options.keys() <= _HTTP_OPTIONS:
        raise _NeedsProcess
    if not ("url" in found["http_request"] or "conn_id" in found["http_request"]):
        raise _NeedsProcess


def _sensor(arguments: Mapping[str, Value]) -> dict[str, Any]:
    if any(arguments.get(name) for name in ("exponential_backoff", "max_wait", "silent_fail", "never_fail")):
        raise _NeedsProcess
    found: dict[str, Any] = {}
    for name, field in _SENSOR_ARGUMENTS.items():
        if name in arguments:
            found[field] = (
                _seconds(arguments[name]) if field.endswith("_seconds") else _known(arguments[name])
            )
    if found.get("mode", "poke") not in ("poke", "reschedule") or not isinstance(
        found.get("soft_fail", False), bool
    ):
        raise _NeedsProcess
    return found


def _time_delta(arguments: Mapping[str, Value]) -> dict[str, Any]:
    return {"for": "time_delta", "seconds": _seconds(arguments.get("delta"))}


def _duration(arguments: Mapping[str, Value]) -> dict[str, Any]:
    return {"for": "duration", "seconds": _seconds(arguments.get("time_to_wait"))}


def _time(arguments: Mapping[str, Value]) -> dict[str, Any]:
    moment = arguments.get("target_time")
    if type(moment) is not datetime.time or moment.tzinfo is not None:
        raise _NeedsProcess
    return {"for": "time", "at": moment.isoformat()}


def _date_time(arguments: Mapping[str, Value]) -> dict[str, Any]:
    moment = arguments.get("target_time")
    if isinstance(moment, datetime.datetime):
        return {"for": "date_time", "at": moment.isoformat()}
    text = _known(moment)
    if not isinstance(text, str) or not text:
        raise _NeedsProcess
    return {"for": "date_time", "at": text}


def _external(arguments: Mapping[str, Value]) -> dict[str, Any]:
    found: dict[str, Any] = {"for": "external_task", "dag_id": _known(arguments.get("external_dag_id"))}
    if not isinstance(found["dag_id"], str) or arguments.get("execution_date_fn") is not None:
        raise _NeedsProcess
    tasks = arguments.get("external_task_ids")
    if arguments.get("external_task_id") is not None:
        tasks = [arguments["external_task_id"]]
    if tasks is not None:
        found["task_ids"] = _texts(tasks)
        if len(set(found["task_ids"])) != len(found["task_ids"]):
            raise _NeedsProcess
    if arguments.get("external_task_group_id") is not None:
        found["group_id"] = _texts([arguments["external_task_group_id"]])[0]
    for name in ("allowed_states", "skipped_states", "failed_states"):
        if arguments.get(name) is not None:
            found[name] = _texts(arguments[name])
    if arguments.get("execution_delta") is not None:
        found["seconds"] = _seconds(arguments["execution_delta"])
    return found


def _http(arguments: Mapping[str, Value]) -> dict[str, Any]:
    if any(
        arguments.get(name)
        for name in ("response_check", "request_kwargs", "response_error_codes_allowlist", "extra_options")
    ):
        raise _NeedsProcess
    request: dict[str, Any] = {"method": _known(arguments.get("method", "GET"))}
    if not isinstance(request["method"], str):
        raise _NeedsProcess
    request["method"] = request["method"].upper()
    fields = (
        ("endpoint", "url"),
        ("http_conn_id", "conn_id"),
        ("request_params", "body"),
        ("headers", "headers"),
    )
    for name, field in fields:
        value = _known(arguments.get(name))
        if value:
            request[field] = value
    url = request.get("url", "")
    if not isinstance(url, str):
        raise _NeedsProcess
    if "conn_id" not in request and not url.startswith(("http://", "https://")):
        request["conn_id"] = "http_default"
    headers = request.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise _NeedsProcess
    return {"for": "http", "request": request}


def _seconds(value: Value) -> int | float:
    if isinstance(value, datetime.timedelta):
        return plain_number(value.total_seconds())
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return plain_number(value)
    raise _NeedsProcess


def _texts(value: Value) -> list[str]:
    known = _known(list(value) if isinstance(value, (list, tuple, set, frozenset)) else value)
    if not isinstance(known, list) or not all(isinstance(item, str) for item in known):
        raise _NeedsProcess
    return sorted(known) if isinstance(value, (set, frozenset)) else known


def _known(value: Value) -> Any:
    found = _plain(value)
    if found is MISSING:
        raise _NeedsProcess
    return found


def _plain(value: Value) -> Any:
    """As JSON; MISSING where some of it is none, an output, or a template that needs a process."""
    found = json_value(value)
    return MISSING if found is MISSING or not _all_plain(found) else found


def _all_plain(value: Any) -> bool:
    if isinstance(value, str):
        rest = _PLAIN_NAME.sub("", value)
        return "{{" not in rest and "{%" not in rest and "{#" not in rest
    if isinstance(value, dict):
        return "$xcom" not in value and all(_all_plain(item) for item in value.values())
    if isinstance(value, list):
        return all(_all_plain(item) for item in value)
    return True


_WAITS: Mapping[str, Callable[[Mapping[str, Value]], dict[str, Any]]] = {
    f"{_STANDARD}.time_delta.TimeDeltaSensor": _time_delta,
    f"{_STANDARD}.time_delta.TimeDeltaSensorAsync": _time_delta,
    f"{_STANDARD}.time_delta.WaitSensor": _duration,
    f"{_STANDARD}.time.TimeSensor": _time,
    f"{_STANDARD}.time.TimeSensorAsync": _time,
    f"{_STANDARD}.date_time.DateTimeSensor": _date_time,
    f"{_STANDARD}.date_time.DateTimeSensorAsync": _date_time,
    f"{_STANDARD}.external_task.ExternalTaskSensor": _external,
    "airflow.providers.http.sensors.http.HttpSensor": _http,
}
