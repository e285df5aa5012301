"""Expressions: one function per kind of node."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import libcst as cst

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
_EVALUATORS: dict[type[cst.CSTNode], Evaluator] = {}
F = TypeVar("F", bound=Evaluator)


def evaluates(*kinds: type[cst.CSTNode]) -> Callable[[F], F]:
    def register(function: F) -> F:
        for kind in kinds:
            _EVALUATORS[kind] = function
        return function

    return register


def evaluate(interpreter: Interpreter, node: cst.CSTNode, scope: Scope) -> Value:
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


@evaluates(cst.Name)
def _name(interpreter: Interpreter, node: cst.Name, scope: Scope) -> Value:
    found = scope.find(node.value)
    if found is not None:
        return found.names[node.value]
    builtins = interpreter.models.builtins
    if node.value in builtins:
        return builtins[node.value]

    def similar() -> str | None:
        match = nearest(node.value, scope.visible()) or nearest(node.value, builtins)
        return f"did you mean `{match}`?" if match else None

    error = NameError(f"name '{node.value}' is not defined")
    raise Raised(error, interpreter.place(node, scope), advice=similar)


@evaluates(cst.Integer, cst.Float, cst.Imaginary)
def _number(interpreter: Interpreter, node: cst.Integer | cst.Float | cst.Imaginary, scope: Scope) -> Value:
    return strings.number(node.value)


@evaluates(cst.SimpleString)
def _simple_string(interpreter: Interpreter, node: cst.SimpleString, scope: Scope) -> Value:
    return strings.literal(node)


@evaluates(cst.ConcatenatedString)
def _concatenated(interpreter: Interpreter, node: cst.ConcatenatedString, scope: Scope) -> Value:
    left = interpreter.evaluate(node.left, scope)
    right = interpreter.evaluate(node.right, scope)
    return interpreter.native(interpreter.place(node, scope), operator.add, left, right)


@evaluates(cst.FormattedString)
def _formatted(interpreter: Interpreter, node: cst.FormattedString, scope: Scope) -> Value:
    return strings.formatted(interpreter, node, scope)


@evaluates(cst.Ellipsis)
def _ellipsis(interpreter: Interpreter, node: cst.Ellipsis, scope: Scope) -> Value:
    return ...


@evaluates(cst.Attribute)
def _attribute(interpreter: Interpreter, node: cst.Attribute, scope: Scope) -> Value:
    value = interpreter.evaluate(node.value, scope)
    return get_attribute(interpreter, value, node.attr.value, interpreter.place(node, scope))


@evaluates(cst.Call)
def _call(interpreter: Interpreter, node: cst.Call, scope: Scope) -> Value:
    return calls.evaluate_call(interpreter, node, scope)


@evaluates(cst.BinaryOperation)
def _binary(interpreter: Interpreter, node: cst.BinaryOperation, scope: Scope) -> Value:
    left = interpreter.evaluate(node.left, scope)
    right = interpreter.evaluate(node.right, scope)
    return binary(interpreter, BINARY[type(node.operator)], left, right, interpreter.place(node, scope))


@evaluates(cst.UnaryOperation)
def _unary(interpreter: Interpreter, node: cst.UnaryOperation, scope: Scope) -> Value:
    value = interpreter.evaluate(node.expression, scope)
    return interpreter.native(interpreter.place(node, scope), UNARY[type(node.operator)], value)


@evaluates(cst.Comparison)
def _comparison(interpreter: Interpreter, node: cst.Comparison, scope: Scope) -> Value:
    place = interpreter.place(node, scope)
    left = interpreter.evaluate(node.left, scope)
    result: Value = True
    for target in node.comparisons:
        right = interpreter.evaluate(target.comparator, scope)
        result = compare(interpreter, COMPARISON[type(target.operator)], left, right, place)
        known = interpreter.truth(result, place)
        if isinstance(known, Opaque):
            return known
        if not known:
            return result
        left = right
    return result


@evaluates(cst.BooleanOperation)
def _boolean(interpreter: Interpreter, node: cst.BooleanOperation, scope: Scope) -> Value:
    place = interpreter.place(node, scope)
    left = interpreter.evaluate(node.left, scope)
    known = interpreter.truth(left, place)
    if isinstance(left, Unset) and isinstance(node.operator, cst.Or):
        left.take_default()
        return interpreter.evaluate(node.right, scope)
    if isinstance(known, Opaque):
        with interpreter.speculating(known):
            interpreter.evaluate(node.right, scope)
        return known
    if known == isinstance(node.operator, cst.Or):
        return left
    return interpreter.evaluate(node.right, scope)


@evaluates(cst.IfExp)
def _ternary(interpreter: Interpreter, node: cst.IfExp, scope: Scope) -> Value:
    place = interpreter.place(node, scope)
    known = interpreter.truth(interpreter.evaluate(node.test, scope), place)
    if isinstance(known, Opaque):
        with interpreter.speculating(known):
            interpreter.evaluate(node.body, scope)
            interpreter.evaluate(node.orelse, scope)
        return known
    return interpreter.evaluate(node.body if known else node.orelse, scope)


@evaluates(cst.NamedExpr)
def _walrus(interpreter: Interpreter, node: cst.NamedExpr, scope: Scope) -> Value:
    value = interpreter.evaluate(node.value, scope)
    assert isinstance(node.target, cst.Name)
    scope.walrus_target(node.target.value).names[node.target.value] = value
    return value


@evaluates(cst.Lambda)
def _lambda(interpreter: Interpreter, node: cst.Lambda, scope: Scope) -> Value:
    return calls.make_function(interpreter, node, scope)


def _elements(
    interpreter: Interpreter, node: cst.List | cst.Tuple | cst.Set, scope: Scope
) -> list[Value] | Opaque:
    found: list[Value] = []
    for element in node.elements:
        value = interpreter.evaluate(element.value, scope)
        if isinstance(element, cst.StarredElement):
            items = interpreter.items(value, interpreter.place(element, scope))
            if isinstance(items, Opaque):
                return items
            found.extend(items)
        else:
            found.append(value)
    return found


@evaluates(cst.List)
def _list(interpreter: Interpreter, node: cst.List, scope: Scope) -> Value:
    return _elements(interpreter, node, scope)


@evaluates(cst.Tuple)
def _tuple(interpreter: Interpreter, node: cst.Tuple, scope: Scope) -> Value:
    found = _elements(interpreter, node, scope)
    return found if isinstance(found, Opaque) else tuple(found)


@evaluates(cst.Set)
def _set(interpreter: Interpreter, node: cst.Set, scope: Scope) -> Value:
    found = _elements(interpreter, node, scope)
    if isinstance(found, Opaque):
        return found
    return interpreter.native(interpreter.place(node, scope), set, found)


@evaluates(cst.Dict)
def _dict(interpreter: Interpreter, node: cst.Dict, scope: Scope) -> Value:
    found: dict[Value, Value] = {}
    place = interpreter.place(node, scope)
    unknown: Opaque | None = None
    for element in node.elements:
        if isinstance(element, cst.DictElement):
            key = interpreter.evaluate(element.key, scope)
            value = interpreter.evaluate(element.value, scope)
            done = interpreter.native(place, found.__setitem__, key, value)
        else:
            done = interpreter.native(place, found.update, interpreter.evaluate(element.value, scope))
        if isinstance(done, Opaque):
            unknown = done if unknown is None else unknown
    return unknown if unknown is not None else found


@evaluates(cst.Subscript)
def _subscript(interpreter: Interpreter, node: cst.Subscript, scope: Scope) -> Value:
    value = interpreter.evaluate(node.value, scope)
    key = subscript_key(interpreter, node, scope)
    return get_item(interpreter, value, key, node, scope)


def get_item(interpreter: Interpreter, value: Value, key: Value, node: cst.CSTNode, scope: Scope) -> Value:
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


def subscript_key(interpreter: Interpreter, node: cst.Subscript, scope: Scope) -> Value:
    keys = [_slice(interpreter, element.slice, scope) for element in node.slice]
    if len(keys) == 1 and not isinstance(node.slice[0].comma, cst.Comma):
        return keys[0]
    return tuple(keys)


def _slice(interpreter: Interpreter, node: cst.BaseSlice, scope: Scope) -> Value:
    if isinstance(node, cst.Index):
        return interpreter.evaluate(node.value, scope)
    assert isinstance(node, cst.Slice)
    parts = [
        interpreter.evaluate(part, scope) if part is not None else None
        for part in (node.lower, node.upper, node.step)
    ]
    return slice(*parts)


@evaluates(cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)
def _comprehension(interpreter: Interpreter, node: Any, scope: Scope) -> Value:
    return comprehensions.evaluate_comprehension(interpreter, node, scope)


@evaluates(cst.Yield)
def _yield(interpreter: Interpreter, node: cst.Yield, scope: Scope) -> Value:
    holder = scope
    while holder.generator is None and holder.parent is not None:
        holder = holder.parent
    place = interpreter.place(node, scope)
    if holder.generator is None:
        raise Refusal(UNSUPPORTED_PYTHON, "`yield` outside of a function", place)
    if not isinstance(node.value, cst.From):
        value = interpreter.evaluate(node.value, scope) if node.value is not None else None
        holder.generator.emit(value, place)
        return None
    items = interpreter.native(place, iter, interpreter.evaluate(node.value.item, scope))
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


@evaluates(cst.Await)
def _await(interpreter: Interpreter, node: cst.Await, scope: Scope) -> Value:
    raise Refusal(
        UNSUPPORTED_PYTHON,
        "`await` is not evaluated at the top level of a DAG file",
        interpreter.place(node, scope),
    )
