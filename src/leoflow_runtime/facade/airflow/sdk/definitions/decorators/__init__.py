"""`@task` with its variants, and `@task_group`."""

from __future__ import annotations

import functools

from airflow.sdk.bases.decorator import task_decorator_factory
from airflow.sdk.definitions._internal.unsupported import refuse
from airflow.sdk.definitions.dag import dag
from airflow.sdk.definitions.taskgroup import TaskGroup

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["dag", "setup", "task", "task_group", "teardown"]

_VARIANTS = {
    "python": ("airflow.providers.standard.decorators.python", "_PythonDecoratedOperator"),
    "branch": ("airflow.providers.standard.decorators.branch_python", "_BranchPythonDecoratedOperator"),
    "short_circuit": (
        "airflow.providers.standard.decorators.short_circuit",
        "_ShortCircuitDecoratedOperator",
    ),
}


class TaskDecoratorCollection:
    """`task` itself; its variants are attributes."""

    def __call__(self, python_callable: Any = None, **kwargs: Any) -> Any:
        return self.python(python_callable, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in _VARIANTS:
            refuse(f"@task.{name}")
        from importlib import import_module

        module, attribute = _VARIANTS[name]
        variant = functools.partial(
            task_decorator_factory,
            decorated_operator_class=getattr(import_module(module), attribute),
            decorator_name="task" if name == "python" else f"task.{name}",
        )
        self.__dict__[name] = variant
        return variant


task = TaskDecoratorCollection()


class _TaskGroupFactory:
    """A decorated function: calling it makes a group of the tasks that it makes."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self.function = function
        self.options = {"group_id": function.__name__, **options}
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns, or the group where it returns nothing."""
        options = {"add_suffix_on_collision": True, **self.options}
        with TaskGroup(**options) as group:
            if self.function.__doc__ and not group.tooltip:
                group.tooltip = self.function.__doc__
            result = self.function(*args, **kwargs)
        return group if result is None else result

    def override(self, **options: Any) -> _TaskGroupFactory:
        """The same function with other group settings."""
        return _TaskGroupFactory(self.function, {**self.options, **options})

    def partial(self, **kwargs: Any) -> Any:
        refuse(f"{self.function.__name__}.partial() (a mapped task group)")

    def expand(self, **kwargs: Any) -> Any:
        refuse(f"{self.function.__name__}.expand() (a mapped task group)")

    def expand_kwargs(self, *args: Any, **kwargs: Any) -> Any:
        refuse(f"{self.function.__name__}.expand_kwargs() (a mapped task group)")


def task_group(python_callable: Callable[..., Any] | None = None, **options: Any) -> Any:
    """`@task_group` and `@task_group(...)`; the arguments are those of TaskGroup."""
    if callable(python_callable):
        return _TaskGroupFactory(python_callable, options)
    return functools.partial(_TaskGroupFactory, options=options)


def setup(*args: Any, **kwargs: Any) -> Any:
    """Not offered."""
    refuse("The @setup decorator")


def teardown(*args: Any, **kwargs: Any) -> Any:
    """Not offered."""
    refuse("The @teardown decorator")
