"""Comprehensions, evaluated lazily by a native generator: what a generator expression is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from leoflow_compiler.evaluate.assignment import assign
from leoflow_compiler.evaluate.errors import Touched
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import Opaque, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter


def evaluate_comprehension(
    interpreter: Interpreter, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, scope: Scope
) -> Value:
    """A list, set or dict; for a generator expression, a native generator."""
    inner = Scope(kind="comprehension", file=scope.file, module=scope.module, names={}, parent=scope)
    first = interpreter.evaluate(node.generators[0].iter, scope)
    items = _clause(interpreter, node, 0, first, inner)
    place = interpreter.place(node, scope)
    if isinstance(node, ast.GeneratorExp):
        return items
    kind: Any = {ast.ListComp: list, ast.SetComp: set, ast.DictComp: dict}[type(node)]
    return interpreter.native(place, kind, items)


def _clause(
    interpreter: Interpreter, node: Any, index: int, iterable: Value, scope: Scope
) -> Iterator[Value]:
    """What `node` gives for each item of its clause `index`."""
    clause: ast.comprehension = node.generators[index]
    place = interpreter.place(clause.iter, scope)
    iterator = interpreter.native(place, iter, interpreter.in_order(iterable))
    if isinstance(iterator, Opaque):
        _speculate(interpreter, node, index, iterator, scope)
        raise Touched(iterator)
    done = object()
    while True:
        interpreter.budget.step()
        following = interpreter.native(place, lambda: (next(iterator, done),))
        if isinstance(following, Opaque):
            _speculate(interpreter, node, index, following, scope)
            raise Touched(following)
        item = following[0]
        if item is done:
            return
        assign(interpreter, clause.target, item, scope)
        passed = _passes(interpreter, clause, scope)
        if isinstance(passed, Opaque):
            with interpreter.speculating(passed):
                _element(interpreter, node, index, scope)
            raise Touched(passed)
        if passed:
            yield from _inner(interpreter, node, index, scope)


def _passes(interpreter: Interpreter, clause: ast.comprehension, scope: Scope) -> bool | Opaque:
    for condition in clause.ifs:
        place = interpreter.place(condition, scope)
        known = interpreter.truth(interpreter.evaluate(condition, scope), place)
        if isinstance(known, Opaque) or not known:
            return known
    return True


def _inner(interpreter: Interpreter, node: Any, index: int, scope: Scope) -> Iterator[Value]:
    following = index + 1
    if following == len(node.generators):
        yield _value(interpreter, node, scope)
    else:
        iterable = interpreter.evaluate(node.generators[following].iter, scope)
        yield from _clause(interpreter, node, following, iterable, scope)


def _value(interpreter: Interpreter, node: Any, scope: Scope) -> Value:
    if isinstance(node, ast.DictComp):
        return (interpreter.evaluate(node.key, scope), interpreter.evaluate(node.value, scope))
    return interpreter.evaluate(node.elt, scope)


def _speculate(interpreter: Interpreter, node: Any, index: int, opaque: Opaque, scope: Scope) -> None:
    """Evaluates one turn with unknown items, to see that it builds nothing."""
    clause: ast.comprehension = node.generators[index]
    with interpreter.speculating(opaque):
        assign(interpreter, clause.target, opaque, scope)
        for condition in clause.ifs:
            interpreter.evaluate(condition, scope)
        _element(interpreter, node, index, scope)


def _element(interpreter: Interpreter, node: Any, index: int, scope: Scope) -> None:
    with suppress(Touched):  # more that is unknown adds nothing
        for _ in _inner(interpreter, node, index, scope):
            break
