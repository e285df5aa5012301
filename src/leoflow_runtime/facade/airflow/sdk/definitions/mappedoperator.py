"""Tasks that are repeated: `Operator.partial(…).expand(…)` and `function.expand(…)`."""

from __future__ import annotations

from airflow.sdk.bases.construction import merged_defaults, merged_params
from airflow.sdk.bases.operator import PLAIN, BaseOperator
from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator
from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext
from airflow.sdk.definitions._internal.expandinput import (
    DictOfLists,
    ListOfDicts,
    check_values,
    prevent_duplicates,
)
from airflow.sdk.definitions._internal.node import validate_key
from airflow.sdk.definitions._internal.renamed import TASK_ARGUMENTS, renamed
from airflow.sdk.definitions.mappedtaskgroup import is_in_mapped_group
from airflow.sdk.definitions.xcom_arg import XComArg

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from airflow.sdk.definitions._internal.expandinput import ExpandInput


# What an instance has from the mapped task: where it is in the graph.
_PLACE = (
    *("dag", "task_group", "upstream_task_ids", "downstream_task_ids"),
    *("is_setup", "is_teardown", "on_failure_fail_dagrun"),
)


class OperatorPartial:
    """`Operator.partial(…)`. Raises TypeError for arguments that no class of the operator takes."""

    def __init__(self, operator_class: type[BaseOperator], kwargs: dict[str, Any]) -> None:
        self.operator_class = operator_class
        self.kwargs = renamed(operator_class.__name__, kwargs, TASK_ARGUMENTS)
        self._check_names("partial", self.kwargs)

    def expand(self, **kwargs: Any) -> MappedOperator:
        """A task for each combination of these lists' and dicts' items."""
        self._check_names("expand", kwargs)
        check_values(self.operator_class.__name__, kwargs)
        prevent_duplicates(self.kwargs, kwargs, "unmappable or already specified")
        return MappedOperator(self.operator_class, DictOfLists(kwargs), self.kwargs, strict=True)

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> MappedOperator:
        """A task for each of these dicts of arguments."""
        return MappedOperator(self.operator_class, ListOfDicts(kwargs), self.kwargs, strict=strict)

    def _check_names(self, method: str, kwargs: dict[str, Any]) -> None:
        known = {"dag", "task_group", "default_args"}
        for kind in self.operator_class.__mro__:
            known |= getattr(kind.__dict__.get("__init__"), "accepted", frozenset())
        unknown = [name for name in kwargs if name not in known]
        if unknown:
            raise TypeError(
                f"{self.operator_class.__name__}.{method}() got an unexpected keyword argument {unknown[0]!r}"
            )


class MappedOperator(AbstractOperator):
    """A mapped task: what its instances have in common, and what they are mapped over.

    `python_callable`: of a `@task` function, whose arguments are the mapped ones. `strict`: what an instance
    is given must not be given in common too.
    """

    is_mapped = True

    def __init__(
        self,
        operator_class: type[BaseOperator],
        expand_input: ExpandInput,
        partial_kwargs: dict[str, Any],
        *,
        strict: bool,
        python_callable: Callable[..., Any] | None = None,
    ) -> None:
        given = dict(partial_kwargs)
        dag = given.pop("dag", None) or DagContext.get_current()
        group = given.pop("task_group", None) or (TaskGroupContext.get_current(dag) if dag else None)
        defaults = merged_defaults(dag, group, given.pop("default_args", None))
        self.params = merged_params(dag, defaults, given.pop("params", None))
        given = {**{name: value for name, value in defaults.items() if name in PLAIN}, **given}
        task_id = given.pop("task_id")
        self.operator_class = operator_class
        self.template_fields = operator_class.template_fields
        self.expand_input = expand_input
        self.partial_kwargs = given
        self._defaults = defaults
        self._strict = strict
        self._python_callable = python_callable
        self.dag = None
        self.task_group = None
        self.upstream_task_ids = set()
        self.downstream_task_ids = set()
        self.task_id = group.child_id(task_id) if group is not None else task_id
        validate_key(self.task_id)
        if is_in_mapped_group(group):
            raise NotImplementedError("operator expansion in an expanded task group is not yet supported")
        if group is not None:
            group.add(self)
        if dag is not None:
            dag.add_task(self)
        XComArg.apply_upstream_relationship(self, expand_input.value)
        for name in self.template_fields:
            XComArg.apply_upstream_relationship(self, given.get(name))

    def __getattr__(self, name: str) -> Any:
        """A setting: as given, or its default."""
        given = self.__dict__.get("partial_kwargs", {})
        if name in given:
            return given[name]
        if name in PLAIN:
            return PLAIN[name]
        raise AttributeError(name)

    def unmap(self, context: Any) -> BaseOperator:
        """The task that the context's instance is: with its own arguments, and this one's place in the graph.

        Raises what resolving its arguments and constructing the operator raise.
        """
        element = self.expand_input.element(context)
        given: dict[str, Any] = {**self.partial_kwargs, "default_args": self._defaults}
        if self._python_callable is not None:
            common = given.get("op_kwargs") or {}
            self._check_twice(common, element, "mapping already partial")
            function = self._python_callable
            given.update(python_callable=function, op_args=(), op_kwargs={**common, **element})
        else:
            self._check_twice(self.partial_kwargs, element, "unmappable or already specified")
            given.update(element)
        task = _construct(self.operator_class, {**given, "task_id": self.task_id})
        place = {name: self.__dict__[name] for name in _PLACE if name in self.__dict__}
        task.__dict__.update(place, params=self.params)
        task._resolved_values = [
            value for name, value in element.items() if not self.expand_input.is_literal(name)
        ]
        return task

    def _check_twice(self, common: dict[str, Any], element: dict[str, Any], reason: str) -> None:
        if self._strict:
            prevent_duplicates(common, element, reason)

    def __repr__(self) -> str:
        return f"<Mapped({self.task_type}): {self.task_id}>"


def _construct(operator_class: type[BaseOperator], kwargs: dict[str, Any]) -> BaseOperator:
    """An operator outside of any DAG: the graph is complete."""
    BaseOperator._makes_edges = False
    try:
        task = operator_class(**kwargs)
    finally:
        BaseOperator._makes_edges = True
    task.lock_for_execution()
    return task
