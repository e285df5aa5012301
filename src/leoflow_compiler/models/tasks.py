"""Making tasks, by Airflow's rules for ids, defaults, groups and implied edges."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Any

from leoflow_compiler.diagnostics.catalogue.airflow import (
    BAD_ARGUMENT,
    BAD_CALL,
    BAD_ID,
    MISSING_ARGUMENT,
    UNKNOWN_ARGUMENT,
)
from leoflow_compiler.diagnostics.catalogue.graph import DUPLICATE_TASK
from leoflow_compiler.diagnostics.suggestion import nearest
from leoflow_compiler.evaluate.errors import Cascade, Raised, Refusal
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call
from leoflow_compiler.evaluate.values import ModelValue, Opaque, Place, Value
from leoflow_compiler.models import edges
from leoflow_compiler.models.airflow2 import TASK_ARGUMENTS, renamed_arguments, renamed_rule
from leoflow_compiler.models.graph import Dag, Group, Task, current_dag, current_group, event
from leoflow_compiler.models.operators import Operator
from leoflow_compiler.models.setup_teardown import scopes_of
from leoflow_compiler.models.signature import check_call, parameters_of

if TYPE_CHECKING:
    from leoflow_compiler.models.mapping import Mapping

ID = re.compile(r"^[A-Za-z0-9_.\-]{1,250}$")
# Values that mean the same as leaving the argument out.
_EMPTY: tuple[Any, ...] = (None, False, 0, (), [], {}, "")
_NOT_DEFAULTED = frozenset({"task_id", "dag", "task_group"})
_MEANT = {"bash_cmd": "bash_command"}


def create_task(
    call: Call,
    operator: Operator,
    given: dict[str, Value],
    label: str,
    *,
    mapping: Mapping | None = None,
    into: Task | None = None,
) -> Task:
    """The task that a call of an operator class makes. `label` names the class in messages.

    A mapped task gets from `mapping` what `given` lacks. `into`: the instance of a project's class that
    becomes the task.
    """
    interpreter = call.interpreter
    interpreter.structural_event("this task exists", call.place)
    interpreter.context_event("this task", call.place)
    given = {
        name: value if name == "python_callable" else interpreter.settled(value)
        for name, value in given.items()
    }
    own_defaults = given.pop("default_args", None)
    dag = _dag(call, given)
    group = _group(call, given, dag)
    meant = check_names(call, operator, given, label)
    defaults = merged_defaults(call, dag, group, own_defaults)
    arguments = dict(given)
    for name, value in defaults.items():
        if name in operator.parameters and name not in arguments and name not in _NOT_DEFAULTED:
            arguments[name] = value
    for name in operator.required:
        if mapping is not None and (mapping.expand is None or name in mapping.expand):
            continue
        if name not in arguments and name not in meant:
            interpreter.report(call.refusal(MISSING_ARGUMENT, f"{label} is missing its argument `{name}`"))
    if operator.decorated:
        _bind_function(call, arguments, defaults, mapping, is_open=operator.is_open)
    task_id = _task_id(call, operator, arguments, dag, group)
    task = Task.__new__(Task) if into is None else into
    Task.__init__(task, task_id, operator, arguments, call.place, interpreter)
    task.mapping = mapping
    if mapping is None:
        scopes_of(interpreter).add(task)
    elif group is not None and group.in_mapped:
        message = "operator expansion in an expanded task group is not yet supported"
        raise Raised(NotImplementedError(message), call.place)
    _join(call, task, dag, group)
    event(interpreter)
    if mapping is not None:
        edges.depend_on_outputs(task, mapping.value)
    for name in operator.templated(arguments):
        edges.depend_on_outputs(task, arguments.get(name))
    return task


def _dag(call: Call, given: dict[str, Value]) -> Dag | None:
    value = given.pop("dag", None)
    if isinstance(value, Opaque):
        raise call.interpreter.structure_needs(value, "to which DAG the task belongs", call.place_of("dag"))
    if value is not None and not isinstance(value, Dag):
        raise Raised(TypeError(f"Expected DAG; received {type(value).__name__}"), call.place_of("dag"))
    return value or current_dag(call.interpreter)


def _group(call: Call, given: dict[str, Value], dag: Dag | None) -> Group | None:
    value = given.pop("task_group", None)
    if isinstance(value, Opaque):
        place = call.place_of("task_group")
        raise call.interpreter.structure_needs(value, "to which group the task belongs", place)
    if isinstance(value, Group):
        return value
    return current_group(call.interpreter, dag) if dag is not None else None


def check_names(call: Call, operator: Operator, given: dict[str, Value], label: str) -> set[str]:
    """Reports arguments that Airflow or Leoflow does not take, and removes them. Gives what was meant."""
    parameters = operator.parameters
    renamed_arguments(call, given, TASK_ARGUMENTS, label)
    renamed_rule(call, given)
    found: set[str] = set()
    for name in list(given):
        if name not in parameters:
            if operator.is_open:
                continue
            meant = _MEANT.get(name) or nearest(name, parameters)
            advice = f"did you mean `{meant}`?" if meant else None
            found.add(meant or name)
            message = f"{label} takes no argument `{name}`"
            call.interpreter.report(call.refusal(UNKNOWN_ARGUMENT, message, argument=name, help=advice))
            del given[name]
    return found


def is_empty(value: Value) -> bool:
    """Whether an argument's value means the same as leaving it out."""
    if isinstance(value, Opaque):
        return False
    return any(type(value) is type(empty) and value == empty for empty in _EMPTY)


def check_default_args(interpreter: Interpreter, defaults: Value, place: Place, owner: str) -> None:
    """Raises Interruption where `default_args` is not known."""
    if isinstance(defaults, Opaque):
        raise interpreter.structure_needs(defaults, f"what `default_args` of {owner} holds", place)


def merged_defaults(call: Call, dag: Dag | None, group: Group | None, own: Value) -> dict[str, Value]:
    """Defaults of the DAG, of the groups, and the call's own, the last winning."""
    merged: dict[str, Value] = {}
    if dag is not None:
        merged.update(dag.default_args)
        if group is not None:
            merged.update(group.default_args)
    if isinstance(own, Opaque):
        raise call.interpreter.structure_needs(
            own, "what `default_args` holds", call.place_of("default_args")
        )
    if isinstance(own, dict):
        check_default_args(call.interpreter, own, call.place_of("default_args"), "the task")
        merged.update(own)
    return merged


def _bind_function(
    call: Call,
    arguments: dict[str, Value],
    defaults: dict[str, Value],
    mapping: Mapping | None,
    *,
    is_open: bool,
) -> None:
    """Arguments of a `@task` function: default_args fill its parameters too, then the call has to fit."""
    function = arguments.get("python_callable")
    parameters = parameters_of(function)
    kwargs = dict(arguments.get("op_kwargs") or {})
    for parameter in (parameters or ()) if mapping is None else ():
        if parameter.name in defaults and parameter.name not in kwargs:
            kwargs[parameter.name] = defaults[parameter.name]
    arguments["op_kwargs"] = kwargs
    for value in (*(arguments.get("op_args") or ()), *kwargs.values()):
        name = getattr(value, "factory_name", None) if isinstance(value, ModelValue) else None
        if name is not None:
            message = f"the function `{name}` is handed over, not what it returns"
            call.interpreter.report(call.refusal(BAD_ARGUMENT, message, help=f"call it: `{name}()`"))
    if parameters is None or mapping is not None or is_open:
        return  # what a provider's decorator fills in is known to the provider
    try:
        check_call(call.interpreter.describe(function), parameters, arguments.get("op_args") or (), kwargs)
    except TypeError as error:
        call.interpreter.report(call.refusal(BAD_CALL, str(error)))
    except ValueError as error:
        raise Raised(error, call.place) from None


def _task_id(
    call: Call, operator: Operator, arguments: dict[str, Value], dag: Dag | None, group: Group | None
) -> str:
    task_id = arguments.get("task_id")
    place = call.place_of("task_id")
    if isinstance(task_id, Opaque):
        raise call.interpreter.structure_needs(task_id, "the task's id", place)
    if "task_id" not in arguments:
        raise Cascade  # it is missing, which has been said
    if not isinstance(task_id, str):
        raise Raised(TypeError(f"The key has to be a string and is {type(task_id)}:{task_id}"), place)
    if isinstance(task_id, enum.Enum) and str(task_id) != task_id.value:
        message = f"the task id is the enum member `{task_id}`, whose value is another text"
        raise Refusal(BAD_ID, message, place, help=f"write `.value` to mean {task_id.value!r}")
    task_id = str(task_id)
    if operator.decorated and dag is not None:
        task_id = unique_id(task_id, dag, group)
    if group is not None:
        task_id = group.child_id(task_id)
    if not ID.match(task_id):
        message = f"the task id {task_id!r} is not allowed: use letters, digits, `_`, `-` and `.`"
        call.interpreter.report(Refusal(BAD_ID, message, place))
    return task_id


def unique_id(task_id: str, dag: Dag, group: Group | None) -> str:
    """The id itself, or the next `__N` where it is taken: Airflow's rule for `@task` calls."""
    full = group.child_id(task_id) if group is not None else task_id
    if full not in dag.tasks:
        return task_id
    prefix = re.split(r"__\d+$", full)[0]
    core = re.split(r"__\d+$", task_id)[0]
    return f"{core}__{dag.highest_numbers.get(prefix, 0) + 1}"


def _join(call: Call, task: Task, dag: Dag | None, group: Group | None) -> None:
    if dag is None:
        return
    where = group if group is not None else dag.root
    if task.task_id in dag.tasks or task.task_id in dag.used_ids or task.task_id in where.children:
        raise _duplicate(task.task_id, dag, call.place_of("task_id"))
    task.group = where
    where.children[task.task_id] = task
    task.dag = dag
    dag.add(task)
    if len(dag.tasks) > call.interpreter.budget.tasks:
        call.interpreter.budget.check_length(call.interpreter.budget.size + 1)


def add_to_dag(task: Task, dag: Dag) -> None:
    """A task that was made outside of a DAG joins one."""
    if task.task_id in dag.tasks or task.task_id in dag.used_ids:
        raise _duplicate(task.task_id, dag, task.place)
    task.dag = dag
    task.group = dag.root
    dag.root.children[task.task_id] = task
    dag.add(task)


def _duplicate(task_id: str, dag: Dag, place: Place) -> Refusal:
    first = dag.tasks.get(task_id)
    notes: tuple[Any, ...] = (("first used here", first.place),) if first is not None else ()
    return Refusal(
        DUPLICATE_TASK, f"the id `{task_id}` is used twice in DAG `{dag.dag_id}`", place, notes=notes
    )
