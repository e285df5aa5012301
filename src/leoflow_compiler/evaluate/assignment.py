"""Assignment targets of every form."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING

from leoflow_compiler.diagnostics.catalogue.evaluation import UNSUPPORTED_PYTHON
from leoflow_compiler.evaluate.attributes import set_attribute
from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import Opaque, Place, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter


def assign(interpreter: Interpreter, target: ast.expr, value: Value, scope: Scope) -> None:
    """Binds a value to a target. Raises Interruption."""
    place = interpreter.place(target, scope)
    if isinstance(target, ast.Name):
        bind_name(interpreter, target.id, value, place, scope)
    elif isinstance(target, (ast.Tuple, ast.List)):
        _unpack(interpreter, target, value, scope)
    elif isinstance(target, ast.Attribute):
        set_attribute(interpreter, interpreter.evaluate(target.value, scope), target.attr, value, place)
    elif isinstance(target, ast.Subscript):
        set_item(interpreter, target, value, scope)
    else:
        raise interpreter.refuse(
            UNSUPPORTED_PYTHON, f"assignment to {type(target).__name__} is not evaluated", place
        )


def bind_name(interpreter: Interpreter, name: str, value: Value, place: Place, scope: Scope) -> None:
    """Binds a value to a plain name. Raises Interruption."""
    holder = scope.target(name)
    if holder is not scope:
        interpreter.changes_value(f"`{name}`", place)
    if type(value) is Opaque and not value.cascade and len(value.chain()) < 5:
        value = Opaque(f"`{name}` takes that value", place, value)
    holder.names[name] = value


def set_item(interpreter: Interpreter, target: ast.Subscript, value: Value, scope: Scope) -> None:
    container = interpreter.evaluate(target.value, scope)
    key = interpreter.evaluate(target.slice, scope)
    place = interpreter.place(target, scope)
    if isinstance(container, Opaque):
        return
    name = scope.file.code_of(target.value)
    interpreter.changes_value(f"`{name}`", place)
    done = interpreter.native(place, operator.setitem, container, key, value)
    if isinstance(done, Opaque):
        raise interpreter.structure_needs(done, f"what `{name}` contains", place)


def _unpack(interpreter: Interpreter, target: ast.Tuple | ast.List, value: Value, scope: Scope) -> None:
    place = interpreter.place(target, scope)
    elements = target.elts
    items = interpreter.items(value, place)
    if isinstance(items, Opaque):
        for element in elements:
            assign(interpreter, _unstarred(element), items, scope)
        return
    starred = next((i for i, element in enumerate(elements) if isinstance(element, ast.Starred)), None)
    expected = len(elements) - (starred is not None)
    if len(items) < expected:
        at_least = "at least " if starred is not None else ""
        raise Raised(
            ValueError(f"not enough values to unpack (expected {at_least}{expected}, got {len(items)})"),
            place,
        )
    if starred is None and len(items) > expected:
        raise Raised(ValueError(f"too many values to unpack (expected {expected})"), place)
    if starred is not None:
        tail = len(elements) - starred - 1
        middle = items[starred : len(items) - tail]
        items = [*items[:starred], middle, *items[len(items) - tail :]]
    for element, item in zip(elements, items, strict=True):
        assign(interpreter, _unstarred(element), item, scope)


def _unstarred(element: ast.expr) -> ast.expr:
    return element.value if isinstance(element, ast.Starred) else element


def target_names(target: ast.expr) -> list[str]:
    """The plain names that a target binds."""
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for element in target.elts for name in target_names(_unstarred(element))]
    return []
