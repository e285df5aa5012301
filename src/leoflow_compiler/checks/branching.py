"""What a branch can choose, where every `return` of its function is written out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from leoflow_compiler.evaluate.values import Function, Place
from leoflow_compiler.models.graph import Task
from leoflow_compiler.models.task_decorators import TaskFactory
from leoflow_runtime.light import dataclass


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
    if not isinstance(function, Function) or isinstance(function.node, ast.Lambda):
        return None
    found: list[Choice] = []
    for statement in _returns(function.node.body):
        ids = _ids(statement.value, task.operator.kind)
        if ids is None:
            return None
        place = Place(file=function.scope.file, node=statement, statement=statement)
        found += [Choice(one, place) for one in ids]
    return tuple(found)


def _returns(block: Iterable[ast.AST]) -> Iterator[ast.Return]:
    """The function's own `return` statements; a function inside has others."""
    for node in block:
        if isinstance(node, ast.Return):
            yield node
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
            yield from _returns(ast.iter_child_nodes(node))


def _ids(value: ast.expr | None, kind: str) -> list[tuple[str, ...]] | None:
    """What one returned expression may name: a list with an entry for each of its possible values."""
    if isinstance(value, ast.IfExp):
        first, second = _ids(value.body, kind), _ids(value.orelse, kind)
        return None if first is None or second is None else first + second
    if kind == "short_circuit":
        skips = isinstance(value, ast.Constant) and (value.value is None or value.value is False)
        return [()] if value is None or skips else None
    if value is None or (isinstance(value, ast.Constant) and value.value is None):
        return [()]
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [(value.value,)]
    if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        named = [element.value for element in value.elts if isinstance(element, ast.Constant)]
        ids = tuple(name for name in named if isinstance(name, str))
        return [ids] if len(ids) == len(value.elts) else None
    return None
