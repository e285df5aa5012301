"""`@task` in its forms, and what calling a decorated function makes."""

from __future__ import annotations

import ast
from functools import partial

from leoflow_compiler.evaluate.errors import Interruption, Raised
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, CallModel, Models
from leoflow_compiler.evaluate.values import CallableModel, Function, Library, Opaque, Place, Value
from leoflow_compiler.models.decorator_kinds import decorator_operator, kind_of_function
from leoflow_compiler.models.graph import RETURN_VALUE, Method, XCom
from leoflow_compiler.models.mapping import METHODS, Mapping, map_task
from leoflow_compiler.models.operators import Operator
from leoflow_compiler.models.setup_teardown import mark_setup, mark_teardown
from leoflow_compiler.models.signature import parameters_of, parsed_annotation
from leoflow_compiler.models.tasks import check_names, create_task

_MAPPINGS = frozenset(
    {"typing.Dict", "typing.Mapping", "typing.MutableMapping", "typing.DefaultDict", "typing.OrderedDict"}
)


# No decorators of `@task`, and what is meant.
_ELSEWHERE = {"setup": "setup", "teardown": "teardown", "group": "task_group", "dag": "dag"}


def register(models: Models) -> None:
    models.calls["airflow.sdk.task"] = _decorator("python")
    for condition in ("run_if", "skip_if"):
        models.calls[f"airflow.sdk.task.{condition}"] = _condition


def kind_of(path: str) -> CallModel | None:
    """The model of `@task.<kind>` by its path, whatever the kind, and of the provider's function for it."""
    prefix, _, kind = path.rpartition(".")
    if prefix == "airflow.sdk.task":
        return _missing if kind in _ELSEWHERE else _decorator(kind)
    provided = kind_of_function(path)
    return _decorator(provided) if provided is not None else None


def _missing(call: Call) -> Value:
    kind = call.name.rpartition(".")[2]
    error = AttributeError(f"task decorator '{kind}' not found")
    raise Raised(error, call.place, advice=lambda: f"write `@{_ELSEWHERE[kind]}`")


def _condition(call: Call) -> Value:
    """`@task.run_if(condition)` above `@task`: the same task, which may skip itself."""

    def stack(inner: Call) -> Value:
        factory = inner.args[0] if inner.args else None
        if not isinstance(factory, TaskFactory):
            message = f"`@task.{call.name}(…)` stands above a `@task` decorator"
            raise Raised(TypeError(message), inner.place)
        return factory.under(call.name)

    return Method(f"@task.{call.name}", stack, call.interpreter)


def _decorator(kind: str) -> CallModel:
    operator = decorator_operator(kind)
    name = "@task" if kind == "python" else f"@task.{kind}"

    def model(call: Call) -> Value:
        return decorate(
            call, operator, name, dict(zip(("python_callable",), call.args, strict=False)) | dict(call.kwargs)
        )

    return model


def decorate(call: Call, operator: Operator, name: str, kwargs: dict[str, Value]) -> Value:
    """The factory of the function in `kwargs`; without one, what waits for it."""
    function = kwargs.pop("python_callable", None)
    multiple_outputs = kwargs.pop("multiple_outputs", None)
    check_names(call, operator, kwargs, name)
    if function is None:
        return TaskDecorator(name, operator, kwargs, multiple_outputs, call.interpreter)
    return make_factory(name, operator, function, kwargs, multiple_outputs, call)


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
    _check_object(function, multiple_outputs, call)
    kwargs.setdefault("task_id", call.interpreter.describe(function))
    if multiple_outputs is None:
        multiple_outputs = returns_mapping(call.interpreter, function)
    return TaskFactory(name, operator, function, kwargs, multiple_outputs, call.interpreter)


def _check_object(function: Value, multiple_outputs: Value, call: Call) -> None:
    """Of a callable object that is no function, Airflow reads a name and, to infer outputs, annotations."""
    is_object = isinstance(function, partial) or type(function).__module__ in call.interpreter.modules
    needed = ("__name__",) if multiple_outputs is not None else ("__annotations__", "__name__")
    for name in needed if is_object else ():
        if not hasattr(function, name):
            kind = "functools.partial" if isinstance(function, partial) else type(function).__name__
            error = AttributeError(f"'{kind}' object has no attribute '{name}'")
            raise Raised(error, call.place, advice=lambda: "decorate a function that calls it")


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
        conditions: tuple[str, ...] = (),
    ) -> None:
        self.decorator = name
        self.operator = operator
        self.function = function
        self.kwargs = kwargs
        self.multiple_outputs = multiple_outputs
        self.interpreter = interpreter
        self.conditions = conditions
        self.mark: str | None = None  # "setup" or "teardown"
        self.fail_run = False  # of a teardown: its failure fails the run

    def under(self, condition: str) -> TaskFactory:
        """With one more condition above it."""
        return self._copy(dict(self.kwargs), (*self.conditions, condition))

    def _copy(self, kwargs: dict[str, Value], conditions: tuple[str, ...]) -> TaskFactory:
        copy = TaskFactory(
            self.decorator,
            self.operator,
            self.function,
            kwargs,
            self.multiple_outputs,
            self.interpreter,
            conditions,
        )
        copy.mark, copy.fail_run = self.mark, self.fail_run
        return copy

    def marked(self, mark: str, *, fail_run: bool = False) -> TaskFactory:
        """As `@setup` or `@teardown`."""
        self.mark = mark
        self.fail_run = fail_run
        return self

    def call(self, call: Call) -> Value:
        return self.make(call, tuple(call.args), dict(call.kwargs))

    def make(
        self,
        call: Call,
        args: tuple[Value, ...],
        kwargs: dict[str, Value],
        mapping: Mapping | None = None,
    ) -> Value:
        """One task, mapped or not; its output is what the call gives."""
        given: dict[str, Value] = {
            "python_callable": self.function,
            "op_args": args,
            "op_kwargs": kwargs,
            "multiple_outputs": self.multiple_outputs,
            **self.kwargs,
        }
        if self.mark == "teardown" and "trigger_rule" in self.kwargs:
            raise Raised(ValueError("Trigger rule not configurable for teardown tasks."), call.place)
        fail_run = bool(given.pop("on_failure_fail_dagrun", self.fail_run))
        documented = any(given.get(key) for key in ("doc", "doc_md", "doc_json", "doc_yaml", "doc_rst"))
        task = create_task(call, self.operator, given, self.decorator, mapping=mapping)
        if self.mark == "setup":
            mark_setup(task, call.place)
        elif self.mark == "teardown":
            mark_teardown(task, call.place, fail_run=fail_run)
        documentation = self.function.__doc__ if isinstance(self.function, Function) else None
        documented = documented or bool(task.arguments.get("doc_md"))
        if documentation and not documented:
            task.arguments["doc_md"] = documentation
        task.conditions = self.conditions
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
        if name in METHODS:
            return Method(name, lambda call: map_task(self, {}, call), interpreter)
        if name in ("__name__", "__qualname__"):
            return interpreter.describe(self.function)
        if name == "__doc__":
            return getattr(self.function, "__doc__", None)
        raise AttributeError(name)

    def _override(self, call: Call) -> Value:
        given = dict(call.kwargs)
        check_names(call, self.operator, given, f"{self.decorator}.override")
        kwargs = {**self.kwargs, **given}
        return self._copy(kwargs, self.conditions)


def returns_mapping(interpreter: Interpreter, function: Value) -> bool:
    """Whether the return annotation makes `multiple_outputs` true, by Airflow's rule."""
    while isinstance(wrapped := getattr(function, "__wrapped__", None), Function):
        function = wrapped  # whose annotations `functools.wraps` takes over
    if not isinstance(function, Function) or "return" not in function.annotations:
        return False
    node: ast.expr | None = function.annotations["return"]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = parsed_annotation(node.value)
    if isinstance(node, ast.Subscript):
        node = node.value
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return False
    try:
        kind = interpreter.evaluate(node, function.scope)
    except Interruption:
        return False
    if isinstance(kind, Library):
        return kind.path in _MAPPINGS
    from collections.abc import Mapping

    return isinstance(kind, type) and issubclass(kind, Mapping)
