"""What a branch can choose, where every `return` of its function is written out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from leoflow_compiler.evaluate.values import Function, Place
from leoflow_compiler.models.graph import Task
from leoflow_compiler.models.task_decorators import TaskFactory


@dataclass(frozen=True, slots=True)
class Choice:
    """One `return`: the ids that it names, and where."""

    ids: tuple[str, ...]
    place: Place


def choices_of(task: Task) -> tuple[Choice, ...] | None:
    """All that the function of a branch or short circuit returns; None where that is not certain.

    For a short circuit a choice without ids stands for "skip what follows".
    """
    if task.operator.kind not in ("branch", "short_circuit") or task.mapping is not None:
        return None
    function = task.arguments.get("python_callable")
    if isinstance(function, TaskFactory):
        function = function.function
    if not isinstance(function, Function) or not isinstance(function.node, cst.FunctionDef):
        return None
    found: list[Choice] = []
    for statement in _returns(function.node.body):
        ids = _ids(statement.value, task.operator.kind)
        if ids is None:
            return None
        place = Place(file=function.scope.file, node=statement, statement=statement)
        found += [Choice(one, place) for one in ids]
    return tuple(found)


def _returns(block: cst.CSTNode) -> Iterator[cst.Return]:
    """The function's own `return` statements; a function inside has others."""
    for child in block.children:
        if isinstance(child, cst.Return):
            yield child
        elif not isinstance(child, (cst.FunctionDef, cst.ClassDef, cst.BaseExpression)):
            yield from _returns(child)


def _ids(value: cst.BaseExpression | None, kind: str) -> list[tuple[str, ...]] | None:
    """What one returned expression may name: a list with an entry for each of its possible values."""
    if isinstance(value, cst.IfExp):
        first, second = _ids(value.body, kind), _ids(value.orelse, kind)
        return None if first is None or second is None else first + second
    if kind == "short_circuit":
        skips = isinstance(value, cst.Name) and value.value in ("False", "None")
        return [()] if value is None or skips else None
    if value is None or (isinstance(value, cst.Name) and value.value == "None"):
        return [()]
    if isinstance(value, cst.SimpleString):
        return [(str(value.evaluated_value),)]
    if isinstance(value, (cst.List, cst.Tuple, cst.Set)):
        named = [
            element.value.evaluated_value if isinstance(element.value, cst.SimpleString) else None
            for element in value.elements
        ]
        return None if None in named else [tuple(map(str, named))]
    return None
