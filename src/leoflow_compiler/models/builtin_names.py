"""Python's built-in names."""

from __future__ import annotations

import builtins
import types
from typing import Any

from leoflow_compiler.diagnostics.catalogue.evaluation import UNSUPPORTED_PYTHON
from leoflow_compiler.evaluate.attributes import (
    PROJECT_MARK,
    get_attribute,
    is_project_class,
    set_attribute,
)
from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.generators import Generator
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.operators import check_format
from leoflow_compiler.evaluate.values import Function, Library, ModelValue, Module, Opaque, Value

_PURE_TYPES: tuple[type, ...] = (
    bool,
    bytes,
    bytearray,
    complex,
    dict,
    enumerate,
    filter,
    float,
    frozenset,
    int,
    list,
    map,
    object,
    property,
    range,
    reversed,
    set,
    slice,
    str,
    tuple,
    zip,
    classmethod,
    staticmethod,
    types.MappingProxyType,
    types.SimpleNamespace,
    types.GeneratorType,
    Generator,
    types.GenericAlias,
)
_EXAMPLES: tuple[Any, ...] = (
    [],
    (),
    {},
    set(),
    "",
    range(0),
    b"",
    {}.keys(),
    {}.values(),
    {}.items(),
    reversed([]),
)
_ITERATORS: tuple[type, ...] = tuple(type(iter(value)) for value in _EXAMPLES)
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_PURE_FUNCTIONS = (
    abs,
    all,
    any,
    ascii,
    bin,
    chr,
    divmod,
    format,
    hex,
    iter,
    len,
    max,
    min,
    next,
    oct,
    ord,
    pow,
    repr,
    round,
    sorted,
    sum,
)
_REFUSED = ("exec", "eval", "compile", "breakpoint", "dir", "memoryview", "input")


def register(models: Models) -> None:
    names = models.builtins
    for kind in _PURE_TYPES:
        models.pure_types.add(kind)
        if getattr(builtins, kind.__name__, None) is kind:
            names[kind.__name__] = kind
    models.pure_types.update(_ITERATORS, _VIEWS)
    for function in _PURE_FUNCTIONS:
        models.pure_functions.add(function)
        names[function.__name__] = function
    for name, value in vars(builtins).items():
        if isinstance(value, type) and issubclass(value, BaseException):
            names[name] = value
    names.update({"True": True, "False": False, "None": None, "NotImplemented": NotImplemented})
    names.update({"Ellipsis": ..., "__debug__": True, "__build_class__": None})
    for name, model in _MODELS.items():
        models.calls[f"builtins.{name}"] = model
    for name in _REFUSED:
        models.calls[f"builtins.{name}"] = _refuse
    models.guards.update(
        {
            range: _guard_range,
            bytes: _guard_size,
            bytearray: _guard_size,
            "pow": _guard_pow,
            "format": _guard_format,
            "replace": _guard_replace,
        }
    )
    for name in ("center", "ljust", "rjust", "zfill", "expandtabs"):
        models.guards[name] = _guard_width


def attach(interpreter: Interpreter) -> None:
    """Adds the built-in names that are modelled calls."""
    for name in (*_MODELS, *_REFUSED, "__import__", "open", "id"):
        interpreter.models.builtins[name] = Library(f"builtins.{name}", interpreter)


def _refuse(call: Call) -> Value:
    raise call.refusal(UNSUPPORTED_PYTHON, f"`{call.name}` is not evaluated at the top level of a DAG file")


def _print(call: Call) -> Value:
    return None


def _argument(call: Call, index: int) -> Value:
    if index >= len(call.args):
        raise Raised(TypeError(f"{call.name}() expected at least {index + 1} arguments"), call.place)
    return call.args[index]


def _name_argument(call: Call) -> str | Opaque:
    name = _argument(call, 1)
    if not isinstance(name, (str, Opaque)):
        raise Raised(TypeError("attribute name must be string"), call.place)
    return name


def _getattr(call: Call) -> Value:
    name = _name_argument(call)
    if isinstance(name, Opaque):
        return name
    try:
        return get_attribute(call.interpreter, call.args[0], name, call.place)
    except Raised as raised:
        if isinstance(raised.value, AttributeError) and len(call.args) > 2:
            return call.args[2]
        raise


def _hasattr(call: Call) -> Value:
    name = _name_argument(call)
    if isinstance(name, Opaque):
        return name
    try:
        value = get_attribute(call.interpreter, call.args[0], name, call.place)
    except Raised as raised:
        if isinstance(raised.value, AttributeError):
            return False
        raise
    return value if isinstance(value, Opaque) else True


def _setattr(call: Call) -> Value:
    name = _name_argument(call)
    if isinstance(name, Opaque):
        raise call.interpreter.structure_needs(name, "which attribute is set", call.place)
    set_attribute(call.interpreter, call.args[0], name, _argument(call, 2), call.place)
    return None


def _type(call: Call) -> Value:
    value = _argument(call, 0)
    if isinstance(value, Opaque):
        return value
    if len(call.args) == 3:
        return _new_type(call)
    if len(call.args) != 1 or isinstance(value, (ModelValue, Function, Library, Module)):
        raise call.refusal(UNSUPPORTED_PYTHON, "this use of `type` is not evaluated")
    return type(value)


def _new_type(call: Call) -> Value:
    name, bases, names = call.args
    known = isinstance(name, str) and isinstance(bases, tuple) and isinstance(names, dict)
    if not known or not all(base is object or is_project_class(base) for base in bases):
        raise call.refusal(UNSUPPORTED_PYTHON, "this use of `type` is not evaluated")
    return call.interpreter.native(call.place, type, name, bases, {**names, PROJECT_MARK: True})


def _isinstance(call: Call) -> Value:
    value, kinds = _argument(call, 0), _argument(call, 1)
    if isinstance(value, Opaque):
        return value
    if isinstance(value, Library) and not value.modelled:
        return value.as_opaque()
    results = [_is_instance(call, value, kind) for kind in (kinds if isinstance(kinds, tuple) else (kinds,))]
    if any(result is True for result in results):
        return True
    return next((result for result in results if isinstance(result, Opaque)), False)


def _is_instance(call: Call, value: Value, kind: Value) -> bool | Opaque:
    if isinstance(kind, Opaque):
        return kind
    if isinstance(kind, type):
        return not isinstance(value, (ModelValue, Function, Library, Module)) and isinstance(value, kind)
    if isinstance(kind, types.UnionType):
        return any(_is_instance(call, value, one) is True for one in kind.__args__)
    if isinstance(kind, Library):
        names: Any = getattr(value, "class_paths", ())
        if kind.path in names:
            return True
        if isinstance(value, ModelValue):
            return call.interpreter.opaque(f"whether this is a `{kind.path}` is not known", call.place)
        return False
    raise Raised(TypeError("isinstance() arg 2 must be a type or a tuple of types"), call.place)


def _issubclass(call: Call) -> Value:
    kind, parents = _argument(call, 0), _argument(call, 1)
    if isinstance(kind, Opaque):
        return kind
    return call.interpreter.native(call.place, issubclass, kind, parents)


def _callable(call: Call) -> Value:
    value = _argument(call, 0)
    return value if isinstance(value, Opaque) else callable(value)


def _super(call: Call) -> Value:
    if call.args:
        return call.interpreter.native(call.place, super, *call.args)
    scope = call.scope
    while scope is not None and not (scope.kind == "function" and getattr(scope.function, "owner", None)):
        scope = scope.parent
    function = scope.function if scope is not None else None
    if scope is None or not isinstance(function, Function) or function.owner is None:
        raise Raised(RuntimeError("super(): no arguments"), call.place)
    first = scope.names[function.parameters[0].name]
    return call.interpreter.native(call.place, super, function.owner, first)


def _hash(call: Call) -> Value:
    """Only where a class defines its own: the number differs from process to process."""
    function = call.scope.function if call.scope is not None else None
    if isinstance(function, Function) and function.__name__ == "__hash__":
        return call.interpreter.native(call.place, hash, _argument(call, 0))
    return call.interpreter.opaque("a hash differs from process to process", call.place)


def _globals(call: Call) -> Value:
    if call.scope is None:
        return _refuse(call)
    return call.scope.module_scope().names


def _locals(call: Call) -> Value:
    if call.scope is None:
        return _refuse(call)
    return call.scope.names if call.scope.kind == "module" else dict(call.scope.names)


def _vars(call: Call) -> Value:
    if not call.args:
        return _locals(call)
    value = call.args[0]
    if isinstance(value, Opaque):
        return value
    if isinstance(value, (ModelValue, Function, Library, Module, type)):
        return _refuse(call)
    return call.interpreter.native(call.place, lambda: dict(vars(value)))


_MODELS = {
    "print": _print,
    "getattr": _getattr,
    "hasattr": _hasattr,
    "setattr": _setattr,
    "type": _type,
    "isinstance": _isinstance,
    "issubclass": _issubclass,
    "callable": _callable,
    "super": _super,
    "hash": _hash,
    "globals": _globals,
    "locals": _locals,
    "vars": _vars,
}


def _integers(call: Call) -> list[int]:
    return [value for value in call.args[1:] if isinstance(value, int)]


def _guard_range(call: Call) -> None:
    values = _integers(call)
    if len(values) == len(call.args) - 1 and 1 <= len(values) <= 3 and 0 not in values[2:]:
        items = range(*values)
        size = (items.stop - items.start) // items.step if items.step else 0
        call.interpreter.budget.check_length(max(size, 0))


def _guard_size(call: Call) -> None:
    for value in _integers(call):
        call.interpreter.budget.check_length(value)


def _guard_width(call: Call) -> None:
    for value in _integers(call):
        call.interpreter.budget.check_length(value * 10 if value > 0 else 0)


def _guard_pow(call: Call) -> None:
    values = _integers(call)
    if len(values) == 2 and values[1] > 0:
        call.interpreter.budget.check_bits(values[0].bit_length() * values[1])


def _guard_format(call: Call) -> None:
    owner = getattr(call.args[0], "__self__", None)
    for text in (owner, *call.args[1:]):
        if isinstance(text, str):
            check_format(call.interpreter, text)


def _guard_replace(call: Call) -> None:
    owner = getattr(call.args[0], "__self__", None)
    if isinstance(owner, (str, bytes)) and len(call.args) > 2 and isinstance(call.args[2], (str, bytes)):
        call.interpreter.budget.check_length((len(owner) + 1) * (len(call.args[2]) + 1) // 1)
