"""Comprehensions, evaluated lazily by a native generator: what a generator expression is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import libcst as cst

from leoflow_compiler.evaluate.assignment import assign
from leoflow_compiler.evaluate.errors import Touched
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import Opaque, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter


def evaluate_comprehension(
    interpreter: Interpreter, node: cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp, scope: Scope
) -> Value:
    """A list, set or dict; for a generator expression, a native generator."""
    inner = Scope(kind="comprehension", file=scope.file, module=scope.module, names={}, parent=scope)
    first = interpreter.evaluate(node.for_in.iter, scope)
    items = _clause(interpreter, node, node.for_in, first, inner)
    place = interpreter.place(node, scope)
    if isinstance(node, cst.GeneratorExp):
        return items
    kind: Any = {cst.ListComp: list, cst.SetComp: set, cst.DictComp: dict}[type(node)]
    return interpreter.native(place, kind, items)


def _clause(
    interpreter: Interpreter, node: Any, clause: cst.CompFor, iterable: Value, scope: Scope
) -> Iterator[Value]:
    place = interpreter.place(clause, scope)
    iterator = interpreter.native(place, iter, interpreter.in_order(iterable))
    if isinstance(iterator, Opaque):
        _speculate(interpreter, node, clause, iterator, scope)
        raise Touched(iterator)
    done = object()
    while True:
        interpreter.budget.step()
        following = interpreter.native(place, lambda: (next(iterator, done),))
        if isinstance(following, Opaque):
            _speculate(interpreter, node, clause, following, scope)
            raise Touched(following)
        item = following[0]
        if item is done:
            return
        assign(interpreter, clause.target, item, scope)
        passed = _passes(interpreter, clause, scope)
        if isinstance(passed, Opaque):
            with interpreter.speculating(passed):
                _element(interpreter, node, clause, scope)
            raise Touched(passed)
        if passed:
            yield from _inner(interpreter, node, clause, scope)


def _passes(interpreter: Interpreter, clause: cst.CompFor, scope: Scope) -> bool | Opaque:
    for condition in clause.ifs:
        known = interpreter.truth(
            interpreter.evaluate(condition.test, scope), interpreter.place(condition, scope)
        )
        if isinstance(known, Opaque) or not known:
            return known
    return True


def _inner(interpreter: Interpreter, node: Any, clause: cst.CompFor, scope: Scope) -> Iterator[Value]:
    following = clause.inner_for_in
    if following is None:
        yield _value(interpreter, node, scope)
    else:
        yield from _clause(interpreter, node, following, interpreter.evaluate(following.iter, scope), scope)


def _value(interpreter: Interpreter, node: Any, scope: Scope) -> Value:
    if isinstance(node, cst.DictComp):
        return (interpreter.evaluate(node.key, scope), interpreter.evaluate(node.value, scope))
    return interpreter.evaluate(node.elt, scope)


def _speculate(
    interpreter: Interpreter, node: Any, clause: cst.CompFor, opaque: Opaque, scope: Scope
) -> None:
    """Evaluates one turn with unknown items, to see that it builds nothing."""
    with interpreter.speculating(opaque):
        assign(interpreter, clause.target, opaque, scope)
        for condition in clause.ifs:
            interpreter.evaluate(condition.test, scope)
        _element(interpreter, node, clause, scope)


def _element(interpreter: Interpreter, node: Any, clause: cst.CompFor, scope: Scope) -> None:
    with suppress(Touched):  # more that is unknown adds nothing
        for _ in _inner(interpreter, node, clause, scope):
            break
