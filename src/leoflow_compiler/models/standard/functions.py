"""functools and operator: functions that make, keep or compare functions."""

from __future__ import annotations

import functools
import operator
from typing import Any

from leoflow_compiler.evaluate.attributes import copy_identity, get_attribute
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import CallableModel, Function, Opaque, Value

_OPERATORS = (
    "abs add and_ concat contains countOf eq floordiv ge getitem gt index indexOf inv invert is_ is_not le "
    "lshift lt mod mul ne neg not_ or_ pos rshift sub truediv truth xor"
)


def register(models: Models) -> None:
    models.pure("operator", operator.itemgetter, *(getattr(operator, name) for name in _OPERATORS.split()))
    models.calls["operator.attrgetter"] = _attrgetter
    models.calls["operator.methodcaller"] = _methodcaller
    models.pure("functools", functools.partial, functools.cached_property, functools.reduce, functools.cache)
    models.pure("functools", functools.total_ordering, functools.cmp_to_key)
    models.pure_types.add(type(functools.lru_cache(len)))
    models.calls["functools.lru_cache"] = decorator(functools.lru_cache)
    models.calls["functools.wraps"] = _wraps
    models.calls["functools.update_wrapper"] = lambda call: _identify(call, *call.args[:2])


def decorator(native: Any) -> Any:
    """The model of a decorator that is used with and without arguments."""

    def apply(call: Call) -> Value:
        if call.args and callable(call.args[0]):
            return call.interpreter.native(call.place, native, *call.args)
        made = call.interpreter.native(call.place, native, *call.args, **call.kwargs)
        if callable(made):
            call.interpreter.models.pure_functions.add(made)
        return made

    return apply


class _Applied(CallableModel):
    """A function of the compiler's own that the project may call with one value."""

    def __init__(self, interpreter: Interpreter, apply: Any) -> None:
        self.interpreter = interpreter
        self.apply = apply

    def call(self, call: Call) -> Value:
        return self.apply(call, *call.args)


def _wraps(call: Call) -> Value:
    wrapped = call.args[0] if call.args else call.kwargs.get("wrapped")
    return _Applied(call.interpreter, lambda inner, wrapper: _identify(inner, wrapper, wrapped))


def _identify(call: Call, wrapper: Value, wrapped: Value) -> Value:
    """Only names and attributes are taken over: the wrapper keeps its own parameters and body."""
    if isinstance(wrapper, Function):
        copy_identity(wrapper, wrapped)
    return wrapper


def _attrgetter(call: Call) -> Value:
    names = call.args

    def one(inner: Call, value: Value, name: str) -> Value:
        for part in name.split("."):
            value = get_attribute(inner.interpreter, value, part, inner.place)
        return value

    def apply(inner: Call, value: Value) -> Value:
        found = tuple(one(inner, value, name) for name in names)
        return found[0] if len(found) == 1 else found

    unknown = next((name for name in names if isinstance(name, Opaque)), None)
    if unknown is not None:
        return unknown
    return _Applied(call.interpreter, apply)


def _methodcaller(call: Call) -> Value:
    name, args, kwargs = call.args[0], call.args[1:], call.kwargs
    if isinstance(name, Opaque):
        return name

    def apply(inner: Call, value: Value) -> Value:
        method = get_attribute(inner.interpreter, value, name, inner.place)
        return inner.interpreter.call(method, args, kwargs)

    return _Applied(call.interpreter, apply)
