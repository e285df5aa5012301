"""`@task_group`: a function becomes a factory of groups."""

from __future__ import annotations

import functools

from airflow.sdk.definitions.taskgroup import TaskGroup

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from airflow.sdk.definitions._internal.expandinput import ExpandInput


class _TaskGroupFactory:
    """A decorated function: calling it makes a group of the tasks that it makes."""

    def __init__(
        self, function: Callable[..., Any], options: dict[str, Any], given: dict[str, Any] | None = None
    ) -> None:
        self.function = function
        self.options = {"group_id": function.__name__, **options}
        self.given = given or {}
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns, or the group where it returns nothing."""
        return self._fill(TaskGroup(**self._options()), args, {**self.given, **kwargs})

    def override(self, **options: Any) -> _TaskGroupFactory:
        """The same function with other group settings."""
        return _TaskGroupFactory(self.function, {**self.options, **options}, self.given)

    def partial(self, **kwargs: Any) -> _TaskGroupFactory:
        """What all instances of a mapped group have in common."""
        from airflow.sdk.definitions._internal.expandinput import check_names, prevent_duplicates

        check_names(self.function, self.function.__name__, "partial", kwargs)
        prevent_duplicates(self.given, kwargs, "duplicate partial")
        return _TaskGroupFactory(self.function, self.options, {**self.given, **kwargs})

    def expand(self, **kwargs: Any) -> Any:
        """A group for each combination of these lists' and dicts' items."""
        from airflow.sdk.definitions._internal.expandinput import (
            DictOfLists,
            check_names,
            check_values,
            prevent_duplicates,
        )

        check_names(self.function, self.function.__name__, "expand", kwargs)
        check_values(self.function.__name__, kwargs)
        prevent_duplicates(self.given, kwargs, "mapping already partial")
        return self._mapped(DictOfLists(kwargs), list(kwargs))

    def expand_kwargs(self, kwargs: Any) -> Any:
        """A group for each of these dicts of arguments."""
        from airflow.sdk.definitions._internal import signature
        from airflow.sdk.definitions._internal.expandinput import ListOfDicts

        parameters = signature.parameters(self.function)
        if any(param.kind in (signature.VAR_POSITIONAL, signature.VAR_KEYWORD) for param in parameters):
            raise TypeError("calling expand_kwargs() on task group function with * or ** is not supported")
        names = [param.name for param in parameters if param.name not in self.given]
        return self._mapped(ListOfDicts(kwargs), names)

    def _mapped(self, expand_input: ExpandInput, names: list[str]) -> Any:
        from airflow.sdk.definitions._internal.expandinput import MappedArgument
        from airflow.sdk.definitions.mappedtaskgroup import MappedTaskGroup

        stand_ins = {name: MappedArgument(expand_input, name) for name in names}
        group = MappedTaskGroup(expand_input=expand_input, **self._options())
        return self._fill(group, (), {**self.given, **stand_ins})

    def _options(self) -> dict[str, Any]:
        return {"add_suffix_on_collision": True, **self.options}

    def _fill(self, group: TaskGroup, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with group:
            if self.function.__doc__ and not group.tooltip:
                group.tooltip = self.function.__doc__
            result = self.function(*args, **kwargs)
        return group if result is None else result


def task_group(python_callable: Callable[..., Any] | None = None, **options: Any) -> Any:
    """`@task_group` and `@task_group(...)`; the arguments are those of TaskGroup."""
    if callable(python_callable):
        return _TaskGroupFactory(python_callable, options)
    return functools.partial(_TaskGroupFactory, options=options)
