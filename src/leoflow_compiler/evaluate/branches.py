"""Control flow: `if`, `for`, `while`, `try`, `with`, also where the way taken is not known."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from leoflow_compiler.evaluate.assignment import assign, bind_name
from leoflow_compiler.evaluate.attributes import is_project_class
from leoflow_compiler.evaluate.errors import Interruption, Raised
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.signals import Break, Continue, MaybeReturn, Return, Signal
from leoflow_compiler.evaluate.values import Library, ModelValue, Opaque, Place, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

Block = Callable[[], Signal]
_ABSENT: Value = object()


def run_if(interpreter: Interpreter, node: ast.If, scope: Scope) -> Signal:
    place = interpreter.place(node.test, scope)
    known = interpreter.truth(interpreter.evaluate(node.test, scope), place)
    if isinstance(known, Opaque):
        return _either(
            interpreter,
            known,
            scope,
            lambda: interpreter.run_block(node.body, scope),
            lambda: interpreter.run_block(node.orelse, scope),
        )
    return interpreter.run_block(node.body if known else node.orelse, scope)


def _either(interpreter: Interpreter, opaque: Opaque, scope: Scope, *ways: Block) -> Signal:
    """Runs each way as something that may not happen; a way that raises is not the one of a working file."""
    outcomes = [_maybe(interpreter, opaque, scope, way) for way in ways]
    possible = [way for way, outcome in zip(ways, outcomes, strict=True) if not isinstance(outcome, Raised)]
    if len(possible) == 1 and len(ways) > 1:
        return possible[0]()
    if not possible:
        failed = outcomes[0]
        assert isinstance(failed, Raised)
        raise failed
    ends: list[dict[str, Value]] = []
    returns = False
    for outcome in outcomes:
        if not isinstance(outcome, Raised):
            ends.append(outcome[0])
            signal = outcome[1]
            returns = returns or isinstance(signal, (Return, MaybeReturn))
            if isinstance(signal, (Break, Continue)):
                raise interpreter.structure_needs(opaque, "whether the loop goes on", interpreter.here())
    for name in sorted({name for end in ends for name in end}):
        why = f"`{name}` is assigned under a condition that is not known"
        values = [end.get(name, scope.names.get(name, _ABSENT)) for end in ends]
        agreed = all(_same(value, values[0]) for value in values)
        known = agreed and values[0] is not _ABSENT
        scope.names[name] = values[0] if known else Opaque(why, interpreter.here(), opaque)
    return MaybeReturn(opaque) if returns else None


def _maybe(
    interpreter: Interpreter, opaque: Opaque, scope: Scope, way: Block
) -> tuple[dict[str, Value], Signal] | Raised:
    """What one way would assign, and how it would end. The names of the scope are as before afterwards."""
    before = dict(scope.names)
    try:
        with interpreter.speculating(opaque):
            signal = way()
    except Raised as raised:
        _restore(scope, before)
        return raised
    changed = {
        name: scope.names.get(name, _ABSENT)
        for name in {*scope.names, *before}
        if name not in before or name not in scope.names or scope.names[name] is not before[name]
    }
    _restore(scope, before)
    return changed, signal


def _same(value: Value, other: Value) -> bool:
    """Whether two ways agree on a value."""
    if isinstance(value, Library) and isinstance(other, Library):
        return value.path == other.path
    plain = type(value) in (str, int, float, bool, type(None))
    return value is other or (plain and type(value) is type(other) and value == other)


def _restore(scope: Scope, names: dict[str, Value]) -> None:
    scope.names.clear()
    scope.names.update(names)


def run_for(interpreter: Interpreter, node: ast.For, scope: Scope) -> Signal:
    place = interpreter.place(node.iter, scope)
    iterable = interpreter.in_order(interpreter.evaluate(node.iter, scope))
    iterator = interpreter.native(place, iter, iterable)
    done = object()
    while not isinstance(iterator, Opaque):
        interpreter.budget.step()
        following = interpreter.native(place, lambda it=iterator: (next(it, done),))
        if isinstance(following, Opaque):
            iterator = following  # a generator met something unknown: how it goes on is unknown as well
            break
        item = following[0]
        if item is done:
            return interpreter.run_block(node.orelse, scope)
        assign(interpreter, node.target, item, scope)
        signal = interpreter.run_block(node.body, scope)
        if isinstance(signal, Break):
            return None
        if signal is not None and not isinstance(signal, Continue):
            return signal
    unknown = iterator

    def turn() -> Signal:
        assign(interpreter, node.target, unknown, scope)
        signal = interpreter.run_block(node.body, scope)
        return None if isinstance(signal, (Break, Continue)) else signal

    return _either(interpreter, unknown, scope, turn, lambda: interpreter.run_block(node.orelse, scope))


def run_while(interpreter: Interpreter, node: ast.While, scope: Scope) -> Signal:
    place = interpreter.place(node.test, scope)
    while True:
        interpreter.budget.step()
        known = interpreter.truth(interpreter.evaluate(node.test, scope), place)
        if isinstance(known, Opaque):

            def turn() -> Signal:
                signal = interpreter.run_block(node.body, scope)
                return None if isinstance(signal, (Break, Continue)) else signal

            return _either(interpreter, known, scope, turn, lambda: interpreter.run_block(node.orelse, scope))
        if not known:
            return interpreter.run_block(node.orelse, scope)
        signal = interpreter.run_block(node.body, scope)
        if isinstance(signal, Break):
            return None
        if signal is not None and not isinstance(signal, Continue):
            return signal


def run_try(interpreter: Interpreter, node: ast.Try, scope: Scope) -> Signal:
    try:
        signal = _run_protected(interpreter, node, scope)
    except Interruption as interruption:
        final = interpreter.run_block(node.finalbody, scope)
        if final is not None and isinstance(interruption, Raised):
            return final  # `return`, `break` and `continue` there end the exception
        raise
    final = interpreter.run_block(node.finalbody, scope)
    return signal if final is None else final


def _run_protected(interpreter: Interpreter, node: ast.Try, scope: Scope) -> Signal:
    opaque_before = interpreter.opaque_count
    interpreter.protected += bool(node.handlers)
    try:
        signal = interpreter.run_block(node.body, scope)
    except Raised as raised:
        interpreter.protected -= bool(node.handlers)
        return _handle(interpreter, node, raised, scope)
    except BaseException:
        interpreter.protected -= bool(node.handlers)
        raise
    interpreter.protected -= bool(node.handlers)
    if interpreter.opaque_count > opaque_before and node.handlers:
        signal = _may_have_failed(interpreter, node, signal, scope)
    return interpreter.run_block(node.orelse, scope) if signal is None else signal


def _may_have_failed(interpreter: Interpreter, node: ast.Try, signal: Signal, scope: Scope) -> Signal:
    """The body used something unknown, which may raise when it runs: the handlers may run as well."""
    why = "whether this raises is known only when the code runs"
    opaque = Opaque(why, interpreter.place(node.body[0], scope))
    changed: dict[str, list[Value]] = {}
    for handler in node.handlers:

        def way(handler: ast.ExceptHandler = handler) -> Signal:
            if handler.name is not None:
                bind_name(interpreter, handler.name, opaque, interpreter.place(handler, scope), scope)
            return interpreter.run_block(handler.body, scope)

        outcome = _maybe(interpreter, opaque, scope, way)
        if isinstance(outcome, Raised):
            continue
        for name, value in outcome[0].items():
            changed.setdefault(name, []).append(value)
        if isinstance(outcome[1], (Return, MaybeReturn)):
            signal = MaybeReturn(opaque)
    for name, values in sorted(changed.items()):
        if all(_same(value, scope.names.get(name, _ABSENT)) for value in values):
            continue
        scope.names[name] = Opaque(
            f"`{name}` is assigned where an exception is handled", opaque.place, opaque
        )
    return signal


def _handle(interpreter: Interpreter, node: ast.Try, raised: Raised, scope: Scope) -> Signal:
    for handler in node.handlers:
        if not _matches(interpreter, handler, raised, scope):
            continue
        handling = interpreter.records.setdefault("handling", [])
        handling.append(raised.value)
        try:
            if handler.name is not None:
                place = interpreter.place(handler, scope)
                bind_name(interpreter, handler.name, raised.value, place, scope)
            return interpreter.run_block(handler.body, scope)
        finally:
            handling.pop()
            if handler.name is not None:
                scope.target(handler.name).names.pop(handler.name, None)
    raise raised


def _matches(interpreter: Interpreter, handler: ast.ExceptHandler, raised: Raised, scope: Scope) -> bool:
    if handler.type is None:
        return True
    kinds = interpreter.evaluate(handler.type, scope)
    for kind in kinds if isinstance(kinds, tuple) else (kinds,):
        if isinstance(kind, type) and isinstance(raised.value, kind):
            return True
    return False


def run_with(interpreter: Interpreter, node: ast.With, scope: Scope) -> Signal:
    return _with_items(interpreter, node, node.items, scope)


def _with_items(interpreter: Interpreter, node: ast.With, items: list[ast.withitem], scope: Scope) -> Signal:
    if not items:
        return interpreter.run_block(node.body, scope)
    item = items[0]
    place = interpreter.place(item.context_expr, scope)
    manager = interpreter.evaluate(item.context_expr, scope)
    entered = enter(interpreter, manager, place)
    if item.optional_vars is not None:
        assign(interpreter, item.optional_vars, entered, scope)
    unknown = [manager] if isinstance(manager, Opaque) else []
    interpreter.unknown_contexts.extend(unknown)
    sees = _sees_exceptions(manager)
    interpreter.protected += sees
    try:
        signal = _with_items(interpreter, node, items[1:], scope)
    except Raised as raised:
        if leave(interpreter, manager, place, raised.value):
            return None
        raise
    except BaseException:
        leave(interpreter, manager, place, None)
        raise
    finally:
        interpreter.protected -= sees
        del interpreter.unknown_contexts[len(interpreter.unknown_contexts) - len(unknown) :]
    leave(interpreter, manager, place, None)
    return signal


def _sees_exceptions(manager: Value) -> bool:
    """Whether an exception inside of the block may end here."""
    return (
        isinstance(manager, suppress)
        or is_project_class(type(manager))
        or (isinstance(manager, ModelValue) and hasattr(manager, "exit_with"))
    )


def enter(interpreter: Interpreter, manager: Value, place: Place) -> Value:
    """What the manager's `__enter__` gives."""
    if isinstance(manager, Opaque):
        return manager
    if isinstance(manager, ModelValue):
        enter: Any = getattr(manager, "enter", None)
        if enter is None:
            raise Raised(TypeError(f"'{type(manager).__name__}' object is not a context manager"), place)
        return enter(interpreter, place)
    if not hasattr(type(manager), "__enter__"):
        raise Raised(TypeError(f"'{type(manager).__name__}' object is not a context manager"), place)
    return interpreter.native(place, lambda: manager.__enter__())


def leave(interpreter: Interpreter, manager: Value, place: Place, error: BaseException | None) -> bool:
    """The manager's `__exit__`; whether it takes the exception."""
    if isinstance(manager, Opaque):
        return False
    if isinstance(manager, ModelValue):
        model: Any = manager
        if error is not None and hasattr(model, "exit_with"):
            return bool(model.exit_with(error, place))
        model.exit(interpreter, place)
        return False
    kind = type(error) if error is not None else None
    result = interpreter.native(place, lambda: manager.__exit__(kind, error, None))
    return result is True
