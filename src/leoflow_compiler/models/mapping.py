"""Dynamic mapping: `.partial(…)`, `.expand(…)`, `.expand_kwargs(…)` on tasks and on task groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from leoflow_compiler.diagnostics.catalogue.airflow import BAD_CALL
from leoflow_compiler.diagnostics.suggestion import did_you_mean
from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, CallModel
from leoflow_compiler.evaluate.values import CallableModel, ModelValue, Opaque, Place, Value
from leoflow_compiler.models.derived import Derived
from leoflow_compiler.models.graph import Group, Method, Task, XCom
from leoflow_compiler.models.operators import Operator
from leoflow_compiler.models.signature import CONTEXT_KEYS, parameters_of
from leoflow_runtime.light import dataclass

if TYPE_CHECKING:
    from leoflow_compiler.models.groups import GroupFactory
    from leoflow_compiler.models.task_decorators import TaskFactory

METHODS = ("partial", "expand", "expand_kwargs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mapping:
    """What a task or group is repeated over: `expand` (name → values) or `expand_kwargs` (dicts)."""

    expand: dict[str, Value] | None = None
    expand_kwargs: Value = None

    @property
    def value(self) -> Value:
        return self.expand if self.expand is not None else self.expand_kwargs


class MappedArgument(ModelValue):
    """Inside a mapped group: one argument of its function, another one in each repetition."""

    structural = True

    def __init__(self, name: str, mapping: Mapping) -> None:
        self.name = name
        self.mapping = mapping
        self.group: Group | None = None  # known as soon as the group is

    def sources(self) -> Iterator[Task]:
        """The tasks whose outputs the group is mapped over."""
        yield from tasks_within(self.mapping.value)


def tasks_within(value: Value) -> Iterator[Task]:
    """The tasks whose outputs are inside a value."""
    if isinstance(value, (XCom, Derived)):
        yield from value.roots
    elif isinstance(value, MappedArgument):
        yield from value.sources()
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from tasks_within(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tasks_within(item)


def mapping_of(call: Call, owner: str) -> Mapping:
    """What `.expand(…)` or `.expand_kwargs(…)` maps over, checked as Airflow does. Raises Interruption."""
    if call.name == "expand":
        if call.args:
            raise Raised(TypeError("expand() takes keyword arguments only"), call.place)
        if not call.kwargs:
            error = TypeError("no arguments to expand against")
            raise Raised(error, call.place, advice=lambda: "name what it is mapped over: `.expand(name=[…])`")
        for name, value in call.kwargs.items():
            _check_mappable(call, owner, name, value)
        _return_values_only(call, list(call.kwargs.values()))
        return Mapping(expand=dict(call.kwargs))
    value = call.args[0] if call.args else call.kwargs.get("kwargs")
    if isinstance(value, Opaque):
        raise call.interpreter.structure_needs(value, f"over what `{owner}` is mapped", call.place)
    dicts = isinstance(value, (list, tuple)) and all(
        isinstance(item, (XCom, Derived, dict)) for item in value
    )
    if not dicts and not isinstance(value, (XCom, Derived, MappedArgument)):
        raise Raised(TypeError(f"expected XComArg or list[dict], not {type(value).__name__}"), call.place)
    _return_values_only(call, [value])
    return Mapping(expand_kwargs=value)


def _check_mappable(call: Call, owner: str, name: str, value: Value) -> None:
    if isinstance(value, Opaque):
        what = f"over what `{name}` of `{owner}` is mapped"
        raise call.interpreter.structure_needs(value, what, call.place_of(name))
    if not isinstance(value, (list, tuple, dict, XCom, Derived, MappedArgument)):
        text = f"{owner}.expand() got an unexpected type {type(value).__name__!r} for keyword argument {name}"
        help_text = (
            "expand over a list, a dict or a task's output; what all have in common goes to `.partial(…)`"
        )
        raise Raised(ValueError(text), call.place_of(name), advice=lambda: help_text)


def _return_values_only(call: Call, values: list[Value]) -> None:
    for value in values:
        if isinstance(value, XCom) and value.key != "return_value":
            message = f"cannot map over XCom with custom key {value.key!r} from {value.task}"
            raise Raised(ValueError(message), call.place)


def _without_duplicates(call: Call, first: dict[str, Value], second: dict[str, Value]) -> None:
    name = next((name for name in second if name in first), None)
    if name is not None:
        error = TypeError(f"unmappable or already specified argument: '{name}'")
        advice = f"`{name}` goes to `.partial(…)` or to `.expand(…)`, not to both"
        raise Raised(error, call.place_of(name), advice=lambda: advice)


# --- `@task` functions


class PartialTask(CallableModel):
    """`function.partial(…)` of a `@task` function."""

    structural = True

    def __init__(self, factory: TaskFactory, given: dict[str, Value]) -> None:
        self.factory = factory
        self.given = given
        self.interpreter = factory.interpreter
        self.__name__ = factory.factory_name

    def call(self, call: Call) -> Value:
        raise Raised(TypeError("a partial task is not callable: end it with `.expand(…)`"), call.place)

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in METHODS:
            return Method(name, lambda call: map_task(self.factory, self.given, call), interpreter)
        raise AttributeError(name)


def map_task(factory: TaskFactory, given: dict[str, Value], call: Call) -> Value:
    """`.partial`, `.expand` or `.expand_kwargs` on a `@task` function, after `given` partial arguments."""
    _check_names(call, factory.function, factory.factory_name)
    _without_duplicates(call, given, dict(call.kwargs) if call.name != "expand_kwargs" else {})
    if call.name == "partial":
        return PartialTask(factory, {**given, **call.kwargs})
    return factory.make(call, (), given, mapping_of(call, factory.factory_name))


def _check_names(call: Call, function: Value, owner: str) -> None:
    parameters = parameters_of(function)
    if call.name == "expand_kwargs" or parameters is None:
        return
    shadowed = sorted(CONTEXT_KEYS.intersection(call.kwargs))
    if shadowed:
        message = f"cannot call {call.name}() on task context variable {shadowed[0]!r}"
        raise Raised(ValueError(message), call.place_of(shadowed[0]))
    if any(parameter.kind == "var_keyword" for parameter in parameters):
        return
    names = [parameter.name for parameter in parameters if parameter.kind != "positional_only"]
    for name in call.kwargs:
        if name not in names:
            message = f"{owner}.{call.name}() got an unexpected keyword argument '{name}'"
            raise call.refusal(BAD_CALL, message, argument=name, help=did_you_mean(name, names))


# --- operator classes


class PartialOperator(ModelValue):
    """`Operator.partial(task_id=…, …)`."""

    structural = True

    def __init__(self, operator: Operator, given: dict[str, Value]) -> None:
        self.operator = operator
        self.given = given

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in ("expand", "expand_kwargs"):
            return Method(name, self._expand, interpreter)
        raise AttributeError(name)

    def _expand(self, call: Call) -> Value:
        from leoflow_compiler.models.tasks import create_task

        _without_duplicates(call, self.given, dict(call.kwargs) if call.name == "expand" else {})
        mapping = mapping_of(call, self.operator.name)
        return create_task(call, self.operator, dict(self.given), self.operator.name, mapping=mapping)


def partial_of(operator: Operator) -> CallModel:
    """The model of `Operator.partial`."""

    def partial(call: Call) -> Value:
        if call.args:
            raise Raised(TypeError("partial() takes keyword arguments only"), call.place)
        return PartialOperator(operator, dict(call.kwargs))

    return partial


# --- task groups


class PartialGroup(CallableModel):
    """`function.partial(…)` of a `@task_group` function."""

    structural = True

    def __init__(self, factory: GroupFactory, given: dict[str, Value]) -> None:
        self.factory = factory
        self.given = given
        self.interpreter = factory.interpreter
        self.__name__ = factory.factory_name

    def call(self, call: Call) -> Value:
        return self.factory.make(call, call.args, {**self.given, **call.kwargs})

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in METHODS:
            return Method(name, lambda call: map_group(self.factory, self.given, call), interpreter)
        raise AttributeError(name)


def map_group(factory: GroupFactory, given: dict[str, Value], call: Call) -> Value:
    """`.partial`, `.expand` or `.expand_kwargs` on a `@task_group` function."""
    _check_names(call, factory.function, factory.factory_name)
    _without_duplicates(call, given, dict(call.kwargs) if call.name != "expand_kwargs" else {})
    if call.name == "partial":
        return PartialGroup(factory, {**given, **call.kwargs})
    mapping = mapping_of(call, factory.factory_name)
    if any(isinstance(value, MappedArgument) for value in (mapping.expand or {}).values()):
        raise Raised(ValueError("Nested Mapped TaskGroups are not yet supported"), call.place)
    parameters = parameters_of(factory.function) or ()
    names = (
        list(mapping.expand)
        if mapping.expand is not None
        else [parameter.name for parameter in parameters if parameter.name not in given]
    )
    mapped = {name: MappedArgument(name, mapping) for name in names}
    return factory.make(call, (), {**given, **mapped}, mapping)
