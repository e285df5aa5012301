"""Annotations as far as it is certain what fits them: built-in types, containers of them, unions.

A type is the set of its alternatives; None stands for anything, and everything that is not known is anything.
"""

from __future__ import annotations

import ast
import collections.abc
from typing import Any

from leoflow_compiler.evaluate.errors import Interruption
from leoflow_compiler.evaluate.values import Function, Library
from leoflow_compiler.models.signature import parsed_annotation
from leoflow_runtime.light import dataclass

Type = frozenset["Shape"] | None


@dataclass(frozen=True, slots=True)
class Shape:
    """One alternative: `list` of something, `dict` of something to something, or a plain type."""

    name: str
    arguments: tuple[Type, ...] = ()


_PLAIN = {bool: "bool", int: "int", float: "float", complex: "complex", str: "str", bytes: "bytes"}
_CONTAINERS: dict[Any, str] = {
    list: "list",
    tuple: "tuple",
    set: "set",
    frozenset: "set",
    dict: "dict",
    collections.abc.Mapping: "dict",
    collections.abc.MutableMapping: "dict",
    collections.abc.Sequence: "sequence",
    collections.abc.Iterable: "sequence",
}
_NUMBERS = frozenset({"bool", "int", "float", "complex"})
_SERIES = frozenset({"list", "tuple", "set", "sequence"})
_TEXTS = frozenset({"str", "bytes"})


def annotated(node: ast.expr | None, function: Function) -> Type:
    """The type that an annotation of `function` says."""
    if node is None:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = parsed_annotation(node.value)
    if isinstance(node, ast.Constant) and node.value is None:
        return frozenset({Shape("none")})
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([annotated(node.left, function), annotated(node.right, function)])
    if isinstance(node, ast.Subscript):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return _subscripted(_meaning(node.value, function), items, function)
    return _plain(_meaning(node, function))


def _subscripted(value: Any, items: list[ast.expr], function: Function) -> Type:
    path = value.path if isinstance(value, Library) else ""
    if path in ("typing.Optional", "typing.Union", "typing.Annotated"):
        found = [annotated(item, function) for item in (items[:1] if path == "typing.Annotated" else items)]
        return _union([*found, frozenset({Shape("none")})] if path == "typing.Optional" else found)
    name = _CONTAINERS.get(value) if isinstance(value, type) else None
    if name is None:
        return None
    if name == "tuple":
        return frozenset({Shape(name)})
    return frozenset({Shape(name, tuple(annotated(item, function) for item in items))})


def _plain(value: Any) -> Type:
    name = (_PLAIN.get(value) or _CONTAINERS.get(value)) if isinstance(value, type) else None
    return None if name is None else frozenset({Shape(name)})


def _union(types: list[Type]) -> Type:
    return None if None in types else frozenset(shape for one in types for shape in one or ())


def _meaning(node: ast.expr | None, function: Function) -> Any:
    """What a name or dotted name stands for where the function is written."""
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return None
    try:
        return function.interpreter.evaluate(node, function.scope)
    except Interruption:
        return None


def may_fit(given: Type, wanted: Type) -> bool:
    """Whether any value of one type may be one of the other; numbers are taken for each other."""
    if given is None or wanted is None:
        return True
    return any(_fits(one, other) for one in given for other in wanted)


def _fits(given: Shape, wanted: Shape) -> bool:
    if given.name in _NUMBERS and wanted.name in _NUMBERS:
        return True
    if given.name in _TEXTS and wanted.name == "sequence":
        return True
    if given.name in _SERIES and wanted.name in _SERIES:
        return may_fit(element_of(given), element_of(wanted))
    if given.name == "dict" and wanted.name in _SERIES:
        return wanted.name == "sequence"
    if given.name != wanted.name:
        return False
    return all(may_fit(one, other) for one, other in zip(given.arguments, wanted.arguments, strict=False))


def element_of(shape: Shape) -> Type:
    """What is in a list, tuple, set or sequence."""
    return shape.arguments[0] if len(shape.arguments) == 1 else None


def written(kind: Type) -> str:
    """As an annotation."""
    if kind is None:
        return "Any"
    return " | ".join(sorted(map(_written, kind)))


def _written(shape: Shape) -> str:
    name = {"none": "None", "sequence": "Sequence"}.get(shape.name, shape.name)
    if not shape.arguments:
        return name
    return f"{name}[{', '.join(written(one) for one in shape.arguments)}]"
