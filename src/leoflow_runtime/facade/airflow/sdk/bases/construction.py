"""How an operator is constructed: the current DAG and group, and `default_args` for what is not given."""

from __future__ import annotations

import copy
import functools

from airflow.sdk.definitions._internal import signature
from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext
from airflow.sdk.definitions.param import ParamsDict

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.taskgroup import TaskGroup


def parameter_names(init: Callable[..., None]) -> tuple[frozenset[str], frozenset[str]]:
    """All named parameters of an `__init__`, and those without a default."""
    named = [
        param
        for param in signature.parameters(init)[1:]
        if param.kind not in (signature.VAR_POSITIONAL, signature.VAR_KEYWORD)
    ]
    required = frozenset(param.name for param in named if param.default is signature.EMPTY)
    return frozenset(param.name for param in named), required


def with_defaults(
    init: Callable[..., None], names: tuple[frozenset[str], frozenset[str]]
) -> Callable[..., None]:
    """Airflow's way to construct: current DAG and group, then `default_args` for what is not given."""
    accepted, required = names

    @functools.wraps(init)
    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        if args:
            raise TypeError("Use keyword arguments when initializing operators")
        dag = kwargs.get("dag") or DagContext.get_current()
        group = kwargs.get("task_group")
        if dag is not None:
            kwargs["dag"] = dag
            group = group or TaskGroupContext.get_current(dag)
        if group is not None:
            kwargs["task_group"] = group
        defaults = merged_defaults(dag, group, kwargs.pop("default_args", None))
        params = merged_params(dag, defaults, kwargs.pop("params", None))
        for name in accepted:
            if name in defaults and name not in kwargs:
                kwargs[name] = defaults[name]
        missing = sorted(required - kwargs.keys())
        if missing:
            plural = "s" if len(missing) > 1 else ""
            raise TypeError(f"missing keyword argument{plural} {', '.join(map(repr, missing))}")
        if params:
            kwargs["params"] = params
        hook = getattr(self, "_hook_apply_defaults", None)
        if hook is not None:
            kwargs = hook(kwargs, defaults)
        init(self, default_args=defaults, **kwargs)
        # Once, by the outermost class: all fields are set by then.
        if getattr(type(self).__init__, "__wrapped__", None) is init:
            self._link_outputs()
            self._instantiated = True

    construct.accepted = accepted  # type: ignore[attr-defined]
    return construct


def merged_defaults(dag: DAG | None, group: TaskGroup | None, own: dict[str, Any] | None) -> dict[str, Any]:
    """The `default_args` of DAG, groups and task; the nearest wins."""
    merged: dict[str, Any] = {}
    if dag is not None:
        merged.update(copy.copy(dag.default_args))
        if group is not None:
            merged.update(group.default_args)
    merged.update(own or {})
    return merged


def merged_params(dag: DAG | None, defaults: dict[str, Any], own: Any) -> ParamsDict:
    """The parameters of DAG and task; the task's win."""
    merged = ParamsDict(copy.deepcopy(dag.params._params) if dag is not None else None)
    for source in (own, defaults.get("params")):
        for name, param in ParamsDict(source)._params.items():
            known = merged._params.get(name)
            # A subclass passes merged parameters on: those of the DAG stay the DAG's.
            if param.source is None:
                param.source = "task"
            if known is None or param.source == "task":
                merged._params[name] = param
    for param in merged._params.values():
        param.source = param.source or "dag"
    return merged
