"""Functions to be called when a deadline is missed."""

from __future__ import annotations

from airflow.sdk.definitions._internal.declared import Declared

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_ASYNC_GENERATED = 0x80 | 0x100  # CO_COROUTINE, CO_ITERABLE_COROUTINE


class Callback(Declared):
    """A function, or its dotted path, and arguments for it."""

    def __init__(
        self, callback_callable: Callable[..., Any] | str, kwargs: dict[str, Any] | None = None
    ) -> None:
        """Raises ValueError for an argument named context, ImportError for a text that is no path."""
        if kwargs and "context" in kwargs:
            raise ValueError("context is a reserved kwarg for this class")
        self.path = self._path(callback_callable)
        self.kwargs = kwargs or {}

    def _path(self, function: Callable[..., Any] | str) -> str:
        if isinstance(function, str):
            path = function.strip()
            if not all(part.isidentifier() for part in path.split(".")) or "." not in path:
                raise ImportError(f"`{function}` doesn't look like a valid dot path.")
            return path
        self._check(function)
        return f"{function.__module__}.{getattr(function, '__qualname__', type(function).__qualname__)}"

    def _check(self, function: Any) -> None:
        """Any function will do."""


class AsyncCallback(Callback):
    """An async function. Raises AttributeError for another one."""

    def _check(self, function: Any) -> None:
        code = getattr(function, "__code__", None)
        if not (code is not None and code.co_flags & _ASYNC_GENERATED) and not hasattr(function, "__await__"):
            raise AttributeError(f"Provided callback {function} is not awaitable.")


class SyncCallback(Callback):
    """A plain function, called by an executor."""

    def __init__(
        self,
        callback_callable: Callable[..., Any] | str,
        kwargs: dict[str, Any] | None = None,
        executor: str | None = None,
    ) -> None:
        super().__init__(callback_callable, kwargs)
        self.executor = executor
