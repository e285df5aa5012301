"""The arguments that every operator has, as fields of a task."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from leoflow_compiler.diagnostics.catalogue.airflow import BAD_ARGUMENT
from leoflow_compiler.diagnostics.suggestion import did_you_mean
from leoflow_compiler.evaluate.errors import Interruption, Refusal
from leoflow_compiler.evaluate.library import place_of
from leoflow_compiler.evaluate.values import Opaque, Place
from leoflow_compiler.lower.assets import asset_list
from leoflow_compiler.lower.executor_config import executor_config
from leoflow_compiler.lower.schedule import moment_of, rfc3339
from leoflow_compiler.lower.values import Argument
from leoflow_compiler.models.airflow import TriggerRule, WeightRule
from leoflow_compiler.models.airflow2 import TRIGGER_RULES
from leoflow_compiler.models.graph import Task
from leoflow_compiler.models.timetables import Instance

Converter = Callable[[Argument], Any]
# What an argument's value is in dag.json; None: as left out.
_RULES = frozenset(rule.value for rule in TriggerRule)
_WEIGHTS = frozenset(rule.value for rule in WeightRule)


def _rule(argument: Argument) -> str:
    text = argument.text()
    text = TRIGGER_RULES.get(text, text)
    if text not in _RULES:
        message = f"`{text}` is no trigger rule"
        raise Refusal(BAD_ARGUMENT, message, argument.place, help=did_you_mean(text, _RULES))
    return text


def _weight(argument: Argument) -> str:
    if isinstance(argument.value, Instance):
        return argument.value.path
    text = argument.text()
    if text not in _WEIGHTS and "." not in text:
        raise Refusal(
            BAD_ARGUMENT, f"`{text}` is no weight rule", argument.place, help=did_you_mean(text, _WEIGHTS)
        )
    return text


def _user(argument: Argument) -> str | None:
    """A name, or the number of one."""
    value = argument.known()
    if type(value) is int:
        return str(value)
    return argument.text() if value else None


def _retries(argument: Argument) -> int:
    return 0 if argument.value is None else argument.integer(0, 100)


def _backoff(argument: Argument) -> int | float:
    value = argument.known()
    if isinstance(value, bool):
        return 2 if value else 0
    if not isinstance(value, (int, float)) or value < 0:
        raise argument.wrong("a number, zero or more")
    return int(value) if float(value).is_integer() else value


def _optional(convert: Converter) -> Converter:
    return lambda argument: None if argument.value is None else convert(argument)


def _shown(argument: Argument) -> str | None:
    """Texts that are only shown: where they are not known, they are left out."""
    return str(argument.value) if isinstance(argument.value, str) and argument.value else None


# argument -> (field, default, converter)
_FIELDS: Mapping[str, tuple[str, Any, Converter]] = {
    "trigger_rule": ("trigger_rule", "all_success", _rule),
    "retries": ("retries", 0, _retries),
    "retry_delay": ("retry_delay_seconds", 300, Argument.seconds),
    "retry_exponential_backoff": ("retry_exponential_backoff", 0, _backoff),
    "max_retry_delay": ("max_retry_delay_seconds", None, _optional(lambda a: a.seconds(positive=True))),
    "execution_timeout": (
        "execution_timeout_seconds",
        None,
        _optional(lambda a: a.seconds(positive=True, numbers=False)),
    ),
    "depends_on_past": ("depends_on_past", False, Argument.boolean),
    "wait_for_downstream": ("wait_for_downstream", False, Argument.boolean),
    "pool": ("pool", "default_pool", _optional(Argument.text)),
    "pool_slots": ("pool_slots", 1, lambda a: a.integer(1)),
    "priority_weight": ("priority_weight", 1, Argument.integer),
    "weight_rule": ("weight_rule", "downstream", _weight),
    "queue": ("queue", "default", Argument.text),
    "max_active_tis_per_dag": ("max_active_tis_per_dag", None, _optional(lambda a: a.integer(1))),
    "max_active_tis_per_dagrun": ("max_active_tis_per_dagrun", None, _optional(lambda a: a.integer(1))),
    "owner": ("owner", "airflow", _shown),
    "doc_md": ("doc_md", None, _shown),
    "task_display_name": ("task_display_name", None, _shown),
    "do_xcom_push": ("do_xcom_push", True, Argument.boolean),
    "map_index_template": ("map_index_template", None, _shown),
    "inlets": ("inlets", None, asset_list),
    "outlets": ("outlets", None, asset_list),
    "executor": ("executor", None, _optional(Argument.text)),
    "run_as_user": ("run_as_user", None, _user),
    "multiple_outputs": ("multiple_outputs", False, _optional(Argument.boolean)),
}
# The defaults of leoflow.yaml stand below the code: what the code says must be written even where it is the
# platform's default.
_DEFAULTABLE = frozenset({"retries", "retry_delay_seconds", "execution_timeout_seconds"})


def argument_of(task: Task, name: str) -> Argument:
    return Argument(
        name=name,
        value=task.arguments[name],
        locate=lambda: _written(task, name),
        interpreter=task.interpreter,
    )


def _written(task: Task, name: str) -> tuple[str, Place]:
    """Whose argument it is and where: of the DAG where all of its tasks inherit it, to say it once."""
    place, dag, value = place_of(task.place, name), task.dag, task.arguments[name]
    if place is task.place and dag is not None and value is not None and dag.default_args.get(name) is value:
        return f"`default_args` of DAG `{dag.dag_id}`", place_of(dag.place, "default_args")
    return f"task `{task.task_id}`", place


_WAITS_FOR_PEOPLE = "airflow.providers.standard.operators.hitl."


def lower_fields(
    task: Task, yaml_defaults: Mapping[str, Any], problems: list[Interruption]
) -> dict[str, Any]:
    """The fields that differ from their defaults. Problems are collected, one per argument at most."""
    found: dict[str, Any] = {}
    for name, (field, default, convert) in _FIELDS.items():
        if name not in task.arguments:
            continue
        try:
            value = convert(argument_of(task, name))
        except Interruption as problem:
            problems.append(problem)
            continue
        explicit = field in _DEFAULTABLE and field in yaml_defaults
        if value is not None and (value != default or explicit):
            found[field] = value
    if task.operator.path.startswith(_WAITS_FOR_PEOPLE) and not task.arguments.get("response_timeout"):
        found.pop("execution_timeout_seconds", None)  # they take it for how long they wait for an answer
    callbacks = named_callbacks(task.arguments)
    if callbacks:
        found["callbacks"] = callbacks
    if found.get("wait_for_downstream"):
        found["depends_on_past"] = True
    found.update(_executor_config(task, problems))
    found.update(_own_dates(task, problems))
    _check_fail_fast(task, found, problems)
    return found


def named_callbacks(arguments: Mapping[str, Any]) -> list[str]:
    """The arguments that name something to call; what they call is in the code."""
    return sorted(
        name
        for name, value in arguments.items()
        if name.startswith("on_") and name.endswith("_callback")
        if value is not None and not (isinstance(value, list) and not value)
    )


def _executor_config(task: Task, problems: list[Interruption]) -> dict[str, Any]:
    if "executor_config" not in task.arguments:
        return {}
    try:
        value, warnings = executor_config(argument_of(task, "executor_config"))
    except Interruption as problem:
        problems.append(problem)
        return {}
    problems.extend(warnings)
    return {"executor_config": value} if value else {}


def _check_fail_fast(task: Task, found: Mapping[str, Any], problems: list[Interruption]) -> None:
    assert task.dag is not None
    if (
        task.dag.arguments.get("fail_fast") is True
        and found.get("trigger_rule", "all_success") != "all_success"
    ):
        message = f"task `{task.task_id}` of a `fail_fast` DAG has to have the trigger rule `all_success`"
        problems.append(Refusal(BAD_ARGUMENT, message, task.place))


def _own_dates(task: Task, problems: list[Interruption]) -> dict[str, str]:
    """A task's own dates, where they leave out more than the DAG's."""
    assert task.dag is not None
    found: dict[str, str] = {}
    for name, later in (("start_date", True), ("end_date", False)):
        value = task.arguments.get(name)
        moves = isinstance(value, Opaque) and value is task.dag.default_args.get(name)
        if value is None or moves:  # a moving date of all tasks is told of once, with the DAG's
            continue
        try:
            own = moment_of(argument_of(task, name))
            limit = task.dag.arguments.get(name, task.dag.default_args.get(name) if later else None)
            if isinstance(limit, Opaque) or own is None:
                continue
            whole = moment_of(
                Argument(
                    name=name,
                    value=limit,
                    locate=lambda: ("the DAG", task.place),
                    interpreter=task.interpreter,
                )
            )
        except Interruption as problem:
            problems.append(problem)
            continue
        if whole is None or (_aware(own) > _aware(whole) if later else _aware(own) < _aware(whole)):
            found[name] = rfc3339(own)
    return found


def _aware(moment: datetime.datetime) -> datetime.datetime:
    return datetime.datetime.fromisoformat(rfc3339(moment))
