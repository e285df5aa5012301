"""Operators, dependencies, params and rules of Airflow."""

from __future__ import annotations

import enum
from itertools import pairwise
from typing import Any

from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import ModelValue, Opaque, Place, Value
from leoflow_compiler.models.edges import not_related
from leoflow_compiler.models.graph import RETURN_VALUE, Label, Relative, Task, XCom
from leoflow_compiler.models.operators import CLASSIC
from leoflow_compiler.models.provider_operators import operator_call
from leoflow_runtime.light import dataclass

NOT_SET: Any = object()


class TriggerRule(str, enum.Enum):  # noqa: UP042 - its text is that of Enum, as in Airflow
    """Airflow's trigger rules."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_SKIPPED = "none_skipped"
    ALWAYS = "always"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ALL_SKIPPED = "all_skipped"


class WeightRule(enum.StrEnum):
    """Airflow's weight rules."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"


@dataclass(frozen=True, slots=True, eq=False)
class Param(ModelValue):
    """A parameter of a DAG: default, description and JSON Schema."""

    value: Value
    description: Value
    schema: dict[str, Value]

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in ("value", "description", "schema"):
            return getattr(self, name)
        raise AttributeError(name)


def register(models: Models) -> None:
    for operator in CLASSIC:
        models.calls[operator.path] = operator_call(operator)
    models.values["airflow.sdk.TriggerRule"] = TriggerRule
    models.values["airflow.sdk.WeightRule"] = WeightRule
    models.pure_types.update((TriggerRule, WeightRule))
    models.calls.update(
        {
            "airflow.sdk.XComArg": _output,
            "airflow.sdk.Label": _label,
            "airflow.sdk.EdgeModifier": _label,
            "airflow.sdk.Param": _param,
            "airflow.sdk.chain": _chain,
            "airflow.sdk.chain_linear": _chain_linear,
            "airflow.sdk.cross_downstream": _cross_downstream,
        }
    )


def advice(*values: Value) -> str | None:
    """Help for an operation that these values do not have."""
    if any(isinstance(value, XCom) for value in values):
        return "an output is known only once its task has run: use it in another task, or branch on it there"
    return not_related(*values)


def _label(call: Call) -> Value:
    text = call.args[0] if call.args else call.kwargs.get("label")
    if isinstance(text, Opaque):
        raise call.interpreter.structure_needs(text, "the label", call.place)
    return Label(str(text), call.interpreter)


def _output(call: Call) -> Value:
    given = {**dict(zip(("operator", "key"), call.args, strict=False)), **call.kwargs}
    task, key = given.get("operator"), given.get("key", RETURN_VALUE)
    if isinstance(task, XCom):
        task = task.task
    if not isinstance(task, Task) or not isinstance(key, str):
        raise Raised(TypeError("XComArg() needs an operator and a key"), call.place)
    return XCom(task, key, call.interpreter)


def _param(call: Call) -> Value:
    given = dict(zip(("default", "description"), call.args, strict=False))
    rest = {**given, **call.kwargs}
    value = rest.pop("default", NOT_SET)
    description = rest.pop("description", None)
    rest.pop("source", None)
    schema = rest.pop("schema", rest)
    return Param(value, description, schema)


def _relative(call: Call, value: Value) -> bool:
    if isinstance(value, Opaque):
        raise call.interpreter.structure_needs(value, "what the chain connects", call.place)
    return isinstance(value, Relative)


def _chain(call: Call) -> Value:
    for first, second in pairwise(call.args):
        if _relative(call, first):
            first.relate(second, upstream=False)
        elif _relative(call, second):
            second.relate(first, upstream=True)
        else:
            _chain_lists(call, first, second)
    return None


def _chain_lists(call: Call, first: Value, second: Value) -> None:
    for side in (first, second):
        if not isinstance(side, (list, tuple)):
            names = f"{type(first).__name__} and {type(second).__name__}"
            raise Raised(TypeError(f"Chain not supported between instances of {names}"), call.place)
    if len(first) != len(second):
        raise Raised(
            ValueError(
                f"Chain not supported for different length Iterable. Got {len(first)} and {len(second)}."
            ),
            call.place,
        )
    for one, other in zip(first, second, strict=True):
        if not _relative(call, one):
            raise Raised(TypeError("chain() connects tasks and groups"), call.place)
        one.relate(other, upstream=False)


def _chain_linear(call: Call) -> Value:
    previous: list[Any] | None = None
    connected = False
    if not call.args:
        raise Raised(ValueError("No tasks provided; nothing to do."), call.place)
    for element in call.args:
        if isinstance(element, Label):
            raise Raised(ValueError("Labels are not supported by chain_linear"), call.place)
        for task in previous or ():
            if not _relative(call, task):
                raise Raised(TypeError("chain_linear() connects tasks and groups"), call.place)
            task.relate(element, upstream=False)
            connected = True
        previous = [element] if _relative(call, element) else list(element)
    if not connected:
        raise Raised(ValueError("No dependencies were set. Did you forget to expand with `*`?"), call.place)
    return None


def _cross_downstream(call: Call) -> Value:
    given = {**dict(zip(("from_tasks", "to_tasks"), call.args, strict=False)), **call.kwargs}
    sources = call.interpreter.native(call.place, list, given.get("from_tasks"))
    if isinstance(sources, Opaque):
        raise call.interpreter.structure_needs(sources, "what is connected", call.place)
    for source in sources:
        if not _relative(call, source):
            raise Raised(TypeError("cross_downstream() connects tasks and groups"), call.place)
        source.relate(given.get("to_tasks"), upstream=False)
    return None
