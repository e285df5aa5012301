"""Operator classes of the project: real classes, made here, whose `__init__` is evaluated.

A class that derives from an operator, of Airflow or of any package, gets `CustomOperator` as its native base.
Calling it evaluates its `__init__` like any other code; the call of `super().__init__(…)` that reaches the
operator class makes the task.
"""

from __future__ import annotations

import types
from typing import Any

from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call
from leoflow_compiler.evaluate.values import Function, Instantiable, Library, Opaque, Place, Value
from leoflow_compiler.models import edges
from leoflow_compiler.models.graph import Method, Task, current_dag, current_group
from leoflow_compiler.models.mapping import partial_of
from leoflow_compiler.models.operators import (
    BASE_PARAMETERS,
    SENSOR_PARAMETERS,
    Operator,
    OperatorParameter,
    unknown_operator,
)
from leoflow_compiler.models.provider_operators import KNOWN, looks_like_operator
from leoflow_compiler.models.tasks import create_task, merged_defaults

_SDK_BASES = {
    "airflow.sdk.BaseOperator": Operator(path="airflow.sdk.BaseOperator", type="operator"),
    "airflow.sdk.BaseAsyncOperator": Operator(path="airflow.sdk.BaseAsyncOperator", type="operator"),
    "airflow.sdk.BaseSensorOperator": Operator(
        path="airflow.sdk.BaseSensorOperator", type="operator", own=SENSOR_PARAMETERS
    ),
    "airflow.sdk.BaseBranchOperator": Operator(path="airflow.sdk.BaseBranchOperator", type="operator"),
}


class _BaseInit:
    """`super().__init__` where it leaves the project's classes."""

    def __get__(self, instance: CustomOperator | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return Method("__init__", lambda call: instance.initialise(call), instance.interpreter)


class CustomOperator(Task, Instantiable):
    """Base of the project's operator classes. `own` are the attributes that its code has set."""

    base: Operator  # the class of Airflow or of a package that the project's classes derive from
    own: dict[str, Value]
    given: dict[str, Value]  # the arguments of the call
    is_made = False

    __init__ = _BaseInit()

    @classmethod
    def instantiate(cls, call: Call) -> Value:
        """A task, by evaluating `__init__`. Raises Interruption."""
        if call.args:
            raise Raised(TypeError("Use keyword arguments when initializing operators"), call.place)
        task = cls.__new__(cls)
        task.own = {}
        task.interpreter = call.interpreter
        task.place = call.place
        task.given = dict(call.kwargs)
        initialise = task.class_attribute("__init__")
        arguments = {**_from_defaults(call, cls, task.given), **task.given}
        call.interpreter.call(initialise, (), arguments)
        if not task.is_made:
            message = f"`{cls.__name__}.__init__` does not call `super().__init__(…)`"
            raise Raised(RuntimeError(message), call.place)
        for name in cls.operator_of(call.interpreter).templated(task.arguments):
            edges.depend_on_outputs(task, task.own.get(name, task.arguments.get(name)))
        return task

    def initialise(self, call: Call) -> None:
        """What BaseOperator's own `__init__` does: the task joins its DAG."""
        if call.args:
            raise Raised(TypeError("Use keyword arguments when initializing operators"), self.place)
        here = Call(
            interpreter=call.interpreter,
            name=type(self).__name__,
            args=(),
            kwargs=dict(call.kwargs),
            place=self.place,
        )
        operator = self.operator_of(call.interpreter)
        base = Operator(
            path=operator.path,
            type=operator.type,
            kind=operator.kind,
            template_fields=(),
            own=self.base.own,
            is_open=self.base.is_open,
            bases=operator.bases,
        )
        create_task(here, base, dict(call.kwargs), type(self).__name__, into=self)
        self.operator = operator
        self.arguments = {
            **{name: value for name, value in self.given.items() if name not in BASE_PARAMETERS},
            **self.arguments,
        }
        self.is_made = True

    @classmethod
    def operator_of(cls, interpreter: Interpreter) -> Operator:
        """The class as an operator: its template fields and parameters, as far as they are known."""
        known: Operator | None = cls.__dict__.get("_operator")
        if known is None:
            path = f"{cls.__module__}.{cls.__name__}"
            known = Operator(
                path=path,
                type="operator",
                template_fields=cls._template_fields(),
                own={**cls.base.own, **cls._parameters()},
                is_open=True,
                bases=tuple(dict.fromkeys((cls.base.path, *cls.base.bases))),
            )
            type.__setattr__(cls, "_operator", known)
        return known

    @classmethod
    def _template_fields(cls) -> tuple[str, ...] | None:
        fields = _in_project_classes(cls, "template_fields")
        if isinstance(fields, str):
            return (fields,)
        if isinstance(fields, (list, tuple, set)) and all(isinstance(name, str) for name in fields):
            return tuple(fields)
        return cls.base.template_fields if fields is None else None

    @classmethod
    def _parameters(cls) -> dict[str, OperatorParameter]:
        found: dict[str, OperatorParameter] = {}
        for kind in cls.__mro__:
            initialise = kind.__dict__.get("__init__")
            for parameter in initialise.parameters if isinstance(initialise, Function) else ():
                if parameter.name != "self" and not parameter.kind.startswith("var_"):
                    found.setdefault(parameter.name, OperatorParameter(default=parameter.default))
        return {name: found[name] for name in found if name not in BASE_PARAMETERS}

    def class_attribute(self, name: str) -> Value:
        """An attribute of the project's classes, bound. Raises AttributeError."""
        for kind in type(self).__mro__:
            if name in kind.__dict__ and (kind not in _OURS or name == "__init__"):
                found = kind.__dict__[name]
                return found.__get__(self, type(self)) if hasattr(type(found), "__get__") else found
        raise AttributeError(name)

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in self.own:
            return self.own[name]
        if name == "__class__":
            return type(self)
        try:
            return self.class_attribute(name)
        except AttributeError:
            if not self.is_made:
                why = f"`{name}` of an operator is known only when the code runs"
                return interpreter.opaque(why, place)
            return super().get_attribute(name, interpreter, place)

    def set_attribute(self, name: str, value: Value, interpreter: Interpreter, place: Place) -> None:
        if name in ("task_id", "dag", "task_group", "interpreter"):
            raise AttributeError(name)
        if self.is_made and (name in BASE_PARAMETERS or name in ("is_setup", "is_teardown")):
            super().set_attribute(name, value, interpreter, place)
            return
        self.own[name] = value
        if self.is_made and name in self.operator_of(interpreter).templated({name: value}):
            edges.depend_on_outputs(self, value)


_OURS = frozenset(CustomOperator.__mro__)


class _Partial:
    """`MyOperator.partial`."""

    def __get__(self, instance: object, owner: type[CustomOperator]) -> Any:
        interpreter = owner.interpreter
        return Method("partial", partial_of(owner.operator_of(interpreter)), interpreter)


def base_class(library: Library) -> type | None:
    """The native base for a class that derives from `library`; None where that is no operator."""
    path = library.path
    base = _SDK_BASES.get(path) or KNOWN.get(path)
    if base is None and looks_like_operator(path):
        base = unknown_operator(path)
    if base is None:
        return None
    known: dict[str, type] = library.interpreter.records.setdefault("operator_bases", {})
    if path not in known:
        names = {"base": base, "interpreter": library.interpreter, "partial": _Partial()}
        known[path] = made = types.new_class(
            path.rpartition(".")[2], (CustomOperator,), {}, lambda ns: ns.update(names)
        )
        global _OURS
        _OURS = _OURS | {made}
    return known[path]


def _in_project_classes(cls: type, name: str) -> Value:
    for kind in cls.__mro__:
        if kind not in _OURS and name in kind.__dict__:
            return kind.__dict__[name]
    return None


def _from_defaults(call: Call, cls: type[CustomOperator], given: dict[str, Value]) -> dict[str, Value]:
    """What `default_args` give to the parameters of `__init__` that the call leaves out."""
    initialise = next(
        (kind.__dict__["__init__"] for kind in cls.__mro__ if "__init__" in kind.__dict__), None
    )
    if not isinstance(initialise, Function):
        return {}
    dag = given.get("dag") or current_dag(call.interpreter)
    if isinstance(dag, Opaque):
        return {}
    group = given.get("task_group") or (current_group(call.interpreter, dag) if dag is not None else None)
    defaults = merged_defaults(call, dag, group, given.get("default_args"))
    return {
        parameter.name: defaults[parameter.name]
        for parameter in initialise.parameters
        if parameter.name in defaults and parameter.name not in given and parameter.name != "self"
    }
