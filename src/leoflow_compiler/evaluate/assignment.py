"""Assignment targets of every form."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING

import libcst as cst

from leoflow_compiler.diagnostics.catalogue.evaluation import UNSUPPORTED_PYTHON
from leoflow_compiler.evaluate.attributes import set_attribute
from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import Opaque, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter


def assign(interpreter: Interpreter, target: cst.BaseExpression, value: Value, scope: Scope) -> None:
    """Binds a value to a target. Raises Interruption."""
    place = interpreter.place(target, scope)
    if isinstance(target, cst.Name):
        holder = scope.target(target.value)
        if holder is not scope:
            interpreter.changes_value(f"`{target.value}`", place)
        if type(value) is Opaque and not value.cascade and len(value.chain()) < 5:
            value = Opaque(f"`{target.value}` takes that value", place, value)
        holder.names[target.value] = value
    elif isinstance(target, (cst.Tuple, cst.List)):
        _unpack(interpreter, target, value, scope)
    elif isinstance(target, cst.Attribute):
        set_attribute(interpreter, interpreter.evaluate(target.value, scope), target.attr.value, value, place)
    elif isinstance(target, cst.Subscript):
        set_item(interpreter, target, value, scope)
    else:
        raise interpreter.refuse(
            UNSUPPORTED_PYTHON, f"assignment to {type(target).__name__} is not evaluated", place
        )


def set_item(interpreter: Interpreter, target: cst.Subscript, value: Value, scope: Scope) -> None:
    from leoflow_compiler.evaluate.expressions import subscript_key

    container = interpreter.evaluate(target.value, scope)
    key = subscript_key(interpreter, target, scope)
    place = interpreter.place(target, scope)
    if isinstance(container, Opaque):
        return
    name = scope.file.tree.code_for_node(target.value)
    interpreter.changes_value(f"`{name}`", place)
    done = interpreter.native(place, operator.setitem, container, key, value)
    if isinstance(done, Opaque):
        raise interpreter.structure_needs(done, f"what `{name}` contains", place)


def _unpack(interpreter: Interpreter, target: cst.Tuple | cst.List, value: Value, scope: Scope) -> None:
    place = interpreter.place(target, scope)
    elements: Sequence[cst.BaseElement] = target.elements
    items = interpreter.items(value, place)
    if isinstance(items, Opaque):
        for element in elements:
            assign(interpreter, element.value, items, scope)
        return
    starred = next((i for i, element in enumerate(elements) if isinstance(element, cst.StarredElement)), None)
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
        assign(interpreter, element.value, item, scope)


def target_names(target: cst.CSTNode) -> list[str]:
    """The plain names that a target binds."""
    if isinstance(target, cst.Name):
        return [target.value]
    if isinstance(target, (cst.Tuple, cst.List)):
        return [name for element in target.elements for name in target_names(element.value)]
    return []
