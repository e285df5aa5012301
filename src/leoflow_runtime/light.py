"""The standard library's `dataclass` at a quarter of its price, for modules that a short command imports.

`dataclasses` compiles a text for each method of each class, which was a sixth of one cold compile. Here only
the constructor is made that way; comparison, hash and repr are closures over the fields. That a `frozen`
one does not change is checked by mypy alone.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        cls: type | None = None,
        /,
        *,
        frozen: bool = False,
        eq: bool = True,
        order: bool = False,
        slots: bool = False,
        kw_only: bool = False,
    ) -> Any:
        """The class with its constructor, or the decorator that makes it so."""

        def made(cls: type) -> type:
            made = dataclasses.dataclass(repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
            fields = dataclasses.fields(made)
            _add(made, "__repr__", _repr([field.name for field in fields if field.repr]))
            content = _content([field.name for field in fields if field.compare])
            if eq:
                _add(made, "__eq__", _comparison(content, operator.eq))
                _add(made, "__hash__", _hash(content) if frozen else None)
            for operation in (operator.lt, operator.le, operator.gt, operator.ge) if order else ():
                _add(made, f"__{operation.__name__}__", _comparison(content, operation))
            return made

        return made if cls is None else made(cls)


__all__ = ["dataclass"]


def _add(cls: type, name: str, method: Any) -> None:
    if name not in vars(cls):
        setattr(cls, name, method)


def _content(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


def _comparison(
    content: Callable[[Any], Any], operation: Callable[[Any, Any], bool]
) -> Callable[[Any, Any], Any]:
    def compare(self: Any, other: Any) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return operation(content(self), content(other))

    return compare


def _hash(content: Callable[[Any], Any]) -> Callable[[Any], int]:
    return lambda self: hash(content(self))


def _repr(names: list[str]) -> Callable[[Any], str]:
    def text(self: Any) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return text
