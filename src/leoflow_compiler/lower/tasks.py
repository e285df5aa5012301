"""Tasks of the graph as tasks of the document."""

from __future__ import annotations

from collections.abc import Mapping
from types import BuiltinFunctionType
from typing import Any

from leoflow_compiler.diagnostics.catalogue.airflow import BAD_ARGUMENT
from leoflow_compiler.evaluate.errors import Interruption, Refusal
from leoflow_compiler.evaluate.values import Function, Library, Opaque, Value, opaque_within
from leoflow_compiler.lower.native import mark_native
from leoflow_compiler.lower.task_fields import argument_of, lower_fields
from leoflow_compiler.lower.values import (
    MISSING,
    has_output,
    has_template,
    json_value,
    mapped_value,
    source_within,
)
from leoflow_compiler.models.graph import Task
from leoflow_compiler.models.operators import BASE_PARAMETERS, DEFAULT_CLASSES
from leoflow_compiler.models.signature import given_arguments, parameters_of
from leoflow_compiler.models.task_decorators import TaskFactory

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_BASH_EXTRA = ("env", "append_env", "cwd", "skip_on_exit_code", "output_encoding")
_HTTP_EXTRA = ("extra_options", "log_response")


def lower_task(task: Task, yaml_defaults: Mapping[str, Any], problems: list[Interruption]) -> dict[str, Any]:
    """One task of the document. Problems are collected."""
    found: dict[str, Any] = {"task_id": task.task_id, "type": task.operator.type}
    if task.operator.kind is not None:
        found["kind"] = task.operator.kind
    if task.operator.path != DEFAULT_CLASSES.get(task.operator.type):
        found["operator_class"] = task.operator.path
    found.update(lower_fields(task, yaml_defaults, problems))
    if task.upstream:
        found["depends_on"] = sorted(task.upstream)
    _add_place(task, found)
    try:
        _KINDS[task.operator.type](task, found)
    except Interruption as problem:
        problems.append(problem)
    _add_templates(task, found)
    mark_native(task, found)
    return found


def _add_place(task: Task, found: dict[str, Any]) -> None:
    assert task.dag is not None
    labels = {
        first: task.dag.labels[first, task.task_id]
        for first in sorted(task.upstream)
        if (first, task.task_id) in task.dag.labels
    }
    if labels:
        found["edge_labels"] = labels
    for mark in ("is_setup", "is_teardown", "on_failure_fail_dagrun"):
        if getattr(task, mark):
            found[mark] = True
    if task.mapping is not None:
        found["mapped"] = mapped_value(task.mapping)
    if task.conditions:
        found["conditions"] = list(task.conditions)
    if task.group is not None and task.group.group_id:
        found["task_group"] = task.group.group_id
    found["location"] = {"file": task.place.file.path, "line": task.place.line}


def _python(task: Task, found: dict[str, Any]) -> None:
    function = task.arguments.get("python_callable")
    entrypoint = entrypoint_of(function)
    if entrypoint is not None:
        found["entrypoint"] = entrypoint
    args, kwargs = task.arguments.get("op_args") or (), task.arguments.get("op_kwargs") or {}
    if not isinstance(args, (list, tuple)) or not isinstance(kwargs, dict):
        return
    parameters = parameters_of(function)
    if parameters is None:
        _unnamed_outputs(args, found)
        parameters = ()
        args = ()
    inputs: dict[str, Any] = {}
    literals: dict[str, Any] = {}
    for name, value in given_arguments(parameters, args, kwargs).items():
        source = source_within(value)
        if source is not None:
            inputs[name] = source
            continue
        literal = json_value(value)
        if literal is not MISSING:
            literals[name] = literal
    if inputs:
        found["xcom_input"] = inputs
    if literals:
        found["call_args"] = literals


def _unnamed_outputs(args: Any, found: dict[str, Any]) -> None:
    """Outputs for a function whose parameters are not known: their place is all there is."""
    values = json_value(list(args))
    if has_output(args) and values is not MISSING:
        found["templates"] = {"op_args": values}


def entrypoint_of(function: Value) -> str | None:
    """`module:function`, for readers; None where it is not known."""
    if isinstance(function, TaskFactory):
        function = function.function
    if isinstance(function, Function):
        return f"{function.scope.module}:{function.__qualname__}"
    if isinstance(function, Library):
        module, _, name = function.path.rpartition(".")
        return f"{module}:{name}"
    if isinstance(function, BuiltinFunctionType):
        return f"{function.__module__}:{function.__name__}"
    return None


def _bash(task: Task, found: dict[str, Any]) -> None:
    if "bash_command" not in task.arguments:
        return
    command = argument_of(task, "bash_command")
    if isinstance(command.value, Opaque) and not command.value.cascade:
        # Only the file itself knows it: there the task runs as the operator that it is.
        found["type"], found["operator_class"] = "operator", task.operator.path
        _any(task, found)
        return
    value = command.known()
    text = str(value) if isinstance(value, str) or has_output(value) else command.text()
    if not text:
        raise Refusal(BAD_ARGUMENT, f"the command of task `{task.task_id}` is empty", command.place)
    found["entrypoint"] = text
    _add_extra(task, _BASH_EXTRA, found)


def _add_extra(task: Task, names: tuple[str, ...], found: dict[str, Any]) -> None:
    extra: dict[str, Any] = {}
    for name in names:
        if name not in task.arguments:
            continue
        value = json_value(task.arguments[name])
        if value is not MISSING and value != task.operator.parameters[name].default:
            extra[name] = value
    if extra:
        found["call_args"] = extra


def _http(task: Task, found: dict[str, Any]) -> None:
    arguments = task.arguments
    request: dict[str, Any] = {"method": "POST"}
    if "method" in arguments:
        method = argument_of(task, "method")
        request["method"] = method.text().upper()
        if request["method"] not in _METHODS:
            raise method.wrong("a method such as GET or POST")
    endpoint = arguments.get("endpoint")
    absolute = isinstance(endpoint, str) and endpoint.startswith(("http://", "https://"))
    if endpoint is not None and (isinstance(endpoint, str) or has_output(endpoint)) and str(endpoint):
        request["url"] = str(endpoint)
    connection = arguments.get("http_conn_id", None if absolute else "http_default")
    if isinstance(connection, str):
        request["conn_id"] = str(connection)
    headers = json_value(arguments.get("headers"))
    if isinstance(headers, dict) and headers and all(isinstance(value, str) for value in headers.values()):
        request["headers"] = headers
    body = json_value(arguments.get("data"))
    if body is not MISSING and body is not None:
        request["body"] = body
    found["http_request"] = request
    _add_extra(task, _HTTP_EXTRA, found)
    if has_output(arguments.get("data")) and body is not MISSING:
        found.setdefault("call_args", {})["data"] = body
        del request["body"]


def _empty(task: Task, found: dict[str, Any]) -> None:
    """Nothing of its own."""


def _any(task: Task, found: dict[str, Any]) -> None:
    """The literal arguments; whatever is no JSON is in the code."""
    arguments = {}
    for name, value in task.arguments.items():
        if name in BASE_PARAMETERS or has_template(value):
            continue
        lowered = json_value(value)
        if lowered is not MISSING:
            arguments[name] = lowered
    if arguments:
        found["call_args"] = arguments


_KINDS = {"python": _python, "bash": _bash, "http_api": _http, "empty": _empty, "operator": _any}


def _add_templates(task: Task, found: dict[str, Any]) -> None:
    """Template fields as written; a field that is not known here is rendered from the file itself."""
    templates: dict[str, Any] = dict(found.get("templates", {}))
    for name in task.operator.templated(task.arguments):
        value = task.arguments.get(name)
        if isinstance(value, Opaque) or opaque_within(value) is not None:
            continue
        named_outputs = task.operator.type not in ("python", "operator") and has_output(value)
        if has_template(value) or named_outputs:
            lowered = json_value(value)
            if lowered is not MISSING:
                templates[name] = lowered
    if templates:
        found["templates"] = templates
