"""Calls: evaluating arguments, finding out what is called, binding parameters."""

from __future__ import annotations

import ast
import functools
import itertools
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from types import (
    BuiltinMethodType,
    FunctionType,
    GeneratorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING

from leoflow_compiler.diagnostics.catalogue.evaluation import OUTSIDE_CODE_BUILDS, UNSUPPORTED_PYTHON
from leoflow_compiler.evaluate import statements
from leoflow_compiler.evaluate.attributes import is_project_class
from leoflow_compiler.evaluate.binding import bind
from leoflow_compiler.evaluate.budget import BudgetExceeded
from leoflow_compiler.evaluate.errors import Interruption, Raised, StructureUnknown
from leoflow_compiler.evaluate.generators import Generator
from leoflow_compiler.evaluate.library import Call
from leoflow_compiler.evaluate.paths import on_path
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import (
    CallableModel,
    Function,
    Instantiable,
    Library,
    ModelValue,
    Module,
    Opaque,
    Parameter,
    Place,
    Unknown,
    Value,
    structural_within,
)

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

_ITERTOOLS = tuple(value for value in vars(itertools).values() if isinstance(value, type))
MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "clear",
        "sort",
        "reverse",
        "add",
        "discard",
        "update",
        "setdefault",
        "popitem",
        "subtract",
        "difference_update",
        "intersection_update",
        "symmetric_difference_update",
        "appendleft",
        "extendleft",
        "popleft",
        "rotate",
        "move_to_end",
        "__setitem__",
        "__delitem__",
        "__iadd__",
        "__ior__",
        *("read", "read_string", "read_dict", "read_file", "set", "add_section"),  # of configparser
    ]
)
# What depends on the order in which it meets the items of a set.
_ORDERING = frozenset(
    [list, tuple, dict, enumerate, zip, map, filter, OrderedDict, Counter, deque, *_ITERTOOLS]
)
_ORDERING_NAMES = frozenset({"join", "extend", "iter", "fromkeys", "reduce", "from_iterable"})
_STRUCTURAL = frozenset({"task_id", "group_id", "dag_id", "dag"})
PROBE_STEPS = 20_000


def evaluate_call(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Value:
    """A call as written: callee, arguments, then the call itself."""
    callee = interpreter.evaluate(node.func, scope)
    args: list[Value] = []
    kwargs: dict[str, Value] = {}
    place = interpreter.place(node, scope)
    unknown: Opaque | None = None
    for arg in node.args:
        if not isinstance(arg, ast.Starred):
            args.append(interpreter.evaluate(arg, scope))
            continue
        items = interpreter.items(interpreter.evaluate(arg.value, scope), place)
        if isinstance(items, Opaque):
            unknown = items if unknown is None else unknown
        else:
            args.extend(items)
    for keyword in node.keywords:
        value = interpreter.evaluate(keyword.value, scope)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        else:
            missing = _spread(interpreter, value, kwargs, place)
            unknown = missing if unknown is None else unknown
    if unknown is not None:
        return _call_with_unknown(interpreter, callee, args, kwargs, unknown, place)
    before = interpreter.current
    interpreter.current = place
    try:
        return call(interpreter, callee, tuple(args), kwargs, place, scope)
    finally:
        interpreter.current = before


def _spread(interpreter: Interpreter, value: Value, kwargs: dict[str, Value], place: Place) -> Opaque | None:
    if isinstance(value, Unknown):
        return value.as_opaque()
    items = interpreter.native(place, lambda: {**value})
    if isinstance(items, Opaque):
        return items
    for key, item in items.items():
        if not isinstance(key, str):
            raise Raised(TypeError("keywords must be strings"), place)
        if key in kwargs:
            raise Raised(TypeError(f"got multiple values for keyword argument '{key}'"), place)
        kwargs[key] = item
    return None


def _call_with_unknown(
    interpreter: Interpreter,
    callee: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    unknown: Opaque,
    place: Place,
) -> Value:
    """A call whose arguments are not all known by name: fine only where it cannot build anything."""
    name = interpreter.describe(callee) if not isinstance(callee, Opaque) else "the call"
    if isinstance(callee, (Opaque, Library)) and not _builds(interpreter, callee):
        return call(interpreter, callee, (*args, unknown), kwargs, place, None)
    what = f"with which arguments `{name}` is called"
    raise interpreter.structure_needs(unknown, what, place, kind=StructureUnknown)


def _builds(interpreter: Interpreter, callee: Value) -> bool:
    return isinstance(callee, Library) and callee.path in interpreter.models.calls


def call(
    interpreter: Interpreter,
    callee: Value,
    args: tuple[Value, ...],
    kwargs: Mapping[str, Value],
    place: Place,
    scope: Scope | None,
) -> Value:
    """Calls any value. Raises Interruption."""
    if isinstance(callee, Function):
        return call_function(interpreter, callee, args, kwargs, place)
    if isinstance(callee, Opaque):
        return _call_opaque(interpreter, callee, args, kwargs, place)
    if isinstance(callee, Library):
        model = interpreter.models.calls.get(callee.path)
        request = Call(
            interpreter=interpreter, name=callee.name, args=args, kwargs=kwargs, place=place, scope=scope
        )
        if model is not None:
            return model(request)
        return _call_unknown_library(interpreter, callee, request)
    if isinstance(callee, CallableModel):
        return callee.call(
            Call(
                interpreter=interpreter,
                name=interpreter.describe(callee),
                args=args,
                kwargs=kwargs,
                place=place,
                scope=scope,
            )
        )
    if isinstance(callee, type) and issubclass(callee, Instantiable):
        name = callee.__name__
        return callee.instantiate(
            Call(interpreter=interpreter, name=name, args=args, kwargs=kwargs, place=place, scope=scope)
        )
    if isinstance(callee, (ModelValue, Module)):
        raise Raised(TypeError(f"'{type(callee).__name__}' object is not callable"), place)
    return _call_native(interpreter, callee, args, kwargs, place)


def _call_opaque(
    interpreter: Interpreter,
    callee: Opaque,
    args: tuple[Value, ...],
    kwargs: Mapping[str, Value],
    place: Place,
) -> Value:
    if structural_within([*args, *kwargs.values()]) is not None or not _STRUCTURAL.isdisjoint(kwargs):
        raise interpreter.structure_needs(callee, "what this call builds", place)
    _probe_functions(interpreter, [*args, *kwargs.values()], callee, place)
    return callee


def _call_unknown_library(interpreter: Interpreter, callee: Library, request: Call) -> Value:
    model = interpreter.models.unknown_call(callee, request)
    if model is not None:
        return model(request)
    values = [*request.args, *request.kwargs.values()]
    structural = structural_within(values)
    if structural is not None:
        raise interpreter.refuse(
            OUTSIDE_CODE_BUILDS,
            f"`{callee.path}` is not part of the project and receives a {type(structural).__name__.lower()}",
            request.place,
        )
    if not interpreter.probing:
        interpreter.records.setdefault("outside_calls", []).append((callee.path, request.place))
    result = interpreter.opaque(f"`{callee.path}(…)` is known only when the code runs", request.place)
    _probe_functions(interpreter, values, result, request.place)
    return result


def _probe_functions(interpreter: Interpreter, values: list[Value], opaque: Opaque, place: Place) -> None:
    """Refuses to hand a function that builds tasks to code that cannot be seen."""
    for value in values:
        function = value.__func__ if isinstance(value, MethodType) else value
        if isinstance(function, Function) and not interpreter.probing:
            _probe(interpreter, function, opaque, place)


def _probe(interpreter: Interpreter, function: Function, opaque: Opaque, place: Place) -> None:
    steps, problems = interpreter.budget.steps, interpreter.probe_hit
    interpreter.probing, interpreter.probe_hit = True, None
    interpreter.budget.steps = min(steps, PROBE_STEPS)
    args = [opaque for p in function.parameters if p.kind.startswith("positional")]
    kwargs = {p.name: opaque for p in function.parameters if p.kind == "keyword_only"}
    try:
        with interpreter.speculating(opaque):
            call_function(interpreter, function, tuple(args), kwargs, place)
    except Interruption as interruption:
        interpreter.probe_hit = interpreter.probe_hit or (
            interruption if isinstance(interruption, StructureUnknown) else None
        )
    except BudgetExceeded:
        # A body that works this long is run-time code; it changed no graph so far.
        interpreter.probe_hit = interpreter.probe_hit
    finally:
        hit = interpreter.probe_hit
        interpreter.probing, interpreter.probe_hit = False, problems
        interpreter.budget.steps = steps
    if hit is not None:
        raise interpreter.refuse(
            OUTSIDE_CODE_BUILDS,
            f"`{function.__name__}` builds tasks, and it is handed to code that is not part of the project",
            place,
            help="call it yourself, as a plain function that returns what it builds",
        )


def _call_native(
    interpreter: Interpreter,
    callee: Value,
    args: tuple[Value, ...],
    kwargs: Mapping[str, Value],
    place: Place,
) -> Value:
    if not _is_safe(interpreter, callee):
        if not callable(callee):
            raise Raised(TypeError(f"'{type(callee).__name__}' object is not callable"), place)
        raise interpreter.refuse(
            UNSUPPORTED_PYTHON,
            f"`{interpreter.describe(callee)}` is not evaluated at the top level of a DAG file",
            place,
        )
    on_paths = on_path(callee, args)
    if on_paths is not None:
        return interpreter.native(place, on_paths, *args, **kwargs)
    name = getattr(callee, "__name__", "")
    mutates = name in MUTATORS and (
        isinstance(callee, (BuiltinMethodType, MethodWrapperType))
        or (isinstance(callee, MethodType) and not isinstance(callee.__func__, Function))
    )
    if mutates:
        interpreter.changes_value(f"a {type(callee.__self__).__name__}", place)
    if callee is next and args and not isinstance(args[0], GeneratorType):
        interpreter.changes_value("an iterator", place)
    guard = interpreter.models.guards.get(name if isinstance(callee, BuiltinMethodType) else callee)
    if guard is not None:
        request = Call(interpreter=interpreter, name=name, args=(callee, *args), kwargs=kwargs, place=place)
        instead = guard(request)
        if instead is not None:
            return instead
    if callee in _ORDERING if isinstance(callee, type) else name in _ORDERING_NAMES:
        args = tuple(interpreter.in_order(arg) for arg in args)
    result = interpreter.native(place, callee, *args, **kwargs)
    if mutates and isinstance(result, Opaque) and name not in ("pop", "setdefault", "popleft", "popitem"):
        raise interpreter.structure_needs(
            result, f"what the {type(callee.__self__).__name__} contains after `{name}`", place
        )
    return result


def _is_safe(interpreter: Interpreter, callee: Value) -> bool:
    """Whether the callable came out of the tables of models, or is a method of a value that did."""
    kinds = interpreter.models.pure_types
    if isinstance(callee, type):
        return callee in kinds or is_project_class(callee) or issubclass(callee, BaseException)
    if isinstance(callee, MethodType):
        owner = callee.__self__ if isinstance(callee.__self__, type) else type(callee.__self__)
        return isinstance(callee.__func__, Function) or owner in kinds or is_project_class(owner)
    if isinstance(callee, functools.partial):
        return isinstance(callee.func, (Function, Library, CallableModel, Opaque)) or _is_safe(
            interpreter, callee.func
        )
    if isinstance(callee, (BuiltinMethodType, FunctionType)) and callee in interpreter.models.pure_functions:
        return True
    if isinstance(callee, (BuiltinMethodType, MethodWrapperType)):
        receiver: object = callee.__self__
        kind = receiver if isinstance(receiver, type) else type(receiver)
        return kind in kinds or is_project_class(kind) or isinstance(receiver, super)
    if isinstance(callee, (MethodDescriptorType, WrapperDescriptorType)):
        return callee.__objclass__ in kinds
    return type(callee) in kinds or is_project_class(type(callee))


def call_function(
    interpreter: Interpreter,
    function: Function,
    args: tuple[Value, ...],
    kwargs: Mapping[str, Value],
    place: Place,
) -> Value:
    """Binds the arguments and evaluates the body."""
    names = bind(function, args, kwargs, place)
    if function.is_async:
        return interpreter.opaque(f"`{function.__name__}(…)` is a coroutine", place)
    scope = Scope(
        kind="function",
        file=function.scope.file,
        module=function.scope.module,
        names=names,
        parent=function.scope,
        function=function,
    )
    if function.is_generator:
        assert not isinstance(function.node, ast.Lambda)
        block = function.node.body

        def run(generator: Generator) -> Value:
            scope.generator = generator
            return interpreter.run_block(block, scope)

        return Generator(interpreter, run)
    budget = interpreter.budget
    if budget.depth <= 0:
        raise BudgetExceeded("calls nested more than 80 deep")
    budget.depth -= 1
    before = interpreter.current
    try:
        if isinstance(function.node, ast.Lambda):
            return interpreter.evaluate(function.node.body, scope)
        return _run_body(interpreter, function, function.node.body, scope, place)
    finally:
        budget.depth += 1
        interpreter.current = before


def _run_body(
    interpreter: Interpreter, function: Function, body: Sequence[ast.stmt], scope: Scope, place: Place
) -> Value:
    failures = interpreter.failures
    signal = interpreter.run_block(body, scope)
    if isinstance(signal, statements.Return):
        return signal.value
    if isinstance(signal, statements.MaybeReturn):
        return signal.opaque
    if interpreter.failures > failures:
        return Opaque("reported above", place, cascade=True)
    return None


def make_function(
    interpreter: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
) -> Function:
    """The function that a `def` or `lambda` makes, defaults evaluated."""
    parameters = _parameters(interpreter, node.args, scope)
    place = interpreter.place(node, scope)
    closure = scope.function_parent()
    if isinstance(node, ast.Lambda):
        return Function(interpreter=interpreter, node=node, scope=closure, parameters=parameters, place=place)
    annotations = {"return": node.returns} if node.returns is not None else {}
    return Function(
        interpreter=interpreter,
        node=node,
        scope=closure,
        parameters=parameters,
        place=place,
        name=node.name,
        doc=ast.get_docstring(node, clean=False),
        is_async=isinstance(node, ast.AsyncFunctionDef),
        annotations=annotations,
    )


def _parameters(interpreter: Interpreter, params: ast.arguments, scope: Scope) -> list[Parameter]:
    found: list[Parameter] = []

    def add(param: ast.arg, kind: str, default: ast.expr | None = None) -> None:
        value = interpreter.evaluate(default, scope) if default is not None else None
        found.append(Parameter(name=param.arg, kind=kind, has_default=default is not None, default=value))

    positional = [*params.posonlyargs, *params.args]
    # The last ones have defaults.
    defaults: list[ast.expr | None] = [*[None] * (len(positional) - len(params.defaults)), *params.defaults]
    for index, (param, default) in enumerate(zip(positional, defaults, strict=True)):
        only = index < len(params.posonlyargs)
        add(param, "positional_only" if only else "positional_or_keyword", default)
    if params.vararg is not None:
        add(params.vararg, "var_positional")
    for param, default in zip(params.kwonlyargs, params.kw_defaults, strict=True):
        add(param, "keyword_only", default)
    if params.kwarg is not None:
        add(params.kwarg, "var_keyword")
    return found
