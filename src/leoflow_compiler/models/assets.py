"""Assets, aliases and conditions over them, and the DAGs that `@asset` makes."""

from __future__ import annotations

from typing import Any

from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import CallableModel, Function, ModelValue, Opaque, Place, Value
from leoflow_compiler.models.operators import PYTHON, Operator, parameters

_ASSET_TASK = Operator(
    path="airflow.sdk.definitions.asset.decorators._AssetMainOperator",
    type="python",
    kind="asset",
    template_fields=PYTHON.template_fields,
    own={**PYTHON.own, **parameters(definition_name=None, uri=None)},
    bases=(PYTHON.path,),
)
# Arguments of `@asset` that are the DAG's.
_DAG_ARGUMENTS = (
    "schedule",
    "is_paused_upon_creation",
    "dag_id",
    "dag_display_name",
    "description",
    "params",
    "on_success_callback",
    "on_failure_callback",
    "access_control",
    "owner_links",
    "tags",
)


class AssetLike(ModelValue):
    """What can be a schedule, an inlet or an outlet; `&` and `|` combine them."""

    def __or__(self, other: Value) -> Value:
        return Condition("any", [self, other]) if isinstance(other, AssetLike) else NotImplemented

    def __and__(self, other: Value) -> Value:
        return Condition("all", [self, other]) if isinstance(other, AssetLike) else NotImplemented


class Asset(AssetLike):
    """An asset. Its name or URI may be opaque until it is lowered."""

    class_paths = ("airflow.sdk.Asset",)

    def __init__(
        self, name: Value, uri: Value, *, group: Value, extra: Value, watchers: Value, place: Place
    ) -> None:
        self.name = name
        self.uri = uri
        self.group = group
        self.extra = extra
        self.watchers = watchers
        self.place = place

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in ("name", "uri", "group", "extra", "watchers"):
            return getattr(self, name)
        raise AttributeError(name)


class Alias(AssetLike):
    """An asset alias."""

    class_paths = ("airflow.sdk.AssetAlias",)

    def __init__(self, name: Value, group: Value, place: Place) -> None:
        self.name = name
        self.group = group
        self.place = place

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in ("name", "group"):
            return getattr(self, name)
        raise AttributeError(name)


class Reference(AssetLike):
    """`Asset.ref(name=…)` or `Asset.ref(uri=…)`."""

    def __init__(self, text: Value, by: str, place: Place) -> None:
        self.text = text
        self.by = by
        self.place = place


class Condition(AssetLike):
    """All or any of several."""

    def __init__(self, kind: str, parts: list[Value]) -> None:
        self.kind = kind  # "all" or "any"
        # One condition in another of the same kind is one condition.
        self.parts: list[Value] = [
            inner
            for part in parts
            for inner in (part.parts if isinstance(part, Condition) and part.kind == kind else [part])
        ]

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name == "objects":
            return list(self.parts)
        raise AttributeError(name)


def register(models: Models) -> None:
    models.calls.update(
        {
            "airflow.sdk.Asset": _asset,
            "airflow.sdk.Asset.ref": _reference,
            "airflow.sdk.AssetAlias": _alias,
            "airflow.sdk.AssetAll": lambda call: _condition(call, "all"),
            "airflow.sdk.AssetAny": lambda call: _condition(call, "any"),
            "airflow.sdk.asset": _decorator,
            "airflow.sdk.asset.multi": _decorator,
        }
    )
    for name, new in (
        ("Dataset", "Asset"),
        ("DatasetAlias", "AssetAlias"),
        ("DatasetAll", "AssetAll"),
        ("DatasetAny", "AssetAny"),
    ):
        models.aliases[f"airflow.datasets.{name}"] = f"airflow.sdk.{new}"
        models.aliases[f"airflow.sdk.definitions.asset.{name}"] = f"airflow.sdk.{new}"
    models.aliases["airflow.Dataset"] = "airflow.sdk.Asset"
    models.aliases["airflow.sdk.definitions.asset.decorators.asset"] = "airflow.sdk.asset"


def _asset(call: Call) -> Value:
    given = {**dict(zip(("name", "uri"), call.args, strict=False)), **call.kwargs}
    name, uri = given.get("name"), given.get("uri")
    if name is None and uri is None:
        raise Raised(TypeError("Asset() requires either 'name' or 'uri'"), call.place)
    name = uri if name is None else name
    uri = name if uri is None else uri
    for text in (name, uri):
        if isinstance(text, str) and not text.strip():
            raise Raised(ValueError("the name and the URI of an asset cannot be empty"), call.place)
    return Asset(
        name,
        uri,
        group=given.get("group") or "asset",
        extra=given.get("extra") or {},
        watchers=given.get("watchers") or [],
        place=call.place,
    )


def _reference(call: Call) -> Value:
    by = "uri" if "uri" in call.kwargs else "name"
    return Reference(call.kwargs.get(by), by, call.place)


def _alias(call: Call) -> Value:
    given = {**dict(zip(("name", "group"), call.args, strict=False)), **call.kwargs}
    return Alias(given.get("name"), given.get("group") or "asset", call.place)


def _condition(call: Call, kind: str) -> Value:
    for part in call.args:
        if not isinstance(part, (AssetLike, Opaque)):
            raise Raised(TypeError("expect asset expressions in condition"), call.place)
    return Condition(kind, list(call.args))


def _decorator(call: Call) -> Value:
    if call.args:
        raise Raised(TypeError(f"@{call.name} takes keyword arguments only"), call.place)
    return AssetDecorator(dict(call.kwargs), multi=call.name == "multi", interpreter=call.interpreter)


class AssetDecorator(CallableModel):
    """`@asset(schedule=…)`, waiting for its function."""

    __name__ = "@asset"
    structural = True

    def __init__(self, given: dict[str, Value], *, multi: bool, interpreter: Interpreter) -> None:
        self.given = given
        self.multi = multi
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        from leoflow_compiler.models.dags import make_dag
        from leoflow_compiler.models.task_decorators import TaskFactory

        function = call.args[0] if call.args else None
        if not isinstance(function, (Function, TaskFactory)):
            raise Raised(TypeError("@asset stands above a function"), call.place)
        name = self.given.get("name") or call.interpreter.describe(
            function.function if isinstance(function, TaskFactory) else function
        )
        result = self._result(name, call)
        outlets = list(result.parts) if isinstance(result, Condition) else [result]
        of_dag = {key: self.given[key] for key in _DAG_ARGUMENTS if self.given.get(key) is not None}
        dag = make_dag(call, {"dag_id": name, "catchup": False, **of_dag})
        dag.enter(call.interpreter, call.place)
        try:
            self._task(call, function, name, outlets)
        finally:
            dag.exit(call.interpreter, call.place)
        return result

    def _result(self, name: Value, call: Call) -> Asset | Condition:
        if self.multi:
            outlets = self.given.get("outlets")
            if not isinstance(outlets, (list, tuple, set)) or not outlets:
                raise Raised(ValueError("no outlets provided"), call.place)
            return Condition("all", list(outlets))
        uri = self.given.get("uri")
        return Asset(
            name,
            name if uri is None else uri,
            group=self.given.get("group") or "asset",
            extra=self.given.get("extra") or {},
            watchers=self.given.get("watchers") or [],
            place=call.place,
        )

    def _task(self, call: Call, function: Any, name: Value, outlets: list[Value]) -> None:
        from leoflow_compiler.models.task_decorators import TaskFactory
        from leoflow_compiler.models.tasks import create_task

        if isinstance(function, TaskFactory):
            if "outlets" in function.kwargs:
                message = "@task decorator with 'outlets' argument is not supported in @asset"
                raise Raised(TypeError(message), call.place)
            function.kwargs["outlets"] = outlets
            function.make(call, (), {})
            return
        inlets = [
            Reference(parameter.name, "name", call.place)
            for parameter in function.parameters
            if parameter.name not in ("self", "context") and not parameter.has_default
        ]
        given = {
            "task_id": call.interpreter.describe(function),
            "python_callable": function,
            "inlets": inlets,
            "outlets": outlets,
            "definition_name": name,
        }
        create_task(call, _ASSET_TASK, given, "@asset")
