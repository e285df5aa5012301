"""Operators, sensors and transfers of installed packages, which are never read: what a call of them makes."""

from __future__ import annotations

from leoflow_compiler.diagnostics.catalogue.airflow import BAD_CALL, UNSUPPORTED_FEATURE, UNSUPPORTED_OPERATOR
from leoflow_compiler.evaluate.library import Call, CallModel
from leoflow_compiler.evaluate.values import Library, Value
from leoflow_compiler.models import kubernetes_objects
from leoflow_compiler.models.mapping import partial_of
from leoflow_compiler.models.operators import CLASSIC, Operator, unknown_operator
from leoflow_compiler.models.task_decorators import kind_of
from leoflow_compiler.models.tasks import create_task
from leoflow_compiler.models.timetables import instance_of

_OPERATOR_NAMES = ("Operator", "Sensor", "OperatorAsync", "SensorAsync", "Transfer", "ExternalTaskMarker")
_OPERATOR_MODULES = ("operators", "sensors", "transfers")
# They make tasks of their own, from what only their package knows.
_BUILDERS = ("TaskGroup", "Dag", "DAG")
KNOWN = {operator.path: operator for operator in CLASSIC}
_STRUCTURAL = frozenset({"task_id", "group_id", "dag_id", "dag"})


def looks_like_operator(path: str) -> bool:
    """By Airflow's conventions: the class's name, or a module called operators, sensors or transfers."""
    return has_operator_name(path) or _in_operator_module(path)


def has_operator_name(path: str) -> bool:
    name = path.rpartition(".")[2].lstrip("_")
    return name[:1].isupper() and name.endswith(_OPERATOR_NAMES)


def _in_operator_module(path: str) -> bool:
    parts = path.split(".")
    is_class = parts[-1][:1].isupper() and not parts[-1].isupper()
    return is_class and any(part in _OPERATOR_MODULES for part in parts[:-1]) and parts[-1][-4:] != "Hook"


def _builds_graph(path: str, call: Call) -> bool:
    """Whether instances contain tasks that cannot be seen from here."""
    name = path.rpartition(".")[2]
    if not name[:1].isupper() or not name.endswith(_BUILDERS):
        return False
    return path.startswith(("airflow.", "cosmos.")) or not _STRUCTURAL.isdisjoint(call.kwargs)


def model_of(library: Library, call: Call) -> CallModel | None:
    """What this call makes, where it makes something of a DAG. Raises Refusal where that cannot be told."""
    path = library.path
    part_of_pod = kubernetes_objects.model_of(path)
    if part_of_pod is not None:
        return part_of_pod
    decorator = kind_of(path)
    if decorator is not None:
        return decorator
    owner, _, method = path.rpartition(".")
    if method == "partial" and (owner in KNOWN or looks_like_operator(owner)):
        return partial_of(KNOWN.get(owner) or unknown_operator(owner))
    if _builds_graph(path, call):
        message = f"`{path}` makes tasks that only its package knows"
        raise call.refusal(UNSUPPORTED_FEATURE, message, help="write the tasks and groups out")
    instance = instance_of(path, path, call)
    if instance is not None:
        return lambda _: instance
    structural = not _STRUCTURAL.isdisjoint(call.kwargs)
    if has_operator_name(path) and (structural or not call.args):
        return operator_call(unknown_operator(path))
    if not structural:
        return None
    if library.name[:1].isupper() and "task_id" in call.kwargs:
        return operator_call(unknown_operator(path))
    message = f"what `{path}` makes of these arguments is known only to its package"
    raise call.refusal(
        UNSUPPORTED_OPERATOR, message, help="make the task from an operator class in this file"
    )


def operator_call(operator: Operator) -> CallModel:
    """The model of `Operator(task_id=…, …)`."""

    def make(call: Call) -> Value:
        if call.args:
            raise call.refusal(
                BAD_CALL,
                f"{operator.name} takes keyword arguments only",
                help=f"write `{operator.name}(task_id=…, …)`",
            )
        return create_task(call, operator, dict(call.kwargs), operator.name)

    return make
