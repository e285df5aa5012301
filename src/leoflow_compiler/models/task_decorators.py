"""`@task` in its forms, and what calling a decorated function makes."""

from __future__ import annotations

import ast
from typing import Any

import libcst as cst

from leoflow_compiler.diagnostics.catalogue.airflow import UNSUPPORTED_FEATURE
from leoflow_compiler.evaluate.errors import Interruption, Raised
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import CallableModel, Function, Library, Opaque, Place, Value
from leoflow_compiler.models.graph import RETURN_VALUE, Method, XCom
from leoflow_compiler.models.operators import DECORATORS, Operator
from leoflow_compiler.models.signature import parameters_of
from leoflow_compiler.models.tasks import check_names, create_task

_MAPPINGS = frozenset(
    {"typing.Dict", "typing.Mapping", "typing.MutableMapping", "typing.DefaultDict", "typing.OrderedDict"}
)


def register(models: Models) -> None:
    models.calls["airflow.sdk.task"] = _decorator("python", DECORATORS["python"])
    for kind, operator in DECORATORS.items():
        models.calls[f"airflow.sdk.task.{kind}"] = _decorator(kind, operator)


def _decorator(kind: str, operator: Operator) -> Any:
    name = "@task" if kind == "python" else f"@task.{kind}"

    def decorate(call: Call) -> Value:
        kwargs = dict(call.kwargs)
        function = kwargs.pop("python_callable", call.args[0] if call.args else None)
        multiple_outputs = kwargs.pop("multiple_outputs", None)
        check_names(call, operator, kwargs, name)
        if function is None:
            return TaskDecorator(name, operator, kwargs, multiple_outputs, call.interpreter)
        return make_factory(name, operator, function, kwargs, multiple_outputs, call)

    return decorate


class TaskDecorator(CallableModel):
    """`@task(…)`, waiting for its function."""

    def __init__(
        self,
        name: str,
        operator: Operator,
        kwargs: dict[str, Value],
        multiple_outputs: Value,
        interpreter: Interpreter,
    ) -> None:
        self.__name__ = name
        self.operator = operator
        self.kwargs = kwargs
        self.multiple_outputs = multiple_outputs
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        function = call.args[0] if call.args else call.kwargs.get("python_callable")
        return make_factory(
            self.__name__, self.operator, function, dict(self.kwargs), self.multiple_outputs, call
        )


def make_factory(
    name: str,
    operator: Operator,
    function: Value,
    kwargs: dict[str, Value],
    multiple_outputs: Value,
    call: Call,
) -> TaskFactory:
    if isinstance(function, Opaque) and "task_id" not in kwargs:
        raise call.interpreter.structure_needs(
            function,
            "the name of the decorated function",
            call.place,
            "give the task an id: `@task(task_id=…)`",
        )
    if not callable(function):
        raise Raised(
            TypeError("No positional arguments allowed while using @task, use named arguments instead"),
            call.place,
        )
    parameters = parameters_of(function)
    if parameters is not None and any(p.name == "self" for p in parameters):
        raise Raised(TypeError(f"{name} does not support methods"), call.place)
    kwargs.setdefault("task_id", call.interpreter.describe(function))
    if multiple_outputs is None:
        multiple_outputs = returns_mapping(call.interpreter, function)
    return TaskFactory(name, operator, function, kwargs, multiple_outputs, call.interpreter)


class TaskFactory(CallableModel):
    """A decorated function: each call makes a task."""

    structural = True

    def __init__(
        self,
        name: str,
        operator: Operator,
        function: Value,
        kwargs: dict[str, Value],
        multiple_outputs: Value,
        interpreter: Interpreter,
    ) -> None:
        self.decorator = name
        self.operator = operator
        self.function = function
        self.kwargs = kwargs
        self.multiple_outputs = multiple_outputs
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        given: dict[str, Value] = {
            "python_callable": self.function,
            "op_args": tuple(call.args),
            "op_kwargs": dict(call.kwargs),
            "multiple_outputs": self.multiple_outputs,
            **self.kwargs,
        }
        documented = any(given.get(key) for key in ("doc", "doc_md", "doc_json", "doc_yaml", "doc_rst"))
        task = create_task(call, self.operator, given, self.decorator)
        documentation = self.function.__doc__ if isinstance(self.function, Function) else None
        documented = documented or bool(task.arguments.get("doc_md"))
        if documentation and not documented:
            task.arguments["doc_md"] = documentation
        return XCom(task, RETURN_VALUE, call.interpreter)

    @property
    def factory_name(self) -> str:
        """What to write before the parentheses."""
        return self.interpreter.describe(self.function)

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name == "override":
            return Method(name, self._override, interpreter)
        if name in ("function", "__wrapped__"):
            return self.function
        if name in ("expand", "expand_kwargs", "partial"):
            return Method(name, self._mapping, interpreter)
        if name in ("__name__", "__qualname__"):
            return interpreter.describe(self.function)
        if name == "__doc__":
            return getattr(self.function, "__doc__", None)
        raise AttributeError(name)

    def _override(self, call: Call) -> Value:
        given = dict(call.kwargs)
        check_names(call, self.operator, given, f"{self.decorator}.override")
        kwargs = {**self.kwargs, **given}
        return TaskFactory(
            self.decorator, self.operator, self.function, kwargs, self.multiple_outputs, call.interpreter
        )

    def _mapping(self, call: Call) -> Value:
        name = call.interpreter.describe(self.function)
        raise call.refusal(
            UNSUPPORTED_FEATURE,
            f"dynamic task mapping (`{name}.{call.name}`) is not supported yet",
            help="where the items are known, call the task in a loop or a list comprehension",
        )


def returns_mapping(interpreter: Interpreter, function: Value) -> bool:
    """Whether the return annotation makes `multiple_outputs` true, by Airflow's rule."""
    if not isinstance(function, Function) or "return" not in function.annotations:
        return False
    node: Any = function.annotations["return"]
    if isinstance(node, cst.SimpleString):
        text = node.evaluated_value
        try:
            ast.parse(str(text), mode="eval")
            node = cst.parse_expression(str(text)) if len(text) < 200 else node
        except (SyntaxError, ValueError, cst.ParserSyntaxError):
            return False
    if isinstance(node, cst.Subscript):
        node = node.value
    if not isinstance(node, (cst.Name, cst.Attribute)):
        return False
    try:
        kind = interpreter.evaluate(node, function.scope)
    except Interruption:
        return False
    if isinstance(kind, Library):
        return kind.path in _MAPPINGS
    from collections.abc import Mapping

    return isinstance(kind, type) and issubclass(kind, Mapping)
