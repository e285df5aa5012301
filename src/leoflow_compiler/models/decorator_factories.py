"""Decorators that make tasks without being written `@task.…`: Airflow's `task_decorator_factory`."""

from __future__ import annotations

from dataclasses import replace

from leoflow_compiler.diagnostics.catalogue.airflow import UNSUPPORTED_FEATURE
from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Function, Library, Opaque, Value
from leoflow_compiler.models.custom_operators import CustomOperator
from leoflow_compiler.models.decorator_kinds import kind_of_class, operator_of_class
from leoflow_compiler.models.operators import Operator
from leoflow_compiler.models.task_decorators import decorate

_MODULES = ("airflow.sdk.bases.decorator", "airflow.decorators.base")


def register(models: Models) -> None:
    for module in _MODULES:
        models.calls[f"{module}.task_decorator_factory"] = _factory


def _factory(call: Call) -> Value:
    given = dict(zip(("python_callable",), call.args, strict=False)) | dict(call.kwargs)
    if "decorated_operator_class" not in given:
        message = "task_decorator_factory() missing required keyword argument: 'decorated_operator_class'"
        raise Raised(TypeError(message), call.place)
    kind = given.pop("decorated_operator_class")
    return decorate(call, _operator(call, kind), f"@{call.name}", given)


def _operator(call: Call, kind: Value) -> Operator:
    """What tasks of the class are."""
    if isinstance(kind, Opaque):
        raise call.interpreter.structure_needs(kind, "the class of the tasks", call.place)
    if isinstance(kind, Library):
        return operator_of_class(kind.path)
    if not isinstance(kind, type) or not issubclass(kind, CustomOperator):
        raise Raised(TypeError("decorated_operator_class must be an operator class"), call.place)
    operator: type[CustomOperator] = kind
    own = [one for one in operator.__mro__ if isinstance(one.__dict__.get("__init__"), Function)]
    if own:
        message = f"what `{own[0].__name__}.__init__` does with a decorated function cannot be followed"
        raise call.refusal(UNSUPPORTED_FEATURE, message, help="leave `__init__` to the class above it")
    base = operator_of_class(operator.base.path)
    made = operator.operator_of(call.interpreter)
    return replace(
        base,
        path=made.path,
        kind=kind_of_class(operator.__name__),
        template_fields=made.template_fields,
        is_open=True,
        bases=made.bases,
    )
