"""Expressions: one function per kind of node."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from leoflow_compiler.diagnostics.catalogue.evaluation import UNSUPPORTED_PYTHON
from leoflow_compiler.diagnostics.suggestion import nearest
from leoflow_compiler.evaluate import calls, comprehensions, strings
from leoflow_compiler.evaluate.attributes import get_attribute
from leoflow_compiler.evaluate.errors import Raised, Refusal
from leoflow_compiler.evaluate.operators import BINARY, COMPARISON, UNARY, binary, compare
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import Library, ModelValue, Module, Opaque, Unset, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

Evaluator = Callable[["Interpreter", Any, Scope], Value]
_EVALUATORS: dict[type[ast.expr], Evaluator] = {}
F = TypeVar("F", bound=Evaluator)


def evaluates(*kinds: type[ast.expr]) -> Callable[[F], F]:
    def register(function: F) -> F:
        for kind in kinds:
            _EVALUATORS[kind] = function
        return function

    return register


def evaluate(interpreter: Interpreter, node: ast.expr, scope: Scope) -> Value:
    """The value of an expression. Raises Interruption."""
    interpreter.budget.step()
    evaluator = _EVALUATORS.get(type(node))
    if evaluator is None:
        raise interpreter.refuse(
            UNSUPPORTED_PYTHON,
            f"`{type(node).__name__}` expressions are not evaluated at the top level of a DAG file",
            interpreter.place(node, scope),
        )
    return evaluator(interpreter, node, scope)


@evaluates(ast.Name)
def _name(interpreter: Interpreter, node: ast.Name, scope: Scope) -> Value:
    found = scope.find(node.id)
    if found is not None:
        return found.names[node.id]
    builtins = interpreter.models.builtins
    if node.id in builtins:
        return builtins[node.id]

    def similar() -> str | None:
        match = nearest(node.id, scope.visible()) or nearest(node.id, builtins)
        return f"did you mean `{match}`?" if match else None

    error = NameError(f"name '{node.id}' is not defined")
    raise Raised(error, interpreter.place(node, scope), advice=similar)


@evaluates(ast.Constant)
def _constant(interpreter: Interpreter, node: ast.Constant, scope: Scope) -> Value:
    return node.value


@evaluates(ast.JoinedStr)
def _formatted(interpreter: Interpreter, node: ast.JoinedStr, scope: Scope) -> Value:
    return strings.formatted(interpreter, node, scope)


@evaluates(ast.Attribute)
def _attribute(interpreter: Interpreter, node: ast.Attribute, scope: Scope) -> Value:
    value = interpreter.evaluate(node.value, scope)
    return get_attribute(interpreter, value, node.attr, interpreter.place(node, scope))


@evaluates(ast.Call)
def _call(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Value:
    return calls.evaluate_call(interpreter, node, scope)


@evaluates(ast.BinOp)
def _binary(interpreter: Interpreter, node: ast.BinOp, scope: Scope) -> Value:
    left = interpreter.evaluate(node.left, scope)
    right = interpreter.evaluate(node.right, scope)
    return binary(interpreter, BINARY[type(node.op)], left, right, interpreter.place(node, scope))


@evaluates(ast.UnaryOp)
def _unary(interpreter: Interpreter, node: ast.UnaryOp, scope: Scope) -> Value:
    value = interpreter.evaluate(node.operand, scope)
    return interpreter.native(interpreter.place(node, scope), UNARY[type(node.op)], value)


@evaluates(ast.Compare)
def _comparison(interpreter: Interpreter, node: ast.Compare, scope: Scope) -> Value:
    place = interpreter.place(node, scope)
    left = interpreter.evaluate(node.left, scope)
    result: Value = True
    for sign, written in zip(node.ops, node.comparators, strict=True):
        right = interpreter.evaluate(written, scope)
        result = compare(interpreter, COMPARISON[type(sign)], left, right, place)
        known = interpreter.truth(result, place)
        if isinstance(known, Opaque):
            return known
        if not known:
            return result
        left = right
    return result


@evaluates(ast.BoolOp)
def _boolean(interpreter: Interpreter, node: ast.BoolOp, scope: Scope) -> Value:
    place = interpreter.place(node, scope)
    is_or = isinstance(node.op, ast.Or)
    result = interpreter.evaluate(node.values[0], scope)
    for right in node.values[1:]:
        known = interpreter.truth(result, place)
        if isinstance(result, Unset) and is_or:
            result.take_default()
        elif isinstance(known, Opaque):
            with interpreter.speculating(known):
                interpreter.evaluate(right, scope)
            result = known
            continue
        elif known == is_or:
            return result
        result = interpreter.evaluate(right, scope)
    return result


@evaluates(ast.IfExp)
def _ternary(interpreter: Interpreter, node: ast.IfExp, scope: Scope) -> Value:
    place = interpreter.place(node, scope)
    known = interpreter.truth(interpreter.evaluate(node.test, scope), place)
    if isinstance(known, Opaque):
        with interpreter.speculating(known):
            interpreter.evaluate(node.body, scope)
            interpreter.evaluate(node.orelse, scope)
        return known
    return interpreter.evaluate(node.body if known else node.orelse, scope)


@evaluates(ast.NamedExpr)
def _walrus(interpreter: Interpreter, node: ast.NamedExpr, scope: Scope) -> Value:
    value = interpreter.evaluate(node.value, scope)
    assert isinstance(node.target, ast.Name)
    scope.walrus_target(node.target.id).names[node.target.id] = value
    return value


@evaluates(ast.Lambda)
def _lambda(interpreter: Interpreter, node: ast.Lambda, scope: Scope) -> Value:
    return calls.make_function(interpreter, node, scope)


def _elements(
    interpreter: Interpreter, node: ast.List | ast.Tuple | ast.Set, scope: Scope
) -> list[Value] | Opaque:
    found: list[Value] = []
    for element in node.elts:
        if not isinstance(element, ast.Starred):
            found.append(interpreter.evaluate(element, scope))
            continue
        place = interpreter.place(element, scope)
        items = interpreter.items(interpreter.evaluate(element.value, scope), place)
        if isinstance(items, Opaque):
            return items
        found.extend(items)
    return found


@evaluates(ast.List)
def _list(interpreter: Interpreter, node: ast.List, scope: Scope) -> Value:
    return _elements(interpreter, node, scope)


@evaluates(ast.Tuple)
def _tuple(interpreter: Interpreter, node: ast.Tuple, scope: Scope) -> Value:
    found = _elements(interpreter, node, scope)
    return found if isinstance(found, Opaque) else tuple(found)


@evaluates(ast.Set)
def _set(interpreter: Interpreter, node: ast.Set, scope: Scope) -> Value:
    found = _elements(interpreter, node, scope)
    if isinstance(found, Opaque):
        return found
    return interpreter.native(interpreter.place(node, scope), set, found)


@evaluates(ast.Dict)
def _dict(interpreter: Interpreter, node: ast.Dict, scope: Scope) -> Value:
    found: dict[Value, Value] = {}
    place = interpreter.place(node, scope)
    unknown: Opaque | None = None
    for name, item in zip(node.keys, node.values, strict=True):
        if name is not None:
            key = interpreter.evaluate(name, scope)
            value = interpreter.evaluate(item, scope)
            done = interpreter.native(place, found.__setitem__, key, value)
        else:  # `**item`
            done = interpreter.native(place, found.update, interpreter.evaluate(item, scope))
        if isinstance(done, Opaque):
            unknown = done if unknown is None else unknown
    return unknown if unknown is not None else found


@evaluates(ast.Subscript)
def _subscript(interpreter: Interpreter, node: ast.Subscript, scope: Scope) -> Value:
    value = interpreter.evaluate(node.value, scope)
    key = interpreter.evaluate(node.slice, scope)
    return get_item(interpreter, value, key, node, scope)


def get_item(interpreter: Interpreter, value: Value, key: Value, node: ast.expr, scope: Scope) -> Value:
    place = interpreter.place(node, scope)
    if isinstance(value, Opaque):
        return value
    if isinstance(value, ModelValue) and not hasattr(value, "__getitem__"):
        raise Raised(TypeError(f"'{type(value).__name__}' object is not subscriptable"), place)
    if isinstance(value, type) and value in interpreter.models.pure_types:
        return value  # list[int]: what matters is the class
    if isinstance(value, Library) and value.path.startswith(("typing.", "typing_extensions.")):
        return value  # typing.Optional[int]
    if isinstance(value, Module):
        raise Raised(TypeError("'module' object is not subscriptable"), place)
    return interpreter.native(place, operator.getitem, value, key)


@evaluates(ast.Slice)
def _slice(interpreter: Interpreter, node: ast.Slice, scope: Scope) -> Value:
    parts = [
        interpreter.evaluate(part, scope) if part is not None else None
        for part in (node.lower, node.upper, node.step)
    ]
    return slice(*parts)


@evaluates(ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
def _comprehension(interpreter: Interpreter, node: Any, scope: Scope) -> Value:
    return comprehensions.evaluate_comprehension(interpreter, node, scope)


@evaluates(ast.Yield, ast.YieldFrom)
def _yield(interpreter: Interpreter, node: ast.Yield | ast.YieldFrom, scope: Scope) -> Value:
    holder = scope
    while holder.generator is None and holder.parent is not None:
        holder = holder.parent
    place = interpreter.place(node, scope)
    if holder.generator is None:
        raise Refusal(UNSUPPORTED_PYTHON, "`yield` outside of a function", place)
    if isinstance(node, ast.Yield):
        value = interpreter.evaluate(node.value, scope) if node.value is not None else None
        holder.generator.emit(value, place)
        return None
    items = interpreter.native(place, iter, interpreter.evaluate(node.value, scope))
    done = object()
    while not isinstance(items, Opaque):
        interpreter.budget.step()
        item = interpreter.native(place, lambda it=items: (next(it, done),))
        if isinstance(item, Opaque):
            items = item
        elif item[0] is done:
            return None
        else:
            holder.generator.emit(item[0], place)
    raise interpreter.structure_needs(items, "what this generator yields", place)


@evaluates(ast.Await)
def _await(interpreter: Interpreter, node: ast.Await, scope: Scope) -> Value:
    raise Refusal(
        UNSUPPORTED_PYTHON,
        "`await` is not evaluated at the top level of a DAG file",
        interpreter.place(node, scope),
    )
