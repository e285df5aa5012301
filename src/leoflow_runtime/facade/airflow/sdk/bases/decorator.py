"""`@task`: a function becomes a factory of tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import update_wrapper

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal import signature
from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext
from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS
from airflow.sdk.definitions.xcom_arg import XComArg

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from airflow.sdk.definitions._internal.expandinput import ExpandInput
    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.taskgroup import TaskGroup

_SUFFIX = re.compile(r"__\d+$")


def get_unique_task_id(task_id: str, dag: DAG | None = None, task_group: TaskGroup | None = None) -> str:
    """`task_id`, or with the next free suffix `__1`, `__2`, … where the DAG has it already."""
    dag = dag or DagContext.get_current()
    if dag is None:
        return task_id
    group = task_group or TaskGroupContext.get_current(dag)
    full_id = group.child_id(task_id) if group is not None else task_id
    if full_id not in dag.task_dict:
        return task_id
    pattern = re.compile(rf"{re.escape(_SUFFIX.split(full_id)[0])}__(\d+)\Z")
    matches = [pattern.match(known) for known in dag.task_dict]
    taken = max([int(match.group(1)) for match in matches if match], default=0)
    return f"{_SUFFIX.split(task_id)[0]}__{taken + 1}"


class DecoratedOperator(BaseOperator):
    """An operator around a function and the arguments of one call to it."""

    template_fields = ("op_args", "op_kwargs")
    template_fields_renderers = {"op_args": "py", "op_kwargs": "py"}

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        task_id: str,
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        kwargs_to_upstream: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        task_id = get_unique_task_id(task_id, kwargs.get("dag"), kwargs.get("task_group"))
        op_args = op_args or []
        op_kwargs = op_kwargs or {}
        params = signature.parameters(python_callable)
        for param in params:
            if param.name in KNOWN_CONTEXT_KEYS and not (
                param.default is None or param.default is signature.EMPTY
            ):
                raise ValueError(f"Context key parameter {param.name} can't have a default other than None")
        signature.check_call(params, op_args, op_kwargs, KNOWN_CONTEXT_KEYS)
        self.python_callable = python_callable
        self.op_args = op_args
        self.op_kwargs = op_kwargs
        super().__init__(task_id=task_id, **(kwargs_to_upstream or {}), **kwargs)

    def _hook_apply_defaults(self, kwargs: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
        """Arguments of the function may come from `default_args` too."""
        if "python_callable" in kwargs and defaults:
            op_kwargs = dict(kwargs.get("op_kwargs") or {})
            for param in signature.parameters(kwargs["python_callable"]):
                if param.name in defaults and param.name not in op_kwargs:
                    op_kwargs[param.name] = defaults[param.name]
            kwargs["op_kwargs"] = op_kwargs
        return kwargs


class _TaskDecorator:
    """A decorated function: calling it makes a task, of which it returns the output."""

    _airflow_is_task_decorator = True
    is_setup = False
    is_teardown = False
    on_failure_fail_dagrun = False

    def __init__(
        self,
        function: Callable[..., Any],
        operator_class: type[BaseOperator],
        multiple_outputs: bool | None,
        kwargs: dict[str, Any],
        decorator_name: str,
    ) -> None:
        if not callable(function):
            raise TypeError(f"@{decorator_name} can only be used on functions")
        if any(param.name == "self" for param in signature.parameters(function)):
            raise TypeError(f"@{decorator_name} does not support methods")
        self.function = function
        self.operator_class = operator_class
        self.multiple_outputs = (
            _returns_mapping(function) if multiple_outputs is None else bool(multiple_outputs)
        )
        self.kwargs = {"task_id": function.__name__, **kwargs}
        self.decorator_name = decorator_name
        self._given_multiple_outputs = multiple_outputs
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> XComArg:
        settings, fail_run = self._settings()
        task = self.operator_class(
            python_callable=self.function,
            op_args=args,
            op_kwargs=kwargs,
            multiple_outputs=self.multiple_outputs,
            **settings,
        )
        if self.function.__doc__ and not any(
            (task.doc, task.doc_md, task.doc_json, task.doc_rst, task.doc_yaml)
        ):
            task.doc_md = self.function.__doc__
        return self._marked(task, fail_run)

    def _settings(self) -> tuple[dict[str, Any], bool]:
        """The task's arguments, and whether the run fails with it (if it is a teardown)."""
        if self.is_teardown and "trigger_rule" in self.kwargs:
            raise ValueError("Trigger rule not configurable for teardown tasks.")
        settings = dict(self.kwargs)
        return settings, settings.pop("on_failure_fail_dagrun", self.on_failure_fail_dagrun)

    def _marked(self, task: Any, fail_run: bool) -> XComArg:
        if self.is_setup:
            task.as_setup()
        elif self.is_teardown:
            task.as_teardown(on_failure_fail_dagrun=fail_run)
        return XComArg(task)

    def override(self, **kwargs: Any) -> _TaskDecorator:
        """The same function with other task settings."""
        given = kwargs.pop("multiple_outputs", self._given_multiple_outputs)
        merged = {**self.kwargs, **kwargs}
        other = _TaskDecorator(self.function, self.operator_class, given, merged, self.decorator_name)
        other.is_setup, other.is_teardown = self.is_setup, self.is_teardown
        other.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        return other

    def partial(self, **kwargs: Any) -> _TaskDecorator:
        """Arguments that all instances of a mapped task have in common."""
        from airflow.sdk.definitions._internal.expandinput import check_names, prevent_duplicates

        check_names(self.function, self.function.__name__, "partial", kwargs)
        given = self.kwargs.get("op_kwargs") or {}
        prevent_duplicates(given, kwargs, "duplicate partial")
        return self.override(op_kwargs={**given, **kwargs})

    def expand(self, **kwargs: Any) -> XComArg:
        """A task for each combination of these lists' and dicts' items."""
        from airflow.sdk.definitions._internal.expandinput import DictOfLists, check_names, check_values

        check_names(self.function, self.function.__name__, "expand", kwargs)
        check_values(self.function.__name__, kwargs)
        return self._mapped(DictOfLists(kwargs), strict=True)

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> XComArg:
        """A task for each of these dicts of arguments."""
        from airflow.sdk.definitions._internal.expandinput import ListOfDicts

        return self._mapped(ListOfDicts(kwargs), strict=strict)

    def _mapped(self, expand_input: ExpandInput, *, strict: bool) -> XComArg:
        from airflow.sdk.definitions._internal.expandinput import prevent_duplicates
        from airflow.sdk.definitions.mappedoperator import MappedOperator

        settings, fail_run = self._settings()
        if isinstance(expand_input.value, dict):
            prevent_duplicates(settings.get("op_kwargs") or {}, expand_input.value, "mapping already partial")
        settings["task_id"] = get_unique_task_id(
            settings["task_id"], settings.get("dag"), settings.get("task_group")
        )
        settings["multiple_outputs"] = self.multiple_outputs
        task = MappedOperator(
            self.operator_class, expand_input, settings, strict=strict, python_callable=self.function
        )
        return self._marked(task, fail_run)


def _returns_mapping(function: Callable[..., Any]) -> bool:
    annotation = getattr(function, "__annotations__", {}).get("return")
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, getattr(function, "__globals__", {}))
        except Exception:
            # A name that exists for type checkers only says nothing; so in Airflow.
            return False
    kind = getattr(annotation, "__origin__", annotation)
    return isinstance(kind, type) and issubclass(kind, Mapping)


def task_decorator_factory(
    python_callable: Callable[..., Any] | None = None,
    *,
    multiple_outputs: bool | None = None,
    decorated_operator_class: type[BaseOperator],
    decorator_name: str = "task",
    **kwargs: Any,
) -> Any:
    """`@task` and `@task(...)` for one class of operator."""
    if python_callable is not None:
        if not callable(python_callable):
            raise TypeError("No args allowed while using @task, use kwargs instead")
        return _TaskDecorator(
            python_callable, decorated_operator_class, multiple_outputs, kwargs, decorator_name
        )

    def decorate(function: Callable[..., Any]) -> _TaskDecorator:
        return _TaskDecorator(function, decorated_operator_class, multiple_outputs, kwargs, decorator_name)

    return decorate
