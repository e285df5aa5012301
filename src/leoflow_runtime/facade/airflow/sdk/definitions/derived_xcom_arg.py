"""Outputs made of outputs, without a task of their own: `.map`, `.filter`, `.zip`, `.concat`."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet
from airflow.sdk.definitions.xcom_arg import XCOM_RETURN_KEY, XComArg

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class _Derived(XComArg):
    """Reads `inputs` when the task runs; each of them is a list, or a dict, of which the keys count."""

    key = XCOM_RETURN_KEY
    verb = ""

    def __init__(self, *inputs: Any) -> None:
        self.inputs = inputs

    @property
    def operator(self) -> Any:  # type: ignore[override]
        raise AttributeError(f"{self.verb}() makes an output without a task of its own")

    def __getitem__(self, item: str) -> XComArg:
        raise TypeError(f"{type(self).__name__!r} object is not subscriptable")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        first, *others = self.inputs
        return f"{first!r}.{self.verb}({', '.join(map(repr, others))})"

    __str__ = __repr__

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        for one in self.inputs:
            if isinstance(one, XComArg):
                yield from one.iter_references()

    def resolve(self, context: Any) -> Any:
        return list(self.items(context))

    def _values(self, context: Any) -> list[Any]:
        """Raises ValueError for what cannot be gone through."""
        found = []
        for one in self.inputs:
            value = one.items(context) if isinstance(one, XComArg) else one
            if not isinstance(value, (Sequence, dict)):
                raise ValueError(f"XCom {self.verb} expects sequence or dict, not {type(value).__name__}")
            found.append(list(value) if isinstance(value, dict) else value)
        return found


class _ByFunction(_Derived):
    def __init__(self, source: XComArg, f: Callable[[Any], Any] | None) -> None:
        if getattr(f, "_airflow_is_task_decorator", False):
            raise ValueError(f"{self.verb}() argument must be a plain function, not a @task operator")
        super().__init__(source)
        self.function = f


class MapXComArg(_ByFunction):
    """What a function makes of each item."""

    verb = "map"

    def items(self, context: Any) -> Any:
        (items,) = self._values(context)
        return _Applied(items, self.function) if self.function else items


class FilterXComArg(_ByFunction):
    """The items for which a function (without one: the item itself) is true."""

    verb = "filter"

    def items(self, context: Any) -> Any:
        (items,) = self._values(context)
        return list(filter(self.function, items))


class ZipXComArg(_Derived):
    """Tuples; as many as the shortest input has items, or as the longest with a `fillvalue`."""

    verb = "zip"

    def __init__(self, *inputs: Any, fillvalue: Any = NOTSET) -> None:
        super().__init__(*inputs)
        self.fillvalue = fillvalue

    def items(self, context: Any) -> Any:
        values = self._values(context)
        return _Zipped(values, self.fillvalue)


class ConcatXComArg(_Derived):
    """One list of all."""

    verb = "concat"

    def items(self, context: Any) -> Any:
        return _Chained(self._values(context))


class _Applied(Sequence):  # type: ignore[type-arg]
    """What a function makes of each item, when it is asked for: an instance needs its own alone."""

    def __init__(self, items: Sequence[Any], function: Callable[[Any], Any]) -> None:
        self._items = items
        self._function = function

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        return self._function(self._items[index])


class _Chained(Sequence):  # type: ignore[type-arg]
    """Sequences one after the other."""

    def __init__(self, parts: list[Sequence[Any]]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __getitem__(self, index: Any) -> Any:
        for part in self._parts:
            if index < len(part):
                return part[index]
            index -= len(part)
        raise IndexError("list index out of range")


class _Zipped(Sequence):  # type: ignore[type-arg]
    """Tuples of items, as many as the shortest sequence has, or as the longest with a fill value."""

    def __init__(self, parts: list[Sequence[Any]], fill: Any) -> None:
        self._parts = parts
        self._fill = fill
        self._length = (min if isinstance(fill, ArgNotSet) else max)(map(len, parts))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if index >= self._length:
            raise IndexError("list index out of range")
        return tuple(part[index] if index < len(part) else self._fill for part in self._parts)
