"""Values of the evaluated program as values of `dag.json`. Raises Refusal where they cannot be."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable
from typing import Any

from leoflow_compiler.diagnostics.catalogue.airflow import BAD_ARGUMENT
from leoflow_compiler.evaluate.errors import Refusal
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.values import Function, Opaque, Place, Value
from leoflow_compiler.models.derived import Derived
from leoflow_compiler.models.graph import RETURN_VALUE, XCom
from leoflow_compiler.models.mapping import MappedArgument, Mapping
from leoflow_runtime.light import dataclass

MISSING: Any = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """One argument of a DAG or task: its name and value, and where to point when it is wrong."""

    name: str
    value: Value
    locate: Callable[[], tuple[str, Place]]  # whose it is ("DAG `a`", "task `t`") and where; for problems
    interpreter: Interpreter

    @property
    def owner(self) -> str:
        return self.locate()[0]

    @property
    def place(self) -> Place:
        return self.locate()[1]

    def wrong(self, expected: str) -> Refusal:
        shown = "" if isinstance(self.value, Opaque) else f", not {short(self.value)}"
        return Refusal(BAD_ARGUMENT, f"`{self.name}` of {self.owner} has to be {expected}{shown}", self.place)

    def known(self) -> Value:
        """The value. Raises Interruption where it is opaque."""
        if isinstance(self.value, Opaque):
            what = f"`{self.name}` of {self.owner}"
            raise self.interpreter.structure_needs(self.value, what, self.place)
        return self.value

    def integer(self, minimum: int | None = None, maximum: int | None = None) -> int:
        value = self.known()
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong("a whole number")
        if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
            limits = f"from {minimum} to {maximum}" if maximum is not None else f"at least {minimum}"
            raise self.wrong(f"a whole number {limits}")
        return int(value)

    def boolean(self) -> bool:
        value = self.known()
        if not isinstance(value, bool):
            raise self.wrong("True or False")
        return value

    def text(self) -> str:
        value = self.known()
        if not isinstance(value, str):
            raise self.wrong("a string")
        return str.__str__(value)  # what it is, where an enum's member says its own name

    def seconds(self, *, positive: bool = False, numbers: bool = True) -> int | float:
        """A timedelta, or a number where Airflow takes one."""
        value = self.known()
        if isinstance(value, datetime.timedelta):
            amount = value.total_seconds()
        elif numbers and isinstance(value, (int, float)) and not isinstance(value, bool):
            amount = float(value)
        else:
            raise self.wrong("a timedelta or a number of seconds" if numbers else "a timedelta")
        if not math.isfinite(amount) or amount < 0 or (positive and amount == 0):
            raise self.wrong("longer than zero" if positive else "zero or longer")
        return plain_number(amount)


def plain_number(value: float) -> int | float:
    """A whole number as int, so that `300` is not written `300.0`."""
    return int(value) if float(value).is_integer() else float(value)


def short(value: Value) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - the project's own __repr__, or something opaque inside
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "…"


def json_value(value: Value) -> Any:
    """The value as JSON, task outputs as `{"$xcom": source}`; MISSING where some of it is no JSON."""
    if isinstance(value, (XCom, Derived, MappedArgument)):
        source = source_of(value)
        return MISSING if source is MISSING else {"$xcom": source}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if type(value) is int:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else MISSING
    if type(value) in (list, tuple):
        items = [json_value(item) for item in value]
        return MISSING if any(item is MISSING for item in items) else items
    if type(value) is dict:
        return _json_object(value)
    return MISSING


def _json_object(value: dict[Value, Value]) -> Any:
    found: dict[str, Any] = {}
    for key, item in value.items():
        if key is None or type(key) in (int, bool):
            key = json.dumps(key)
        if not isinstance(key, str) or key == "$xcom":
            return MISSING
        lowered = json_value(item)
        if lowered is MISSING:
            return MISSING
        found[str(key)] = lowered
    return found


def source_of(output: XCom | Derived | MappedArgument) -> Any:
    """A task's return value as its id, everything else as an object; MISSING where it holds no JSON."""
    if isinstance(output, MappedArgument):
        group = output.group.group_id if output.group is not None else None
        return {"group": group, "argument": output.name}
    if isinstance(output, Derived):
        return _derived(output)
    if output.key == RETURN_VALUE:
        return output.task.task_id
    return {"task_id": output.task.task_id, "key": output.key}


def _derived(output: Derived) -> Any:
    inputs = [
        source_of(value) if isinstance(value, (XCom, Derived)) else {"value": json_value(value)}
        for value in output.inputs
    ]
    if any(value is MISSING or value == {"value": MISSING} for value in inputs):
        return MISSING
    found: dict[str, Any] = {output.kind: inputs if output.kind in ("zip", "concat") else inputs[0]}
    function = output.extra.get("function")
    if isinstance(function, Function):
        found["function"] = f"{function.scope.module}:{function.__qualname__}"
    fill = json_value(output.extra.get("fillvalue"))
    if "fillvalue" in output.extra and fill is not MISSING:
        found["fillvalue"] = fill
    return found


def source_within(value: Value) -> Any:
    """A source where the value is an output or a (nested) list of nothing but outputs, else None."""
    if isinstance(value, XCom):
        return source_of(value)
    if isinstance(value, (list, tuple)) and value:
        sources = [source_within(item) for item in value]
        return None if any(source is None for source in sources) else sources
    return None


def has_template(value: Value) -> bool:
    """Whether any text inside contains Jinja."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, (list, tuple)):
        return any(has_template(item) for item in value)
    if isinstance(value, dict):
        return any(has_template(item) for item in value.values())
    return False


def has_output(value: Value) -> bool:
    """Whether a task's output is inside."""
    if isinstance(value, (XCom, Derived, MappedArgument)):
        return True
    if isinstance(value, (list, tuple)):
        return any(has_output(item) for item in value)
    if isinstance(value, dict):
        return any(has_output(item) for item in value.values())
    return False


def mapped_value(mapping: Mapping) -> dict[str, Any]:
    """What a task or group is mapped over; what is no JSON is left to the code, as null.

    Of a list or dict its items are: how many there are is known.
    """
    if mapping.expand is None:
        return {"expand_kwargs": _mapped_over(mapping.expand_kwargs)}
    return {"expand": {name: _mapped_over(value) for name, value in mapping.expand.items()}}


def _mapped_over(value: Value) -> Any:
    lowered = json_value(value)
    if lowered is not MISSING:
        return lowered
    if type(value) not in (list, tuple, dict):
        return None
    items = [json_value(item) for item in value]
    return [None if type(value) is dict or item is MISSING else item for item in items]
