"""Which parameters a task's function takes, and which of them the runtime fills in."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from leoflow_compiler.evaluate.binding import bind_parameters
from leoflow_compiler.evaluate.values import Function, Parameter, Value

# The names of Airflow's task context.
CONTEXT_KEYS = frozenset(
    {
        "conn",
        "dag",
        "dag_run",
        "data_interval_end",
        "data_interval_start",
        "outlet_events",
        "ds",
        "ds_nodash",
        "expanded_ti_count",
        "exception",
        "inlets",
        "inlet_events",
        "logical_date",
        "macros",
        "map_index_template",
        "outlets",
        "params",
        "prev_data_interval_start_success",
        "prev_data_interval_end_success",
        "prev_start_date_success",
        "prev_end_date_success",
        "reason",
        "run_id",
        "task",
        "task_reschedule_count",
        "task_instance",
        "task_instance_key_str",
        "templates_dict",
        "test_mode",
        "ti",
        "triggering_asset_events",
        "try_number",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
        "var",
    }
)

_MAX_ANNOTATION = 200  # characters of one in quotes


def parameters_of(function: Value) -> tuple[Parameter, ...] | None:
    """The parameters of a project function; None where the function is not the project's."""
    from leoflow_compiler.models.task_decorators import TaskFactory

    if isinstance(function, TaskFactory):
        function = function.function
    return tuple(function.parameters) if isinstance(function, Function) else None


def check_call(
    name: str, parameters: Sequence[Parameter], args: Sequence[Value], kwargs: Mapping[str, Value]
) -> None:
    """Raises TypeError or ValueError where a `@task` call cannot be bound, as Airflow does."""
    for parameter in parameters:
        if parameter.name in CONTEXT_KEYS and parameter.has_default and parameter.default is not None:
            raise ValueError(f"Context key parameter {parameter.name} can't have a default other than None")
    filled = [
        Parameter(name=p.name, kind=p.kind, has_default=True) if p.name in CONTEXT_KEYS else p
        for p in parameters
    ]
    bind_parameters(name, filled, args, kwargs)


def parsed_annotation(text: str) -> ast.expr | None:
    """An annotation that is written as a string; None where it is no expression, or a very long one."""
    if len(text) > _MAX_ANNOTATION:
        return None
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def given_arguments(
    parameters: Sequence[Parameter], args: Sequence[Value], kwargs: Mapping[str, Value]
) -> dict[str, Value]:
    """The given arguments by parameter; those of `*args` as one list, those of `**kwargs` by their names."""
    bound: dict[str, Value] = {}
    rest = list(args)
    for parameter in parameters:
        if parameter.kind.startswith("positional") and rest:
            bound[parameter.name] = rest.pop(0)
        elif parameter.kind == "var_positional" and rest:
            bound[parameter.name] = rest
            rest = []
    return {**bound, **kwargs}
