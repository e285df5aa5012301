"""Attribute access: what may be seen of each kind of value."""

from __future__ import annotations

import types
from types import MethodType
from typing import TYPE_CHECKING, Any

from leoflow_compiler.diagnostics.catalogue.evaluation import UNSUPPORTED_PYTHON
from leoflow_compiler.diagnostics.suggestion import nearest
from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.paths import SourcePath
from leoflow_compiler.evaluate.values import (
    CallableModel,
    Function,
    Library,
    ModelValue,
    Module,
    Opaque,
    Place,
    Value,
)

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter
    from leoflow_compiler.evaluate.library import Call

# Reached by name, these would lead out of the evaluated program.
_HIDDEN = frozenset(
    [
        "__subclasses__",
        "__bases__",
        "__base__",
        "__mro__",
        "__globals__",
        "__code__",
        "__closure__",
        "__func__",
        "__self__",
        "__reduce__",
        "__reduce_ex__",
        "__getattribute__",
        "__builtins__",
        "__loader__",
        "__spec__",
        "__subclasshook__",
        "__leoflow_place__",
        "mro",
        "gi_frame",
        "gi_code",
        "cr_frame",
        "f_globals",
        "f_builtins",
    ]
)
_FUNCTION_NAMES = frozenset({"__name__", "__doc__", "__qualname__", "__module__"})
_FUNCTION_PRIVATE = frozenset(
    [
        "interpreter",
        "node",
        "scope",
        "parameters",
        "place",
        "is_async",
        "is_generator",
        "annotations",
        "owner",
    ]
)
PROJECT_MARK = "__leoflow_place__"


def is_project_class(value: object) -> bool:
    return isinstance(value, type) and hasattr(value, PROJECT_MARK)


class _ByHand(CallableModel):
    """`dag.__enter__` and `dag.__exit__`, for classes of the project that wrap a DAG or a group."""

    def __init__(self, manager: ModelValue, name: str, interpreter: Interpreter) -> None:
        self.manager: Any = manager
        self.__name__ = name
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        if self.__name__ == "__enter__":
            return self.manager.enter(call.interpreter, call.place)
        self.manager.exit(call.interpreter, call.place)
        return None


def copy_identity(wrapper: Function, wrapped: Value) -> None:
    """What `functools.wraps` takes over; the wrapper keeps its own parameters and body."""
    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        if isinstance(getattr(wrapped, name, None), str):
            setattr(wrapper, name, getattr(wrapped, name))
    if isinstance(wrapped, Function):
        for name, value in vars(wrapped).items():
            if name not in _FUNCTION_PRIVATE and name not in _FUNCTION_NAMES:
                setattr(wrapper, name, value)
    wrapper.__wrapped__ = wrapped  # type: ignore[attr-defined]


def get_attribute(interpreter: Interpreter, value: Value, name: str, place: Place) -> Value:
    """`value.name`. Raises Raised(AttributeError) as Python would, Refusal for what is not evaluated."""
    if isinstance(value, SourcePath):
        return value.attribute(name)
    if isinstance(value, Opaque):
        return value
    if isinstance(value, Library):
        closed = interpreter.models.closed.get(value.path)
        if closed is not None and name not in closed:
            raise Raised(AttributeError(f"module '{value.path}' has no attribute '{name}'"), place)
        return interpreter.library(f"{value.path}.{name}")
    if isinstance(value, Module):
        if name in value.names:
            return value.names[name]
        raise Raised(AttributeError(f"module '{value.name}' has no attribute '{name}'"), place)
    if isinstance(value, ModelValue):
        if name in ("__enter__", "__exit__") and hasattr(value, "enter"):
            return _ByHand(value, name, interpreter)
        try:
            return value.get_attribute(name, interpreter, place)
        except AttributeError:
            # The real class has more than its model: "it has none" would be a guess.
            meant = nearest(name, value.methods)
            advice = f"did you mean `{meant}`?" if meant is not None else None
            why = f"`{name}` of {value.called} is known only when the code runs"
            return interpreter.opaque(why, place, advice=advice)
    if isinstance(value, Function):
        return _function_attribute(interpreter, value, name, place)
    if name == "__class__":
        return interpreter.native(place, type, value)
    if name in _HIDDEN:
        raise interpreter.refuse(
            UNSUPPORTED_PYTHON, f"`{name}` is not evaluated at the top level of a DAG file", place
        )
    return _native_attribute(interpreter, value, name, place)


def _function_attribute(interpreter: Interpreter, value: Function, name: str, place: Place) -> Value:
    if name in _FUNCTION_NAMES or (name in vars(value) and name not in _FUNCTION_PRIVATE):
        return getattr(value, name)
    if name.startswith("__") and hasattr(types.FunctionType, name):
        return interpreter.opaque(f"`{name}` of a function is known only when the code runs", place)
    raise Raised(AttributeError(f"'function' object has no attribute '{name}'"), place)


def _native_attribute(interpreter: Interpreter, value: Value, name: str, place: Place) -> Value:
    models = interpreter.models
    for kind in (value if isinstance(value, type) else type(value)).__mro__:
        why = models.impure.get((kind, name))
        if why is not None:
            return interpreter.opaque(why, place, advice=models.remedies.get(why))
    if isinstance(value, MethodType) and name in _FUNCTION_NAMES:
        return getattr(value, name)
    plain_type = isinstance(value, type) and not issubclass(value, ModelValue)
    if readable(interpreter, value) or (plain_type and name == "__name__"):
        return interpreter.native(place, getattr, value, name)
    raise interpreter.refuse(
        UNSUPPORTED_PYTHON,
        f"`{name}` of a {type(value).__name__} is not evaluated at the top level of a DAG file",
        place,
    )


def readable(interpreter: Interpreter, value: Value) -> bool:
    """Whether the value's own attributes are free of outside effects."""
    kinds = interpreter.models.pure_types
    if isinstance(value, type):
        return value in kinds or is_project_class(value) or issubclass(value, BaseException)
    kind = type(value)
    return (
        kind in kinds
        or is_project_class(kind)
        or isinstance(value, (super, BaseException))
        or value is None
        or value is ...
    )


def set_attribute(interpreter: Interpreter, value: Value, name: str, new: Value, place: Place) -> None:
    """`value.name = new`."""
    interpreter.changes_value(f"`.{name}`", place)
    if isinstance(value, Opaque):
        return
    if isinstance(value, ModelValue):
        try:
            value.set_attribute(name, new, interpreter, place)
        except AttributeError:
            raise interpreter.refuse(
                UNSUPPORTED_PYTHON, f"assigning `{name}` of a {type(value).__name__} is not evaluated", place
            ) from None
        return
    if isinstance(value, Module):
        value.names[name] = new
        return
    allowed = is_project_class(value) or is_project_class(type(value)) or isinstance(value, Function)
    if not allowed or name in _HIDDEN or (isinstance(value, Function) and name in _FUNCTION_PRIVATE):
        raise interpreter.refuse(
            UNSUPPORTED_PYTHON,
            f"assigning `{name}` of a {interpreter.describe(value)} is not evaluated",
            place,
        )
    interpreter.native(place, setattr, value, name, new)
