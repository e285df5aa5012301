"""`@asset` and `@asset.multi`: a function that makes assets is a DAG of one task."""

from __future__ import annotations

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.definitions._internal import signature
from airflow.sdk.definitions.asset import Asset, AssetAll
from airflow.sdk.definitions.dag import DAG

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from airflow.sdk.definitions.asset import BaseAsset

_OF_DAG = frozenset(
    {
        "access_control",
        "dag_display_name",
        "dag_id",
        "description",
        "is_paused_upon_creation",
        "on_failure_callback",
        "on_success_callback",
        "owner_links",
        "params",
        "tags",
    }
)


class _AssetMainOperator(PythonOperator):
    """The task of such a DAG: `self` is its asset, `context` the context, others are assets of their name."""

    def __init__(self, *, definition_name: str, uri: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._definition_name = definition_name

    def determine_kwargs(self, context: Any) -> dict[str, Any]:
        return {
            param.name: self._argument(param, context) for param in signature.parameters(self.python_callable)
        }

    def _argument(self, param: Any, context: Any) -> Any:
        if param.default is not signature.EMPTY:
            return param.default
        if param.name == "self":
            return next(one for one in self.outlets if getattr(one, "name", None) == self._definition_name)
        return context if param.name == "context" else context["inlet_events"].asset_named(param.name)


class AssetDefinition(Asset):
    """What `@asset` makes of a function: an asset, and the DAG that makes it."""


class MultiAssetDefinition(AssetAll):
    """What `@asset.multi` makes of a function: all its assets, and the DAG that makes them."""


class _DagFactory:
    def __init__(self, *, schedule: Any, **kwargs: Any) -> None:
        self._schedule = schedule
        self._of_dag = {name: kwargs.pop(name) for name in _OF_DAG & kwargs.keys()}
        self._set(**kwargs)

    def _set(self, **kwargs: Any) -> None:
        raise NotImplementedError

    def _make_dag(self, function: Any, name: str, outlets: list[BaseAsset]) -> None:
        options = {"dag_id": name, **{key: value for key, value in self._of_dag.items() if value is not None}}
        with DAG(schedule=self._schedule, catchup=False, **options):
            if getattr(function, "_airflow_is_task_decorator", False):
                if "outlets" in function.kwargs:
                    raise TypeError("@task decorator with 'outlets' argument is not supported in @asset")
                function.kwargs["outlets"] = outlets
                function()
                return
            _AssetMainOperator(
                task_id=function.__name__,
                inlets=_inlets(function),
                outlets=outlets,
                python_callable=function,
                definition_name=name,
            )


def _inlets(function: Callable[..., Any]) -> list[BaseAsset]:
    """An asset for each parameter of that name. Raises TypeError for `*` and `**`."""
    found: list[BaseAsset] = []
    for param in signature.parameters(function):
        if param.kind in (signature.VAR_POSITIONAL, signature.VAR_KEYWORD):
            raise TypeError(f"wildcard '{param.name}' is not supported in @asset")
        if param.name not in ("self", "context") and param.default is signature.EMPTY:
            found.append(Asset.ref(name=param.name))
    return found


def _check_top_level(function: Any) -> None:
    if function.__name__ != function.__qualname__:
        raise ValueError("nested function not supported")


class _Multi(_DagFactory):
    """`@asset.multi(schedule=…, outlets=[…])`."""

    def _set(self, *, outlets: Any) -> None:
        self._outlets = list(outlets)

    def __call__(self, function: Callable[..., Any]) -> MultiAssetDefinition:
        _check_top_level(function)
        if not self._outlets:
            raise ValueError("no outlets provided")
        self._make_dag(function, function.__name__, self._outlets)
        return MultiAssetDefinition(*self._outlets)


class asset(_DagFactory):  # noqa: N801
    """`@asset(schedule=…)`; other arguments are those of Asset and of DAG."""

    multi = _Multi

    def _set(self, *, name: str | None = None, uri: Any = None, **kwargs: Any) -> None:
        self._name = name
        self._uri = uri
        self._of_asset = kwargs

    def __call__(self, function: Callable[..., Any]) -> AssetDefinition:
        _check_top_level(function)
        made = AssetDefinition(name=self._name or function.__name__, uri=self._uri, **self._of_asset)
        self._make_dag(function, made.name, [made])
        return made
