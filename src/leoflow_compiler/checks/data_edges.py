"""Outputs whose annotated type cannot be that of the parameter which receives them."""

from __future__ import annotations

from collections.abc import Iterator

from leoflow_compiler.checks.annotated_types import Shape, Type, annotated, may_fit, written
from leoflow_compiler.checks.subject import Subject
from leoflow_compiler.diagnostics import Diagnostic, Note
from leoflow_compiler.diagnostics.catalogue.checks import TYPE_MISMATCH
from leoflow_compiler.evaluate.library import place_of
from leoflow_compiler.evaluate.values import Function, Place, Value
from leoflow_compiler.models.graph import RETURN_VALUE, Task, XCom
from leoflow_compiler.models.signature import given_arguments
from leoflow_compiler.models.task_decorators import TaskFactory


def types_that_differ(subject: Subject) -> Iterator[Diagnostic]:
    """One warning for each argument."""
    for task in subject.dag.tasks.values():
        function = function_of(task)
        if function is None:
            continue
        for name, value in _received(task, function):
            wanted = _parameter(function, name)
            for output, given in _outputs(value):
                if given is not None and not may_fit(given, wanted):
                    yield _told(task, name, wanted, output, given, is_list=isinstance(value, (list, tuple)))
                    break


def function_of(task: Task) -> Function | None:
    """The project's function that a plain Python task runs: whose result is the task's output."""
    function = task.arguments.get("python_callable")
    if isinstance(function, TaskFactory):
        function = function.function
    plain = task.operator.type == "python" and task.operator.kind is None
    return function if plain and isinstance(function, Function) else None


def _received(task: Task, function: Function) -> Iterator[tuple[str, Value]]:
    args, kwargs = task.arguments.get("op_args") or (), task.arguments.get("op_kwargs") or {}
    if isinstance(args, (list, tuple)) and isinstance(kwargs, dict):
        yield from given_arguments(function.parameters, args, kwargs).items()
    expand = task.mapping.expand if task.mapping is not None else None
    for name, value in (expand or {}).items():
        if isinstance(value, XCom):
            yield name, _Element(value)


class _Element:
    """One element of an output: what a mapped task receives."""

    def __init__(self, output: XCom) -> None:
        self.output = output


def _outputs(value: object) -> Iterator[tuple[XCom, Type]]:
    """The outputs in an argument, each with the type of the whole argument as far as that output says."""
    if isinstance(value, XCom):
        yield value, _type_of(value)
    elif isinstance(value, _Element):
        yield value.output, _element(_type_of(value.output))
    elif isinstance(value, (list, tuple)) and value and all(isinstance(item, XCom) for item in value):
        for item in value:
            yield item, frozenset({Shape("list", (_type_of(item),))})


def _type_of(output: XCom) -> Type:
    """The type of an output; anything for one of a mapped task, or inside a mapped group."""
    task, function = output.task, function_of(output.task)
    if function is None or task.mapping is not None or (task.group is not None and task.group.in_mapped):
        return None
    returned = function.annotations.get("return")
    kind = annotated(returned, function) if returned is not None else None
    if function.is_generator or output.key == RETURN_VALUE or kind is None:
        return None if function.is_generator else kind
    values = [shape.arguments[1] for shape in kind if shape.name == "dict" and len(shape.arguments) == 2]
    return values[0] if len(values) == len(kind) == 1 else None


def _element(kind: Type) -> Type:
    """What mapping over a value of this type gives: a dict gives pairs."""
    if kind is None or any(shape.name != "list" or len(shape.arguments) != 1 for shape in kind):
        return None
    return frozenset(one for shape in kind for one in shape.arguments[0] or ()) or None


def _parameter(function: Function, name: str) -> Type:
    parameters = function.node.args
    for one in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs):
        if one.arg == name:
            return annotated(one.annotation, function)
    return None


def _told(task: Task, name: str, wanted: Type, output: XCom, given: Type, *, is_list: bool) -> Diagnostic:
    receiver, giver = function_of(task), function_of(output.task)
    assert receiver is not None
    assert giver is not None
    giver_name = (
        f"a list with the output of `{output.task.task_id}`" if is_list else f"`{output.task.task_id}`"
    )
    says = f"{giver_name} {'is' if is_list else 'gives'} `{written(given)}`"
    return Diagnostic(
        code=TYPE_MISMATCH,
        message=f"`{name}` of task `{task.task_id}` is annotated `{written(wanted)}`, and {says}",
        span=place_of(task.place, name).span(),
        notes=(
            Note(message="what it gives is annotated here", span=_defined(giver).span()),
            Note(message="what is wanted is annotated here", span=_defined(receiver).span()),
        ),
        help="change the annotation that is wrong, or the function",
    )


def _defined(function: Function) -> Place:
    return Place(file=function.scope.file, node=function.node, statement=function.node)
