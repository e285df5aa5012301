"""The pass `lower`: the whole document."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from leoflow_compiler.diagnostics.catalogue.airflow import BAD_ARGUMENT
from leoflow_compiler.diagnostics.catalogue.lowering import DYNAMIC_START_DATE, NOT_JSON
from leoflow_compiler.evaluate.errors import Cascade, Interruption, Raised, Refusal
from leoflow_compiler.evaluate.library import place_of
from leoflow_compiler.evaluate.problems import problem_of
from leoflow_compiler.evaluate.values import Library, Opaque, opaque_within
from leoflow_compiler.lower.overlay import overlay_dag, overlay_task
from leoflow_compiler.lower.requires import required_names
from leoflow_compiler.lower.result import Compilation
from leoflow_compiler.lower.schedule import lower_schedule, moment_of, rfc3339, zone_name
from leoflow_compiler.lower.task_fields import named_callbacks
from leoflow_compiler.lower.tasks import lower_task
from leoflow_compiler.lower.values import MISSING, Argument, json_value, mapped_value, plain_number
from leoflow_compiler.models.airflow import NOT_SET, Param
from leoflow_compiler.models.graph import Dag, Group
from leoflow_compiler.models.timetables import Instance
from leoflow_runtime.artifact.canonical import labelled_bytes

_DEFAULT_SOURCE = "dag.py"


def build_document(compilation: Compilation) -> None:
    """Fills in `document`, or adds diagnostics."""
    dag = compilation.dag
    assert dag is not None
    config = compilation.project.config
    problems: list[Interruption] = []
    document: dict[str, Any] = {"schema_version": "1.0", "dag_id": dag.dag_id}
    _add_dag_fields(dag, document, problems)
    tasks = []
    for task_id in sorted(dag.tasks):
        task = lower_task(dag.tasks[task_id], config.defaults, problems)
        overlay_task(task, config)
        tasks.append(task)
    document["tasks"] = tasks
    _add_groups(dag, document)
    overlay_dag(document, config)
    _add_source(compilation, document)
    for problem in problems:
        if isinstance(problem, Refusal):
            compilation.refuse(problem)
        elif isinstance(problem, Raised):
            compilation.refuse(problem_of(problem))
        else:
            assert isinstance(problem, Cascade)
    if not compilation.failed:
        document["dag_version"], compilation.data = labelled_bytes(document)
        compilation.document = document


def _argument(dag: Dag, name: str) -> Argument:
    return Argument(
        name=name,
        value=dag.arguments.get(name),
        locate=lambda: (f"DAG `{dag.dag_id}`", place_of(dag.place, name)),
        interpreter=dag.interpreter,
    )


def _add_dag_fields(dag: Dag, document: dict[str, Any], problems: list[Interruption]) -> None:
    def add(name: str, convert: Any, default: Any = None, field: str | None = None) -> None:
        if dag.arguments.get(name) is None:
            return
        try:
            value = convert(_argument(dag, name))
        except Interruption as problem:
            problems.append(problem)
            return
        if value is not None and value != default:
            document[field or name] = value

    add("description", _shown)
    add("doc_md", _shown)
    add("dag_display_name", _shown, dag.dag_id)
    add("catchup", Argument.boolean, False)
    add("max_active_runs", lambda a: a.integer(1), 16)
    add("max_active_tasks", lambda a: a.integer(1), 16)
    add("dagrun_timeout", lambda a: a.seconds(positive=True, numbers=False), None, "dagrun_timeout_seconds")
    add("fail_fast", Argument.boolean, False)
    add("is_paused_upon_creation", Argument.boolean)
    add("tags", _tags)
    add("params", _params)
    add("max_consecutive_failed_dag_runs", lambda a: a.integer(0), 0)
    add("render_template_as_native_obj", Argument.boolean, False)
    add("owner_links", _links)
    add("deadline", _deadlines, None, "deadlines")
    callbacks = named_callbacks(dag.arguments)
    if callbacks:
        document["callbacks"] = callbacks
    try:
        _add_times(dag, document, problems)
    except Interruption as problem:
        problems.append(problem)


def _shown(argument: Argument) -> str | None:
    return str(argument.value) if isinstance(argument.value, str) and argument.value else None


def _links(argument: Argument) -> dict[str, Any] | None:
    links = json_value(argument.value)
    return links if isinstance(links, dict) and links else None


def _deadlines(argument: Argument) -> list[dict[str, Any]] | None:
    value = argument.value
    found: list[dict[str, Any]] = []
    for alert in value if isinstance(value, (list, tuple)) else [value]:
        reference = alert.arguments.get("reference") if isinstance(alert, Instance) else None
        interval = alert.arguments.get("interval") if isinstance(alert, Instance) else None
        one = _reference(reference)
        if isinstance(interval, datetime.timedelta):
            one["interval_seconds"] = plain_number(interval.total_seconds())
        found.append(one)
    return found or None


def _reference(value: Any) -> dict[str, Any]:
    """From when a deadline is counted; only the name of what the running code alone knows."""
    if isinstance(value, Library):
        return {"reference": value.name}
    if not isinstance(value, Instance):
        return {"reference": "unknown"}
    found: dict[str, Any] = {"reference": value.name}
    if isinstance(value.arguments.get("dt"), datetime.datetime):
        found["at"] = rfc3339(value.arguments["dt"])
    for name in ("max_runs", "min_runs"):
        if type(value.arguments.get(name)) is int:
            found[name] = value.arguments[name]
    return found


def _tags(argument: Argument) -> list[str] | None:
    value = argument.known()
    unknown = opaque_within(value)
    if unknown is not None:
        raise argument.interpreter.structure_needs(unknown, "what the tags are", argument.place)
    if not isinstance(value, (list, tuple, set, frozenset)) or not all(isinstance(tag, str) for tag in value):
        raise argument.wrong("a list of strings")
    if any(len(tag) > 100 for tag in value):
        raise argument.wrong("a list of strings of at most 100 characters")
    return sorted({str(tag) for tag in value}) or None


def _params(argument: Argument) -> dict[str, Any] | None:
    value = argument.known()
    if not isinstance(value, dict):
        raise argument.wrong("a dict")
    found: dict[str, Any] = {}
    for name, param in value.items():
        if not isinstance(name, str):
            raise argument.wrong("a dict with strings as keys")
        found[name] = _param(argument, name, param)
    return found or None


def _param(argument: Argument, name: str, value: Any) -> dict[str, Any]:
    plain = value if isinstance(value, Param) else Param(value, None, {})
    if opaque_within(plain.value) is not None:
        return {"value": None, "is_late": True}  # the code says it when a run starts
    unknown = opaque_within(plain.schema)
    if unknown is not None:
        raise argument.interpreter.structure_needs(unknown, f"the schema of param `{name}`", argument.place)
    default = None if plain.value is NOT_SET else json_value(plain.value)
    schema = json_value(plain.schema)
    if default is MISSING or schema is MISSING:
        message = f"param `{name}` of {argument.owner} has to be a JSON value"
        raise Refusal(NOT_JSON, message, argument.place)
    found: dict[str, Any] = {"value": default}
    if isinstance(plain.description, str):
        found["description"] = str(plain.description)
    if schema:
        found["schema"] = schema
    return found


def _add_times(dag: Dag, document: dict[str, Any], problems: list[Interruption]) -> None:
    schedule = lower_schedule(_argument(dag, "schedule"))
    if schedule is not None:
        document["schedule"] = schedule
    start = _argument(dag, "start_date")
    for date in (start, _argument(dag, "end_date")):
        if isinstance(date.value, str):
            help_text = "write `datetime(2025, 1, 31)`; Airflow takes texts in `default_args` only"
            raise Refusal(BAD_ARGUMENT, date.wrong("a datetime").message, date.place, help=help_text)
    if start.value is None and dag.default_args.get("start_date") is not None:
        default = dag.default_args["start_date"]
        start = replace(start, value=default)
    if isinstance(start.value, Opaque) and not start.value.cascade and not document.get("catchup"):
        message = f"the start date of DAG `{dag.dag_id}` moves, so it is left out"
        advice = "write a fixed date, such as `datetime(2026, 1, 1)`"
        problems.append(Refusal(DYNAMIC_START_DATE, message, start.place, help=advice))
        start = replace(start, value=None)
    moment = moment_of(start)
    zone = zone_name(start, moment)
    if zone != "UTC":
        document["schedule_timezone"] = zone
    if moment is not None:
        document["start_date"] = rfc3339(moment)
    end = _argument(dag, "end_date")
    last = moment_of(end)
    if last is not None:
        document["end_date"] = rfc3339(last)
    if document.get("catchup") and schedule is not None and moment is None:
        message = f"DAG `{dag.dag_id}` needs a `start_date`, because `catchup` is on"
        raise Refusal(BAD_ARGUMENT, message, _argument(dag, "catchup").place)
    if schedule == "@continuous" and document.get("max_active_runs", 16) > 1:
        message = f"DAG `{dag.dag_id}` runs `@continuous`, so `max_active_runs` has to be 1"
        raise Refusal(BAD_ARGUMENT, message, _argument(dag, "schedule").place, help="add `max_active_runs=1`")


def _add_groups(dag: Dag, document: dict[str, Any]) -> None:
    found: list[dict[str, Any]] = []
    pending: list[Group] = [dag.root]
    while pending:
        for child in pending.pop().children.values():
            if not isinstance(child, Group):
                continue
            pending.append(child)
            group: dict[str, Any] = {"group_id": child.group_id}
            if child.parent is not None and child.parent.group_id:
                group["parent"] = child.parent.group_id
            if child.tooltip:
                group["tooltip"] = child.tooltip
            if child.display_name:
                group["display_name"] = child.display_name
            if child.mapping is not None:
                group["mapped"] = mapped_value(child.mapping)
            found.append(group)
    if found:
        document["task_groups"] = sorted(found, key=lambda group: str(group["group_id"]))


def _add_source(compilation: Compilation, document: dict[str, Any]) -> None:
    project = compilation.project
    config = project.config
    assert compilation.source is not None
    document["source"] = compilation.source.text
    if config.dag_source != _DEFAULT_SOURCE:
        document["dag_source"] = config.dag_source
    document["files"] = {
        path: "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
        for path, file in project.files.items()
    }
    interpreter = compilation.interpreter
    assert interpreter is not None
    used = _evaluated_with(interpreter.records.get("evaluated_with", {}))
    if used:
        document["evaluated_with"] = used
    requires = required_names(interpreter, document["tasks"])
    if requires:
        document["requires"] = requires


def _evaluated_with(used: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, values in used.items():
        lowered = {
            name: json_value(value) for name, value in sorted(values.items()) if not isinstance(value, Opaque)
        }
        found[kind] = {name: value for name, value in lowered.items() if value is not MISSING}
    return {kind: values for kind, values in found.items() if values}
