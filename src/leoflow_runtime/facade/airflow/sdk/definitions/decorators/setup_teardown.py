"""`@setup` and `@teardown`: functions whose tasks are setups and teardowns."""

from __future__ import annotations

from airflow.sdk.bases.decorator import _TaskDecorator
from airflow.sdk.definitions._internal.setup_teardown import ContextWrapper
from airflow.sdk.definitions.decorators import task
from airflow.sdk.definitions.decorators.group_factory import _TaskGroupFactory

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["ContextWrapper", "context_wrapper", "setup", "teardown"]

context_wrapper = ContextWrapper


def setup(func: Callable[..., Any]) -> _TaskDecorator:
    """Each call of the function makes a setup task."""
    decorated = _decorated(func)
    decorated.is_setup = True
    return decorated


def teardown(func: Callable[..., Any] | None = None, *, on_failure_fail_dagrun: bool = False) -> Any:
    """Each call of the function makes a teardown task."""

    def decorate(function: Callable[..., Any]) -> _TaskDecorator:
        decorated = _decorated(function)
        decorated.is_teardown = True
        decorated.on_failure_fail_dagrun = on_failure_fail_dagrun
        return decorated

    return decorate if func is None else decorate(func)


def _decorated(function: Any) -> _TaskDecorator:
    if isinstance(function, _TaskGroupFactory):
        raise ValueError("Task groups cannot be marked as setup or teardown.")
    return function if isinstance(function, _TaskDecorator) else task(function)
